"""What one more item costs pytest's controller: CPU time and memory, beside those of a plain test under pytest-xdist.

    python -m benchmarks.controller                            # 4,100 and 16,400 items
    python -m benchmarks.controller --python before=A/bin/python after=B/bin/python --rounds 3     # in turns

The figures are slopes: the difference of two runs by the difference of their items, so that starting up is in none of
them. passing, failing: a scripted answer of each of 164 problems, so and so many samples of it, judged by a sandbox
that has its verdict at once; failing has every answer wrong, with a detail of the usual length, and --humaneval-output.
plain: a parametrised test of as many items, without this plugin: what pytest and pytest-xdist take for themselves.
cpu_ms: user and system time of the controller, of all its threads; without the status line, which takes its time by the
second. peak_kb: of its largest resident set, 1,000 bytes. Environments may be those of several versions.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.engine_measure import write_result
from pytest_humaneval.dataset.load import read_problems

PROBLEMS = 164

# The controller says at its very end what it took.
CONFTEST = """
import json, os, time
import pytest

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        with open("/proc/self/status") as file:
            line = next(line for line in file if line.startswith("VmHWM"))
        with open("took.json", "w") as file:
            json.dump([time.process_time(), int(line.split()[1]) * 1024, config.called], file)

class Count:
    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        self.config.called += report.when == "call"

def pytest_configure(config):
    config.called = 0
    config.pluginmanager.register(Count(config))
"""

SANDBOX = """
from pytest_humaneval.verdict import Verdict

class AtOnce:
    layers = ()

    def check(self, problem, completion, *, timeout):
        return Verdict({verdict})

@pytest.fixture(scope="session")
def _humaneval_sandbox():
    return AtOnce()
"""
PASSED = '"passed", "", 0.0'
FAILED = (
    '"assertion", "assert candidate([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3) == True\\n'
    'arguments: [1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3\\nexpected: True\\ngot: False", 0.0'
)

PLAIN = """
import pytest

@pytest.mark.parametrize("sample", range({samples}))
@pytest.mark.parametrize("problem", ["HumanEval/%d-an_entry_point" % number for number in range({problems})])
def test_plain(problem, sample):
    pass
"""


class Taken(NamedTuple):
    """What a controller took."""

    cpu_seconds: float
    peak_bytes: int
    items: int


def main() -> None:
    """Measure every kind in each environment, in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs=2, default=[25, 100], help="of a problem, in the two runs")
    parser.add_argument("--kinds", nargs="+", default=[*KINDS], choices=[*KINDS])
    parser.add_argument("--python", nargs="+", default=[f"this={sys.executable}"], metavar="NAME=PATH")
    parser.add_argument("--rounds", type=int, default=1, help="how often; the median is told")
    parser.add_argument("--print", action="store_true", help="print the rows, and keep none")
    arguments = parser.parse_args()
    environments = dict(each.split("=", 1) for each in arguments.python)
    slopes: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(arguments.rounds):
        for kind, (name, python) in product(arguments.kinds, environments.items()):
            slope = measure(kind, python, arguments.samples)
            print(kind, name, *slope, flush=True)
            slopes.setdefault((kind, name), []).append(slope)
    rows = []
    for (kind, name), measured in slopes.items():
        cpu, peak = (median(values) for values in zip(*measured, strict=True))
        rows.append({"kind": kind, "environment": name, "cpu_ms": round(cpu, 2), "peak_kb": round(peak, 1)})
    if arguments.print:
        print(json.dumps(rows, indent=1))
        return
    sys.argv = [sys.argv[0], *(f"{each.partition('=')[0]}=python" if "=" in each else each for each in sys.argv[1:])]
    write_result("controller", {"items": [PROBLEMS * each for each in arguments.samples], "rows": rows})


def measure(kind: str, python: str, samples: Sequence[int]) -> tuple[float, float]:
    """Milliseconds and kilobytes for one more item."""
    fewer, more = (KINDS[kind](python, each) for each in samples)
    items = PROBLEMS * (samples[1] - samples[0])
    return (
        1000 * (more.cpu_seconds - fewer.cpu_seconds) / items,
        (more.peak_bytes - fewer.peak_bytes) / 1000 / items,
    )


def plain(python: str, samples: int) -> Taken:
    """A test of somebody else's, without this plugin."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(CONFTEST)
        Path(folder, "test_plain.py").write_text(PLAIN.format(problems=PROBLEMS, samples=samples))
        return run(Path(folder), PROBLEMS * samples, python, "-p", "no:humaneval")


def passing(python: str, samples: int) -> Taken:
    """Items that pass, and no file of results."""
    return evaluation(python, samples, PASSED)


def failing(python: str, samples: int) -> Taken:
    """Items that fail, and files of results."""
    return evaluation(python, samples, FAILED, "--humaneval-output=out")


KINDS = {"plain": plain, "passing": passing, "failing": failing}


def evaluation(python: str, samples: int, verdict: str, *arguments: str) -> Taken:
    """Scripted answers, judged by a sandbox that looks at none."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(CONFTEST + SANDBOX.format(verdict=verdict))
        script = {problem.task_id: problem.canonical_solution for problem in read_problems()}
        Path(folder, "script.json").write_text(json.dumps(script))
        asked = ["--strategy=minimal", "--humaneval-script=script.json", "--humaneval-cache-dir=cache"]
        asked.append(f"--humaneval-num-samples={samples}")
        return run(Path(folder), PROBLEMS * samples, python, *asked, *arguments)


def run(folder: Path, items: int, python: str, *arguments: str) -> Taken:
    """One run on two workers."""
    command = [python, "-m", "pytest", "-p", "no:cacheprovider", "-qq", "-n2", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    taken = Taken(*json.loads(Path(folder, "took.json").read_text()))
    assert taken.items == items, ended.stdout[-2000:] + ended.stderr[-2000:]
    return taken


if __name__ == "__main__":
    main()
