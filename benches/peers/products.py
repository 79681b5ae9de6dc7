"""`run.py products`: GFLOP/s of W1's matrix products, typenet's kernel beside libraries."""

import importlib.util
import statistics
import sys
from importlib import metadata

import build
import process
from build import HERE

PYTHON = [("OpenBLAS", "numpy"), ("MKL and oneDNN", "torch")]


def commands():
    """What to run: name and command."""
    found = []
    path = build.program()
    if path is not None:
        found.append(("Rust", [str(path), "products", "--data", "."]))
    for name, library in PYTHON:
        if importlib.util.find_spec(library) is None:
            print(f"skipped: {name} ({library} not installed)")
        else:
            found.append((name, [sys.executable, str(HERE / "peer_products.py"), "--library", library]))
    return found


def measure(command, threads, options):
    """The rows of one run."""
    names = ("RAYON_NUM_THREADS", "MATMUL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    arguments = ["--threads", str(threads), "--seconds", str(options.seconds)]
    return process.rows(command + arguments, {name: str(threads) for name in names}, options.timeout)


def table(rows, threads):
    """Markdown: one line for each product, one column for each library, and typenet's ratio to the best of the others."""
    groups = {}
    for row in rows:
        case = (row["product"], row["m"], row["k"], row["n"])
        groups.setdefault(case, {}).setdefault(row["peer"], []).append(row["rate"])
    calls = groups.pop(("call", 1, 1, 1), {})
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    lines = [f"### Products in GFLOP/s, {threads} thread{'s' if threads > 1 else ''}", ""]
    lines += ["| product | m×k×n | " + " | ".join(peers) + " | typenet ÷ best |", "|---" * (len(peers) + 3) + "|"]
    ratios = []
    for (kind, m, k, n), found in groups.items():
        medians = {peer: statistics.median(rates) for peer, rates in found.items()}
        others = {peer: value for peer, value in medians.items() if peer != "typenet"}
        cells = [f"{medians[peer]:.1f}" if peer in medians else "–" for peer in peers]
        ratio = "–"
        if others and "typenet" in medians:
            best = max(others, key=others.get)
            ratios.append(medians["typenet"] / others[best])
            ratio = f"**{ratios[-1]:.2f}** {best}"
        lines.append(f"| {kind} | {m}×{k}×{n} | " + " | ".join(cells) + f" | {ratio} |")
    if ratios:
        reached = sum(ratio >= 0.97 for ratio in ratios)
        lines += ["", f"{reached} of {len(ratios)} products reach 0.97 of the best; the least is {min(ratios):.2f}."]
    if calls:
        parts = [f"{peer} {2e-3 / statistics.median(rates):.1f} µs" for peer, rates in calls.items()]
        lines += ["", "A call from Python, without work: " + ", ".join(parts) + "."]
    return "\n".join(lines) + "\n"


def run(options):
    found = commands()
    text = "Versions: " + ", ".join(versions()) + "\n\n"
    for threads in map(int, options.threads.split(",")):
        rows = []
        for number in range(options.rounds):
            for name, command in found:
                print(f"{threads} threads, round {number + 1}: {name}", file=sys.stderr)
                rows += measure(command, threads, options)
        if rows:
            text += table(rows, threads) + "\n"
    return text


def versions():
    crates = build.rust_versions(["matrixmultiply", "gemm", "gemmkit", "faer"])
    return crates + [f"{name} {metadata.version(name)}" for _, name in PYTHON if importlib.util.find_spec(name)]
