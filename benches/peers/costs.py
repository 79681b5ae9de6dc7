"""`run.py costs`: what a framework costs beside time: start-up, memory, size of binaries, build times, number of crates.

The programs are under `costs/`; the first run takes longer, since what they need is built once. Everything is W1 with momentum, batch 128, one thread.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

import build
import cases
from build import HERE

# Rust frameworks: program that trains and program that only predicts.
RUST = [
    ("typenet", "typenet_train", "typenet_predict"),
    ("candle", "candle_train", "candle_predict"),
    ("burn flex", "burn_train", "burn_predict"),
    ("tract", None, "tract_predict"),
]
BUILDS = HERE / "target" / "costs"


def start_and_memory(command, flags=""):
    """Seconds from start to the first trained step, and peak memory in MiB, of a short training; `None` if it fails."""
    names = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = dict(os.environ, PEER_FLAGS=flags, **{name: "1" for name in names})
    begin, first = time.perf_counter(), None
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, cwd=HERE
    )
    for line in process.stdout:
        if first is None and line.startswith('{"first_step"'):
            first = time.perf_counter() - begin
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or first is None:
        print(f"failed: {' '.join(map(str, command))}: exit code {process.returncode}")
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return first, usage.ru_maxrss / unit


def seconds_of(*arguments):
    """Seconds that cargo takes; `None` if it fails."""
    begin = time.perf_counter()
    done = build.cargo(*arguments, quiet=True)
    return time.perf_counter() - begin if done.returncode == 0 else None


def build_times(package, profile):
    """Seconds of a clean build and of one after a change of `main.rs`, in a folder of the package's own; the program."""
    folder = BUILDS / f"{package}-{profile}"
    shutil.rmtree(folder, ignore_errors=True)
    build.cargo("fetch", quiet=True)
    arguments = ["build", "-p", package, "--profile", profile, "--target-dir", str(folder)]
    clean = seconds_of(*arguments)
    if clean is None:
        print(f"skipped: {package} (it does not build)")
        return (None, None), None
    (HERE / "costs" / package / "src" / "main.rs").touch()
    return (clean, seconds_of(*arguments)), folder / ("debug" if profile == "dev" else profile) / package


def stripped(program):
    """Bytes of the program without symbols; `None` if there is no `strip`."""
    if not program.exists() or not shutil.which("strip"):
        return None
    copy = program.with_suffix(".stripped")
    subprocess.run(["strip", "-o", copy, program], check=True)
    size = copy.stat().st_size
    copy.unlink()
    return size


def crates(package):
    """Crates in the tree of a package besides itself: libraries, macros and what build scripts need."""
    command = ["tree", "-p", package, "-e", "no-dev", "--prefix", "none", "--format", "{p}"]
    command = ["cargo", *command, "--manifest-path", build.MANIFEST]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = {" ".join(line.split()[:2]) for line in done.stdout.splitlines() if line.strip()}
    return len(lines) - 1 if done.returncode == 0 else None


def binary(package):
    """The program of a package, built in a folder that stays."""
    folder = BUILDS / "programs"
    if seconds_of("build", "-p", package, "--profile", "costs", "--target-dir", str(folder)) is None:
        print(f"skipped: {package} (it does not build)")
        return None
    return folder / "costs" / package


def cell(value, form):
    return "–" if value is None else format(value, form)


def of_rust(options, data):
    """Lines of the table of binaries and builds, and the commands of the programs that train."""
    header = ["crate", "trains, MiB", "predicts, MiB", "crates", "clean release build, s", "after a change, s"]
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    commands, timed = [], [name for name, *_ in RUST if name not in options.skip_builds.split(",")]
    for name, train, predict in RUST:
        print(f"costs: programs of {name}", file=sys.stderr)
        trains, times = None, (None, None)
        if train and name in timed:
            times, trains = build_times(train, "costs")
        elif train:
            trains = binary(train)
        if trains:
            command = [str(trains), str(data), str(cases.STEPS)]
            commands.append((name, command, ""))
            if name == "typenet":  # saves what its program that predicts embeds
                subprocess.run([*command, str(data / "w1.safetensors")], stdout=subprocess.DEVNULL, check=False)
        predicts = binary(predict)
        if predicts:
            done = subprocess.run([predicts, data], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"failed: {predict}: {done.stderr.strip().splitlines()[-1:]}")
        sizes = [stripped(program) if program else None for program in (trains, predicts)]
        figures = [cell(None if size is None else size / 2**20, ".2f") for size in sizes]
        figures += [cell(crates(train or predict), "d")] + [cell(seconds, ".1f") for seconds in times]
        lines.append(f"| {name} | " + " | ".join(figures) + " |")
    lines += ["", f"Programs that predict hold W1's weights, {4 * 407_050 / 2**20:.2f} MiB."]
    if "typenet" in timed:
        (clean, again), _ = build_times("typenet_train", "dev")
        lines += ["", f"typenet, debug build: {cell(clean, '.1f')} s clean, {cell(again, '.1f')} s after a change."]
    return lines, commands


def run(options, python_peers):
    data = HERE / "target" / "cases"
    lines, commands = ["### Binaries and builds", ""], []
    if shutil.which("cargo"):
        more, commands = of_rust(options, data)
        lines += more
    else:
        print("skipped: Rust programs (cargo is not installed)")
    for name, command, flags in python_peers:
        arguments = ["--threads", "1", "--data", str(data), "--kinds", "steps"]
        commands.append((name, command + arguments, flags))
    found = {}
    for number in range(options.rounds):
        for name, command, flags in commands:
            print(f"costs, round {number + 1}: {name}", file=sys.stderr)
            figures = start_and_memory(command, flags)
            if figures:
                found.setdefault(name, []).append(figures)
    lines += ["", f"### Start and memory: W1, momentum, batch 128, one thread, {cases.STEPS} steps", ""]
    lines += ["| framework | to the first trained step, s | peak memory, MiB |", "|---|---|---|"]
    for name, figures in found.items():
        first, memory = (statistics.median(column) for column in zip(*figures))
        lines.append(f"| {name} | {first:.3f} | {memory:.0f} |")
    share = cases.ROWS["w1"] * (4 * 784 + 1) / 2**20
    lines += ["", f"The data alone are {share:.0f} MiB."]
    return "\n".join(lines) + "\n"
