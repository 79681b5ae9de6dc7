"""Builds the Rust side, leaving out the peers that do not build."""

import json
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = str(HERE / "Cargo.toml")


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", MANIFEST]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def features():
    """Every feature that is a peer or a crate for products."""
    package = next(package for package in metadata()["packages"] if package["name"] == "peers")
    return [name for name in package["features"] if name not in ("default", "products")]


def cargo(*arguments, quiet=False):
    command = ["cargo", *arguments, "--manifest-path", MANIFEST]
    return subprocess.run(command, stderr=subprocess.PIPE if quiet else None, text=True)


def program():
    """The path of the built program; `None`, with a line that says so, if typenet itself does not build."""
    if not shutil.which("cargo"):
        print("skipped: Rust peers (cargo is not installed)")
        return None
    if cargo("build", "--release").returncode != 0:
        sound = []
        for name in features():
            built = cargo("build", "--release", "--no-default-features", "--features", name, quiet=True)
            if built.returncode == 0:
                sound.append(name)
            else:
                reason = re.search(r"^error.*$", built.stderr, re.MULTILINE)
                print(f"skipped: {name} (it does not build: {reason.group() if reason else 'no reason given'})")
        if cargo("build", "--release", "--no-default-features", "--features", ",".join(sound)).returncode != 0:
            print("skipped: Rust peers (their build failed, see above)")
            return None
    return pathlib.Path(metadata()["target_directory"]) / "release" / "peers"


def rust_peers():
    """Name and command of each Rust peer."""
    path = program()
    if path is None:
        return []
    names = subprocess.run([path, "list"], capture_output=True, text=True, check=True).stdout.split("\n")
    return [(name, [str(path), name], "") for name in names if name]


def rust_versions(names):
    """The versions in the lock file, such as `candle-core 0.11.0`."""
    lock = (HERE / "Cargo.lock").read_text()
    found = dict(re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', lock))
    return [f"{name} {found[name]}" for name in names if name in found]
