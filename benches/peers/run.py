"""Measures typenet beside its peers on the same work and writes tables in Markdown.

    python benches/peers/run.py             networks: medians, ratios and spread of samples per second
    python benches/peers/run.py products    matrix products of W1's shapes: GFLOP/s
    python benches/peers/run.py costs       start-up, memory, binaries, build times, crates

Peers are interleaved: each round runs every peer once, so that a noisy moment of the machine meets them all. What is
not installed or does not build is skipped with a line that says so, and a peer that crashes loses only its own rows.
Python peers: `pip install -r benches/peers/requirements.txt`.
"""

import argparse
import importlib.util
import math
import pathlib
import statistics
import sys
from importlib import metadata

import build
import cases
import costs
import process
import products
from build import HERE

# Name, script, flags, modules it needs.
PYTHON_PEERS = [
    ("PyTorch eager", "peer_torch.py", "", ["torch"]),
    ("PyTorch compiled", "peer_torch.py", "--compiled", ["torch"]),
    ("JAX", "peer_jax.py", "", ["jax", "optax"]),
    ("JAX 32 steps", "peer_jax.py", "--scan", ["jax", "optax"]),
    ("TensorFlow graph", "peer_tensorflow.py", "", ["tensorflow"]),
    ("TensorFlow XLA", "peer_tensorflow.py", "--xla", ["tensorflow"]),
    ("ONNX Runtime", "peer_onnxruntime.py", "", ["onnxruntime", "onnx"]),
    ("OpenVINO f32", "peer_openvino.py", "", ["openvino", "onnx"]),
    ("LiteRT", "peer_litert.py", "", ["ai_edge_litert", "tensorflow"]),
]


# Those whose start-up and memory `costs` measures.
TRAINS = ["PyTorch eager", "PyTorch compiled", "JAX", "TensorFlow graph", "TensorFlow XLA"]


def python_peers():
    found = []
    for name, script, flags, modules in PYTHON_PEERS:
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        if missing:
            print(f"skipped: {name} ({', '.join(missing)} not installed)")
        else:
            found.append((name, [sys.executable, str(HERE / script)], flags))
    return found


def measure(command, flags, threads, data, options):
    """The rows of one run of a peer."""
    environment = {"PEER_FLAGS": flags, "RAYON_NUM_THREADS": str(threads)}
    arguments = ["--threads", str(threads), "--data", str(data), "--seconds", str(options.seconds)]
    arguments += ["--only", ",".join(options.only), "--kinds", options.kinds]
    return process.rows(command + arguments, environment, options.timeout)


def table(rows, threads):
    """Markdown: one line for each case, one column for each peer: rate, ratio of typenet to it, spread."""
    groups, notes = {}, {}
    for row in rows:
        case = (row["kind"], row["workload"], row["optimizer"] or "", row["batch"])
        rates = groups.setdefault(case, {})
        if row["rate"] is None:
            notes[case, row["peer"]] = row["note"]
        else:
            rates.setdefault(row["peer"], []).append(row["rate"])
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    lines = [f"### {threads} thread{'s' if threads > 1 else ''}", ""]
    lines += ["| work | " + " | ".join(peers) + " | typenet ÷ best peer |", "|---" * (len(peers) + 2) + "|"]
    for case, found in groups.items():
        medians = {peer: statistics.median(rates) for peer, rates in found.items()}
        own = medians.get("typenet")
        cells = []
        for peer in peers:
            if peer not in medians:
                cells.append(notes.get((case, peer), "–"))
                continue
            spread = (max(found[peer]) - min(found[peer])) / medians[peer] / 2
            ratio = f", ×{own / medians[peer]:.2f}" if own and peer != "typenet" else ""
            cells.append(f"{medians[peer]:,.0f} ±{100 * spread:.0f} %{ratio}")
        others = [value for peer, value in medians.items() if peer != "typenet"]
        best = f"**{own / max(others):.2f}**" if own and others else "–"
        kind, workload, optimizer, batch = case
        lines.append(f"| {workload} {kind} {optimizer} batch {batch} | " + " | ".join(cells) + f" | {best} |")
    return "\n".join(lines) + "\n"


def check_losses(rows):
    """Equal losses from equal weights, or the comparison is void."""
    losses = {}
    for row in rows:
        if "loss" in row:
            losses.setdefault((row["workload"], row["optimizer"], row["batch"]), {})[row["peer"]] = row["loss"]
    for case, found in losses.items():
        middle = statistics.median([loss for loss in found.values() if math.isfinite(loss)] or [math.nan])
        # Keras and typenet add Adam's epsilon before the bias correction, others after it, and ten steps on few samples amplify
        # that, as they amplify rounding: gradients near epsilon. With momentum all compute the same.
        tolerance = 5e-3 if case[1] == "adam" else 2e-4
        for peer, loss in found.items():
            if not abs(loss - middle) <= tolerance * abs(middle):
                print(f"DIFFERENT LOSS: {case}: {peer} {loss} against a median of {middle}")


def versions():
    """What is compared, with versions."""
    names = ["torch", "jax", "optax", "tensorflow-cpu", "tensorflow", "keras", "onnxruntime", "openvino", "ai-edge-litert"]
    found = build.rust_versions(["typenet", "candle-core", "burn", "dfdx", "tract-onnx"])
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            pass
    return "Versions: " + ", ".join(found) + "\n\n"


def networks(options, data):
    """The table of networks for each number of threads."""
    cases.prepare(data, options.only)
    write_onnx(data, options.only)
    peers = build.rust_peers() + python_peers()
    if options.peers:
        chosen = options.peers.split(",")
        peers = [peer for peer in peers if peer[0] in chosen]
    text = versions()
    for threads in map(int, options.threads.split(",")):
        rows = []
        for number in range(options.rounds):
            for name, command, flags in peers:
                print(f"{threads} threads, round {number + 1}: {name}", file=sys.stderr)
                rows += measure(command, flags, threads, data, options)
        check_losses(rows)
        if rows:
            text += table(rows, threads) + "\n"
    return text


def write_onnx(data, names):
    """The files that tract reads."""
    if importlib.util.find_spec("onnx") is None:
        print("skipped: ONNX files (onnx not installed)")
        return
    import export

    for workload, batch in cases.PREDICT:
        if workload in names and "widths" in cases.WORKLOADS[workload]:
            (data / f"{workload}_{batch}.onnx").write_bytes(export.onnx_model(data, workload, batch))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="networks", choices=["networks", "products", "costs"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="for each case (0.5) or each product and library (0.03)")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", default=",".join(cases.DEFAULT), help="workloads, such as w1,w2; or all")
    parser.add_argument("--kinds", default="train,predict")
    parser.add_argument("--peers", default="", help="names, comma-separated; all if empty")
    parser.add_argument("--skip-builds", default="", help="costs: frameworks whose build is not timed, such as burn flex")
    parser.add_argument("--timeout", type=float, default=900, help="seconds after which a peer's run is given up")
    parser.add_argument("--out", help="also writes the tables to this file")
    options = parser.parse_args()
    options.only = list(cases.WORKLOADS) if options.only == "all" else options.only.split(",")
    if unknown := set(options.only) - set(cases.WORKLOADS):
        parser.error(f"no workload is called {', '.join(sorted(unknown))}")
    if options.seconds is None:
        options.seconds = 0.03 if options.what == "products" else 0.5

    data = HERE / "target" / "cases"
    if options.what == "products":
        text = products.run(options)
    elif options.what == "costs":
        cases.prepare(data, ["w1"])
        write_onnx(data, ["w1"])
        text = costs.run(options, [peer for peer in python_peers() if peer[0] in TRAINS])
    else:
        text = networks(options, data)
    print(text)
    if options.out:
        pathlib.Path(options.out).write_text(text)


if __name__ == "__main__":
    main()
