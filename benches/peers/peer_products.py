"""Products of W1's matrices by OpenBLAS (NumPy's), or by MKL and oneDNN (PyTorch's).

A figure holds the call from Python; a product of 1×1×1, measured last, tells how long that takes.
oneDNN wants its left operand row by row, so that PyTorch copies it in AᵀB.
"""

import argparse
import json
import os
import statistics
import sys
import time

import numpy as np

import cases

parser = argparse.ArgumentParser()
parser.add_argument("--library", choices=["numpy", "torch"], required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seconds", type=float, default=0.03)
options = parser.parse_args()
REPEATS = 7


def operands(kind, m, k, n):
    """Both factors as a training step has them in memory."""
    rng = np.random.default_rng(m + k + n)
    a = rng.random((k, m) if kind == "AᵀB" else (m, k), dtype=np.float32)
    b = rng.random((n, k) if kind == "ABᵀ" else (k, n), dtype=np.float32)
    return a.T if kind == "AᵀB" else a, b.T if kind == "ABᵀ" else b


def routines(a, b):
    """Names and calls of the products that the library can compute, each giving the result."""
    if options.library == "numpy":
        c = np.empty((a.shape[0], b.shape[1]), np.float32)
        return [("OpenBLAS", lambda: np.matmul(a, b, out=c))]
    a, b = torch.from_numpy(a), torch.from_numpy(b)
    c = torch.empty(a.shape[0], b.shape[1])
    found = [("MKL" if torch.backends.mkl.is_available() else "PyTorch mm", lambda: torch.mm(a, b, out=c))]
    if hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        transposed = b.T
        linear = torch.ops.mkldnn._linear_pointwise
        found.append(("oneDNN", lambda: linear(a, transposed, None, "none", [], "")))
    return found


def timed(call, calls):
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


if options.library == "torch":
    import torch

    torch.set_num_threads(options.threads)
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        print("skipped: oneDNN (this PyTorch is built without it)", file=sys.stderr)

for kind, m, k, n in cases.PRODUCTS + [("call", 1, 1, 1)]:
    a, b = operands(kind, m, k, n)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    sound = []
    for name, call in routines(a, b):
        if np.abs(np.asarray(call()) - exact).max() > k * np.finfo(np.float32).eps * max(1.0, exact.max()):
            print(f"DIFFERENT PRODUCT: {name} on {kind} {m}×{k}×{n}", file=sys.stderr)
            continue
        calls = 1
        while timed(call, calls) < options.seconds / REPEATS:
            calls *= 2
        sound.append((name, call, (calls + 1) // 2, []))
    for _ in range(REPEATS):
        for _, call, calls, rates in sound:
            rates.append(2e-9 * m * k * n * calls / timed(call, calls))
    for name, _, _, rates in sound:
        row = {"peer": name, "product": kind, "m": m, "k": k, "n": n, "rate": statistics.median(rates)}
        print(json.dumps(row), flush=True)
