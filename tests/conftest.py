"""Settings of all the project's tests, the order of their files, and what they took.

The settings are not in pyproject.toml, as an evaluation that is started here has what is there.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# What several test files share.
sys.path[:0] = [
    str(Path(__file__).with_name(folder)) for folder in ("plugin", "contract", "browser", "soft_prompt", "docker")
]

# A shell that starts something in the background has it ignore Ctrl-C, and what that starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Some machines keep Python from writing bytecode: each of the hundreds of processes would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The tiny models have nothing to share out, and threads that spin beside another test's take ten times as long. PyTorch
# reads it when it is imported, which a test of any folder may do first.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A loaded machine is no counterexample. What hypothesis looks at by day is little; .ci/nightly has it look at "night".
settings.register_profile("day", deadline=None, max_examples=40)
settings.register_profile("night", deadline=None, max_examples=400)
settings.load_profile("day")
# As HUMANEVAL_TEST_DURATIONS has them written, of several runs: a third on a quiet machine, the attacks on a busy one.
DURATIONS = Path(__file__).with_name("durations.txt")
WORTH_A_LINE = 0.5  # seconds


def pytest_configure(config: pytest.Config) -> None:
    """Make warnings errors."""
    config.addinivalue_line("filterwarnings", "error")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker, put the files first that take longest, so that none of them is begun when the others are done.

    What is not in the record may take long, too.
    """
    if hasattr(config, "workerinput"):
        known = recorded(DURATIONS)
        items.sort(key=lambda item: -known.get(item.path.name, math.inf))


def recorded(file: Path) -> dict[str, float]:
    """Seconds by file name, without folder: files are moved more often than renamed."""
    lines = (line.split() for line in file.read_text().splitlines() if "::" not in line)
    return {Path(path).name: float(seconds) for seconds, path in lines}


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name at once what fails under xdist: a run that is cut off has no summary, and its letter says nothing."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ and hasattr(report, "node"):
        print(f"\nFAILED {report.nodeid} ({report.when})", flush=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write what each file and each longer test took to where HUMANEVAL_TEST_DURATIONS says."""
    if (told := os.environ.get("HUMANEVAL_TEST_DURATIONS")) is None:
        return
    files: defaultdict[str, float] = defaultdict(float)
    tests: defaultdict[str, float] = defaultdict(float)
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            files[report.nodeid.partition("::")[0]] += report.duration
            tests[report.nodeid] += report.duration
    rows = [*longest_first(files), *(row for row in longest_first(tests) if row[1] >= WORTH_A_LINE)]
    Path(told).write_text("".join(f"{seconds:8.2f} {name}\n" for name, seconds in rows))


def longest_first(seconds: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda row: -row[1])
