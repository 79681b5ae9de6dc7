"""Measures typenet beside its peers on the same work and writes a table of medians, ratios and spread.

    python benches/peers/run.py [--rounds 3] [--seconds 0.5] [--threads 1,2] [--only w1,w2] [--out FILE.md]

Peers are interleaved: each round runs every peer once, so that a noisy moment of the machine meets them all. What is
not installed is skipped with a line that says so. Python peers: `pip install -r benches/peers/requirements.txt`.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import cases

HERE = pathlib.Path(__file__).resolve().parent

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


def rust_peers():
    """Builds the Rust side; name and command of each of its peers."""
    if not shutil.which("cargo"):
        print("skipped: Rust peers (cargo is not installed)")
        return []
    manifest = str(HERE / "Cargo.toml")
    built = subprocess.run(["cargo", "build", "--release", "--manifest-path", manifest])
    if built.returncode != 0:
        print("skipped: Rust peers (their build failed, see above)")
        return []
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", manifest],
        capture_output=True,
        text=True,
        check=True,
    )
    program = pathlib.Path(json.loads(metadata.stdout)["target_directory"]) / "release" / "peers"
    names = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout.split("\n")
    return [(name, [str(program), name], "") for name in names if name]


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
    """The rows that one run of a peer prints; none, with a line that says so, if it fails."""
    environment = dict(os.environ, PEER_FLAGS=flags, RAYON_NUM_THREADS=str(threads))
    arguments = ["--threads", str(threads), "--data", str(data), "--seconds", str(options.seconds)]
    arguments += ["--only", options.only, "--kinds", options.kinds]
    done = subprocess.run(command + arguments, capture_output=True, text=True, env=environment, cwd=HERE)
    if done.returncode != 0:
        print(f"failed: {' '.join(command)} {flags}: {done.stderr.strip().splitlines()[-1:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def table(rows, threads):
    """Markdown: one line for each case, one column for each peer: rate, ratio of typenet to it, spread."""
    groups = {}
    for row in rows:
        case = (row["kind"], row["workload"], row["optimizer"] or "", row["batch"])
        groups.setdefault(case, {}).setdefault(row["peer"], []).append(row["rate"])
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    lines = [f"### {threads} thread{'s' if threads > 1 else ''}", ""]
    lines += ["| work | " + " | ".join(peers) + " | typenet ÷ best peer |", "|---" * (len(peers) + 2) + "|"]
    for case, found in groups.items():
        medians = {peer: statistics.median(rates) for peer, rates in found.items()}
        own = medians.get("typenet")
        cells = []
        for peer in peers:
            if peer not in medians:
                cells.append("–")
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
        middle = statistics.median(found.values())
        for peer, loss in found.items():
            # Ten Adam steps on single samples amplify rounding: gradients near epsilon.
            if abs(loss - middle) > 5e-3 * abs(middle):
                print(f"DIFFERENT LOSS: {case}: {peer} {loss} against a median of {middle}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each case")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", default="", help="workloads, such as w1,w2")
    parser.add_argument("--kinds", default="train,predict")
    parser.add_argument("--peers", default="", help="names, comma-separated; all if empty")
    parser.add_argument("--out", help="also writes the tables to this file")
    options = parser.parse_args()

    data = HERE / "target" / "cases"
    cases.prepare(data)
    if importlib.util.find_spec("onnx"):
        import export

        for workload, batch in cases.PREDICT:
            (data / f"{workload}_{batch}.onnx").write_bytes(export.onnx_model(data, workload, batch))
    peers = rust_peers() + python_peers()
    if options.peers:
        chosen = options.peers.split(",")
        peers = [peer for peer in peers if peer[0] in chosen]
    text = ""
    for threads in map(int, options.threads.split(",")):
        rows = []
        for number in range(options.rounds):
            for name, command, flags in peers:
                print(f"{threads} threads, round {number + 1}: {name}", file=sys.stderr)
                rows += measure(command, flags, threads, data, options)
        check_losses(rows)
        text += table(rows, threads) + "\n"
    print(text)
    if options.out:
        pathlib.Path(options.out).write_text(text)


if __name__ == "__main__":
    main()
