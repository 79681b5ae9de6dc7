"""Runs one peer and collects its rows, whatever happens to it."""

import json
import os
import signal
import subprocess

from build import HERE


def rows(command, environment, timeout):
    """The rows that a peer prints as lines of JSON: those before it failed or was given up, if so, with a line that says so."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ, **environment),
        cwd=HERE,
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=timeout)
        failure = f"exit code {process.returncode}" if process.returncode else None
    except subprocess.TimeoutExpired:
        # The group, since compilers that it started hold its pipes.
        os.killpg(process.pid, signal.SIGKILL)
        out, errors = process.communicate()
        failure = f"given up after {timeout:.0f} s"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    lines = errors.strip().splitlines()
    for line in lines:
        if line.startswith(("skipped", "failed", "DIFFERENT")):
            print(line)
    if failure:
        print(f"failed: {' '.join(command[:3])}: {failure}, {lines[-1:]}")
    return [json.loads(line) for line in out.splitlines() if line.startswith("{") and line.endswith("}")]
