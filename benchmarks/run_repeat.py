"""What a run costs that generates nothing: answered from the store, only collected, or not ours at all.

    python -m benchmarks.run_repeat --runs 5

repeat: 164 items at -n 2 whose generations are stored, seconds after collection.
collection: 164 items, seconds.
unused: an unrelated test, with the plugin and with ``-p no:humaneval``, in turns; milliseconds between the medians.

The store is filled first, with the canonical solutions, through the scripted engine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.engine_measure import write_result
from pytest_humaneval.dataset.load import read_problems


def main() -> None:
    """Measure the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Path(folder, "script.json").write_text(
            json.dumps({problem.task_id: problem.canonical_solution for problem in read_problems()})
        )
        Path(folder, "test_unrelated.py").write_text("def test_it(): pass\n")
        evaluation = ["--strategy=minimal", "--humaneval-script=script.json", "--humaneval-cache-dir=cache"]
        pytest_seconds(folder, *evaluation, "-n2")  # fills the store
        repeats = [after_collection(folder, *evaluation, "-n2") for _ in range(runs)]
        collections = [collection_seconds(folder, *evaluation) for _ in range(runs)]
        pairs = [
            (
                pytest_seconds(folder, "test_unrelated.py"),
                pytest_seconds(folder, "test_unrelated.py", "-p", "no:humaneval"),
            )
            for _ in range(4 * runs)
        ]
    loaded, unloaded = (median(seconds) for seconds in zip(*pairs, strict=True))
    write_result(
        "run_repeat",
        {
            "repeat_seconds_after_collection": {"median": round(median(repeats), 2), "all": repeats},
            "collection_seconds": {"median": round(median(collections), 3), "all": collections},
            "unused_milliseconds": round(1000 * (loaded - unloaded), 1),
            "unused_median_seconds": {"loaded": round(loaded, 3), "no:humaneval": round(unloaded, 3)},
        },
    )


def pytest_seconds(folder: Path, *arguments: str) -> float:
    """Wall time of a whole pytest process."""
    start = time.monotonic()
    run_pytest(folder, *arguments)
    return time.monotonic() - start


def after_collection(folder: Path, *arguments: str) -> float:
    """Wall time from the moment the workers have collected to the end of the session."""
    with clock(folder, "pytest_xdist_node_collection_finished", "pytest_unconfigure"):
        printed = run_pytest(folder, *arguments)
    assert "164 passed" in printed, printed
    assert "164 answered from the store" in printed, printed
    return between(printed)


def collection_seconds(folder: Path, *arguments: str) -> float:
    """Wall time of the collection alone."""
    with clock(folder, "pytest_collection", "pytest_collection_finish"):
        printed = run_pytest(folder, *arguments, "--collect-only", "-q", "-s")
    assert "164 tests collected" in printed, printed
    return between(printed)


@contextmanager
def clock(folder: Path, first: str, last: str) -> Iterator[None]:
    """A conftest that prints the time between two hooks of the controller (the last call of the first one)."""
    file = Path(folder, "conftest.py")
    file.write_text(
        "import time, pytest\n"
        "begun = []\n"
        f"@pytest.hookimpl(tryfirst=True, optionalhook=True)\ndef {first}():\n    begun.append(time.monotonic())\n"
        f"@pytest.hookimpl(trylast=True)\ndef {last}():\n"
        "    if begun:\n        print(f'\\nbetween: {time.monotonic() - begun[-1]:.3f} s')\n"
    )
    yield
    file.unlink()


def between(printed: str) -> float:
    """What the clock of :func:`clock` printed."""
    match = re.search(r"between: ([\d.]+) s", printed)
    assert match, printed
    return float(match[1])


def run_pytest(folder: Path, *arguments: str) -> str:
    """What a pytest process printed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    # Compiled modules are cached, as on a user's machine, also where this variable forbids it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    main()
