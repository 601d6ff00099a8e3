"""Tries the whole corpus of attacks (tests/attacks) under every layer that can be had here, as root and as an ordinary
user, and writes down what was not as expected and what was left on the machine.

    python -m benchmarks.sandbox_corpus --write

Needs the repository with its tests, bubblewrap, docker with a daemon that both users may talk to (DOCKER_HOST), podman
(where its crun refuses the machine's control groups, a CONTAINERS_CONF with runc helps). A layer that cannot be had is
in the result with the reason. On a quiet machine each check ends within its limit and a second; on a busy one that
figure is larger, and the rest stays.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests" / "contract"))

RESULT = Path(__file__).parent / "results" / "sandbox_corpus.json"
QUIET = 1.0  # seconds beyond its limit that a check may take on a quiet machine
PROGRAMS = ("bwrap", "docker", "podman", "runc", "crun")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", nargs="+", default=["lockdown", "bubblewrap", "docker", "podman"])
    parser.add_argument("--as-i-am", action="store_true", help="only as the user who runs this")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    trials = [tried(layer) for layer in options.layers]
    if not options.as_i_am:
        trials += as_ordinary_user(options.layers)
    result = {**surroundings(), "trials": trials}
    print(json.dumps(result, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n")


def tried(layer: str) -> dict[str, Any]:
    """The corpus under one layer, or why not."""
    import pytest
    from sandbox_corpus import read_corpus
    from sandbox_trial import Trial

    result: dict[str, Any] = {"layer": layer, **who_and_what()}
    entries = read_corpus()
    different: dict[str, list[str]] = {}
    try:
        with Trial(layer) as trial:
            result["in force"] = list(trial.sandbox.layers)
            for entry in entries:
                if differences := trial.differences(entry):
                    different[f"{entry.file}/{entry.name}"] = differences
                    print(f"{layer} as {result['user']}: {entry.file}/{entry.name}: {differences}", file=sys.stderr)
    except pytest.skip.Exception as reason:
        return {**result, "not to be had": str(reason)}
    result["load after"] = round(os.getloadavg()[0], 1)
    print(f"{layer} as {result['user']}: {len(entries)} entries, {len(different)} differences", file=sys.stderr)
    left = trial.left_over(alone=True)
    return {
        **result,
        "entries": len(entries),
        "as expected": len(entries) - len(different),
        "differences": different,
        "seconds beyond the limit": beyond(trial.beyond),
        "left over": {name: getattr(left, name) for name in ("processes", "mounts", "files", "containers")},
    }


def beyond(seconds: dict[str, float]) -> dict[str, Any]:
    """How long after its limit a check ended at most, and which took more than a second."""
    return {
        "most": round(max(seconds.values()), 2),
        f"more than {QUIET:g}": {name: round(each, 2) for name, each in seconds.items() if each > QUIET},
    }


def who_and_what() -> dict[str, Any]:
    """The user and the interpreter of a trial."""
    user = "root" if os.geteuid() == 0 else f"{getpass.getuser()} ({os.geteuid()})"
    return {"user": user, "python": platform.python_version()}


def as_ordinary_user(layers: list[str]) -> list[dict[str, Any]]:
    """The same once more in a process of another user."""
    from sandbox_ordinary_user import NoOrdinaryUserError, ordinary_user

    try:
        with ordinary_user() as user:
            arguments = ("--as-i-am", "--layers", *layers)
            ended = user.run_module("benchmarks.sandbox_corpus", *arguments)
    except NoOrdinaryUserError as reason:
        return [{"user": "ordinary", "not to be had": str(reason)}]
    print(ended.stderr, file=sys.stderr)
    trials: list[dict[str, Any]] = json.loads(ended.stdout)["trials"]
    return trials


def surroundings() -> dict[str, Any]:
    """What the result depends on."""
    return {
        "date": date.today().isoformat(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "versions": {program: version_of(program) for program in PROGRAMS if shutil.which(program)},
    }


def version_of(program: str) -> str:
    """The first line of what it says."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (said.stdout.splitlines() or ["?"])[0]


if __name__ == "__main__":
    main()
