"""The work that every framework does: networks, data, start weights, and how a rate is measured.

Data and weights come from a fixed seed and are written once as little-endian f32 files, so that every framework,
in any language, starts from the same numbers; the losses after ten steps must then agree.
"""

import argparse
import json
import pathlib
import time

import numpy as np

# Networks of fully connected layers: widths, activation at the end, loss.
WORKLOADS = {
    "w1": {"widths": [784, 512, 10], "loss": "categorical"},
    "w2": {"widths": [30, 64, 32, 1], "loss": "binary"},
}
# W3 to W6 join when their layers exist: lenet (batch 32, 128, adam), cnn (64, momentum), lstm (64, adam),
# attention (32, adam).

LEARNING_RATE = {"momentum": 0.01, "adam": 0.001}
MOMENTUM, BETA_1, BETA_2, EPSILON = 0.9, 0.9, 0.999, 1e-7
CHECK_STEPS = 10
ROWS = 4096  # samples in memory; steps walk over them

TRAIN = [("w1", o, b) for o in ("momentum", "adam") for b in (1, 32, 128, 512)] + [("w2", "adam", b) for b in (32, 256)]
PREDICT = [("w1", b) for b in (1, 64, 1024)] + [("w2", b) for b in (1, 1024)]


def prepare(folder):
    """Writes data and start weights of every workload, if they are not there."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, work) in enumerate(WORKLOADS.items()):
        rng = np.random.default_rng(number)
        widths = work["widths"]
        (folder / f"{name}.x").write_bytes(rng.random((ROWS, widths[0]), dtype=np.float32).tobytes())
        classes = 2 if work["loss"] == "binary" else widths[-1]
        (folder / f"{name}.y").write_bytes(rng.integers(0, classes, ROWS, dtype=np.uint8).tobytes())
        block = []
        for inputs, units in zip(widths, widths[1:]):
            limit = (6.0 / (inputs + units)) ** 0.5
            block.append(rng.uniform(-limit, limit, inputs * units).astype(np.float32))
            block.append(np.zeros(units, np.float32))
        (folder / f"{name}.weights").write_bytes(np.concatenate(block).tobytes())


def load(folder, name):
    """Inputs, labels and start weights `[(weight [inputs, units], bias), …]` of a workload."""
    folder, widths = pathlib.Path(folder), WORKLOADS[name]["widths"]
    x = np.fromfile(folder / f"{name}.x", np.float32).reshape(ROWS, widths[0])
    y = np.fromfile(folder / f"{name}.y", np.uint8)
    block, layers, at = np.fromfile(folder / f"{name}.weights", np.float32), [], 0
    for inputs, units in zip(widths, widths[1:]):
        weight = block[at : at + inputs * units].reshape(inputs, units).copy()
        at += inputs * units
        layers.append((weight, block[at : at + units].copy()))
        at += units
    return x, y, layers


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


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--only", default="", help="workloads, such as w1,w2")
    parser.add_argument("--kinds", default="train,predict")
    return parser.parse_args()


def wanted(options):
    """The cases to be measured: lists of (workload, optimizer, batch) and of (workload, batch)."""
    names = options.only.split(",") if options.only else list(WORKLOADS)
    train = [c for c in TRAIN if c[0] in names] if "train" in options.kinds else []
    predict = [c for c in PREDICT if c[0] in names] if "predict" in options.kinds else []
    return train, predict
