"""The work that every framework does: networks, data, start weights, and how a rate is measured.

Data and weights come from a fixed seed and are written once as little-endian f32 files, so that every framework,
in any language, starts from the same numbers; the losses after ten steps must then agree.
"""

import argparse
import json
import pathlib
import sys
import time

import numpy as np

LEARNING_RATE = {"momentum": 0.01, "adam": 0.001}
MOMENTUM, BETA_1, BETA_2, EPSILON = 0.9, 0.9, 0.999, 1e-7
CHECK_STEPS = 10


def dense(inputs, units):
    """Weight `[inputs, units]` and bias of a fully connected layer: `(shape, start values)` each."""
    return [((inputs, units), (6.0 / (inputs + units)) ** 0.5), ((units,), "zeros")]


def conv(channels, filters, size):
    """Weight `[filters, channels, size, size]` and bias of a convolution."""
    return [((filters, channels, size, size), (6.0 / (size * size * (channels + filters))) ** 0.5), ((filters,), "zeros")]


def norm(features):
    """Scale and shift of a normalization over a batch or over features; its epsilon is `NORM_EPSILON`."""
    return [((features,), "ones"), ((features,), "zeros")]


NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.1  # the share of the new batch in the running mean and (unbiased) variance


# What is learned, in order, and what a sample is. W1 and W2 are fully connected, with `widths`; the networks of the others are
# written out in `networks_torch.py` and `networks_jax.py`.
def chain(widths):
    return [tensor for pair in zip(widths, widths[1:]) for tensor in dense(*pair)]


WORKLOADS = {
    "w1": {"input": (784,), "widths": [784, 512, 10], "loss": "categorical", "tensors": chain([784, 512, 10])},
    "w2": {"input": (30,), "widths": [30, 64, 32, 1], "loss": "binary", "tensors": chain([30, 64, 32, 1])},
    # conv 5×5 padding 2 relu, max 2, conv 5×5 relu, max 2, dense relu, dense relu, dense
    "w3": {
        "input": (1, 28, 28),
        "loss": "categorical",
        "tensors": conv(1, 6, 5) + conv(6, 16, 5) + chain([400, 120, 84, 10]),
    },
    # (conv 3×3 padding 1, batch norm, relu) twice, max 2, the same once, max 2, dense relu, dense
    "w4": {
        "input": (3, 32, 32),
        "loss": "categorical",
        "tensors": conv(3, 32, 3) + norm(32) + conv(32, 32, 3) + norm(32) + conv(32, 64, 3) + norm(64)
        + chain([4096, 128, 10]),
    },
    # LSTM of 28 steps: weights of input and state, one bias (as in Keras; its recurrent bias is not learned elsewhere), gates in
    # the order input, forget, cell, output; the last state, dense
    "w5": {
        "input": (28, 28),
        "loss": "categorical",
        "tensors": [((28, 512), 0.1), ((128, 512), 0.1), ((512,), "zeros")] + dense(128, 10),
    },
    # x += attention(norm(x)), 4 heads; x += dense(gelu(dense(norm(x)))), gelu by erf; mean over steps, dense
    "w6": {
        "input": (64, 128),
        "loss": "categorical",
        "tensors": norm(128) + dense(128, 384) + dense(128, 128) + norm(128) + chain([128, 512, 128]) + dense(128, 10),
    },
}
DEFAULT = ["w1", "w2"]  # the others on demand: some of their layers are still to come in typenet
HEADS = 4

TRAIN = [("w1", o, b) for o in ("momentum", "adam") for b in (1, 32, 128, 512)] + [("w2", "adam", b) for b in (32, 256)]
TRAIN += [("w3", "adam", 32), ("w3", "adam", 128), ("w4", "momentum", 64), ("w5", "adam", 64), ("w6", "adam", 32)]
PREDICT = [("w1", b) for b in (1, 64, 1024)] + [("w2", b) for b in (1, 1024)]
PREDICT += [(name, b) for name in ("w3", "w4", "w5", "w6") for b in (1, 64)]

# Samples in memory, over which steps walk.
ROWS = {"w1": 4096, "w2": 4096, "w3": 1024, "w4": 1024, "w5": 1024, "w6": 1024}

# Products of W1's matrices: `c: m×n ← a: m×k · b: k×n`, by the kind of operand that lies transposed in memory.
PRODUCT_BATCHES = (1, 4, 8, 16, 32, 64, 128, 256, 512)
PRODUCTS = [("AB", b, 784, 512) for b in PRODUCT_BATCHES] + [("AB", b, 512, 10) for b in PRODUCT_BATCHES]
PRODUCTS += [("AᵀB", 784, b, 512) for b in PRODUCT_BATCHES] + [("AᵀB", 512, b, 10) for b in PRODUCT_BATCHES]
PRODUCTS += [("ABᵀ", b, 10, 512) for b in PRODUCT_BATCHES] + [("ABᵀ", b, 512, 784) for b in PRODUCT_BATCHES]


def prepare(folder, names):
    """Writes data and start weights of the workloads: inputs and weights as f32, labels as bytes."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        work, rows = WORKLOADS[name], ROWS[name]
        rng = np.random.default_rng(list(WORKLOADS).index(name))
        (folder / f"{name}.x").write_bytes(rng.random((rows, *work["input"]), dtype=np.float32).tobytes())
        classes = 2 if work["loss"] == "binary" else work["tensors"][-1][0][0]
        (folder / f"{name}.y").write_bytes(rng.integers(0, classes, rows, dtype=np.uint8).tobytes())
        block = []
        for shape, start in work["tensors"]:
            if start == "zeros" or start == "ones":
                block.append(np.full(shape, float(start == "ones"), np.float32))
            else:
                block.append(rng.uniform(-start, start, shape).astype(np.float32))
        (folder / f"{name}.weights").write_bytes(np.concatenate([part.ravel() for part in block]).tobytes())


def load(folder, name):
    """Inputs, labels and start weights of a workload, the weights as a list of arrays."""
    folder, work = pathlib.Path(folder), WORKLOADS[name]
    x = np.fromfile(folder / f"{name}.x", np.float32).reshape(ROWS[name], *work["input"])
    y = np.fromfile(folder / f"{name}.y", np.uint8)
    block, tensors, at = np.fromfile(folder / f"{name}.weights", np.float32), [], 0
    for shape, _ in work["tensors"]:
        size = int(np.prod(shape))
        tensors.append(block[at : at + size].reshape(shape).copy())
        at += size
    return x, y, tensors


def load_dense(folder, name):
    """The same for a fully connected network, its weights by layer: `[(weight [inputs, units], bias), …]`."""
    x, y, tensors = load(folder, name)
    return x, y, list(zip(tensors[::2], tensors[1::2]))


def rate(run, samples, seconds):
    """Samples per second of `run(n)`, which does `n` calls of `samples` samples and waits for the last."""
    calls = 1
    while True:  # warm-up, and how many calls fill a tenth of the time
        start = time.perf_counter()
        run(calls)
        if time.perf_counter() - start > seconds / 10:
            break
        calls *= 2
    best, done, begin = [], 0, time.perf_counter()
    while time.perf_counter() - begin < seconds or done < 3:
        start = time.perf_counter()
        run(calls)
        best.append(calls * samples / (time.perf_counter() - start))
        done += 1
    return float(np.median(best))


def report(peer, kind, workload, optimizer, batch, value, loss=None):
    """One line of JSON on standard output."""
    row = {"peer": peer, "kind": kind, "workload": workload, "optimizer": optimizer, "batch": batch, "rate": value}
    if loss is not None:
        row["loss"] = float(loss)
    print(json.dumps(row), flush=True)


STEPS = 200  # steps of the run whose start-up time and memory are measured


def steps(run, batch=128):
    """W1's start-up: says when the first step is done, then takes the others, and ends the process."""
    print(json.dumps({"first_step": float(np.ravel(run(1))[-1]), "batch": batch}), flush=True)
    run(STEPS - 1)
    sys.exit(0)


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--only", default="", help="workloads, such as w1,w2")
    parser.add_argument("--kinds", default="train,predict", help="train, predict; or steps: a few steps of W1, for `run.py costs`")
    return parser.parse_args()


def wanted(options, dense=False):
    """The cases to be measured, lists of (workload, optimizer, batch) and of (workload, batch); if `dense`, only those of fully
    connected networks."""
    names = options.only.split(",") if options.only else DEFAULT
    names = [name for name in names if not dense or "widths" in WORKLOADS[name]]
    train = [c for c in TRAIN if c[0] in names] if "train" in options.kinds else []
    predict = [c for c in PREDICT if c[0] in names] if "predict" in options.kinds else []
    return train, predict
