"""What thousands of samples cost the harness: collection, a whole run answered from the store, memory.

    python -m benchmarks.scale                   # 164, 6,560 and 32,800 items
    python -m benchmarks.scale --unchecked       # the same with a sandbox that passes everything at once
    python -m benchmarks.scale --items 6560 --workers 1 2 4 8

6,560 items are 164 problems x 20 samples x 2 strategies, 32,800 are 200 samples of one strategy. The store is filled
first, with the canonical solutions; the run itself takes every answer from the store and checks it in the sandbox.

collection: seconds that a process takes to make its items, alone (-n 0, collect-only) and as one of two workers.
ask: seconds that a worker takes to build all prompts and keys and to ask for all of them. cpu: the same in CPU time,
which other load on the machine does not lengthen as much. run: seconds of the whole pytest process. peak: the largest
resident set of each process, in MiB.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.engine_measure import machine, write_result
from benchmarks.run_repeat import run_pytest

SIZES = {164: ("minimal", 1), 6560: ("minimal,expert_v00", 20), 32800: ("minimal", 200)}

# Notes what each process of the run took, into a file of its own.
CONFTEST = """
import json, os, time
import pytest

took = {}

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session):
    start, cpu = time.monotonic(), time.process_time()
    result = yield
    took["collection"] = time.monotonic() - start - took.get("ask", 0.0)
    took["collection_cpu"] = time.process_time() - cpu - took.get("ask_cpu", 0.0)
    return result

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish(session):
    start, cpu = time.monotonic(), time.process_time()
    yield
    took["ask"], took["ask_cpu"] = time.monotonic() - start, time.process_time() - cpu
    if "FILL_STORE" in os.environ:
        fill_store(session)

def fill_store(session):
    from pathlib import Path
    from pytest_humaneval.engine.store import Store
    from pytest_humaneval.plugin.fixtures import PLAN, requests_for
    from pytest_humaneval.sample import Generation
    plan = session.config.stash[PLAN]
    right = {problem.task_id: Generation(problem.canonical_solution) for problem in plan.problems}
    store, _ = Store.open(Path("cache/generations.sqlite"))
    store.put_many((key, right[request.task_id]) for key, request in requests_for(session.items, plan))
    store.close()

def peak(pid):
    # Not getrusage: its figure also knows the process that this one was forked from.
    with open(f"/proc/{pid}/status") as file:
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024

@pytest.hookimpl(wrapper=True, tryfirst=True)  # before the run ends its engine
def pytest_sessionfinish(session):
    from pytest_humaneval.plugin.hooks import RUN
    run = session.config.stash.get(RUN, None)
    if run is not None:
        took["engine_peak"] = peak(run.session.engine.pid)
    if hasattr(session.config, "workerinput"):  # the controller does not wait for more than this hook
        write(session.config.workerinput["workerid"])
    return (yield)

def write(role):
    took["peak"], took["cpu"] = peak(os.getpid()), time.process_time()
    with open(f"took-{role}.json", "w") as file:
        json.dump(took, file)

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        write("controller")
"""

UNCHECKED = """
from pytest_humaneval.verdict import Verdict

class PassesEverything:
    layers = ()

    def check(self, problem, completion, *, timeout):
        return Verdict("passed", "", 0.0)

@pytest.fixture(scope="session")
def _humaneval_sandbox():
    return PassesEverything()
"""


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--unchecked", action="store_true", help="measure what is not the sandbox's")
    parser.add_argument("--workers", type=int, nargs="+", default=[2], metavar="N", help="pytest's -n; several in turn")
    arguments = parser.parse_args()
    name = "scale" + "_unchecked" * arguments.unchecked + "_workers" * (arguments.workers != [2])
    rows = []
    for items in arguments.items:
        for workers in arguments.workers:
            rows.append(measure(items, workers, unchecked=arguments.unchecked))
            write_result(name, {"rows": rows})


def measure(items: int, processes: int, *, unchecked: bool) -> dict[str, Any]:
    """One row."""
    strategies, samples = SIZES[items]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Path(folder, "conftest.py").write_text(CONFTEST + (UNCHECKED if unchecked else ""))
        evaluation = [
            f"--strategy={strategies}",
            "--humaneval-engine=scripted",
            "--humaneval-cache-dir=cache",
            f"--humaneval-num-samples={samples}",
            "-q",
        ]
        _, alone = run(folder, f"test_humaneval.py: {items}", *evaluation, "--collect-only", "-q")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("FILL_STORE", "1")
            run(folder, f"test_humaneval.py: {items}", *evaluation, "--collect-only", "-q")
        seconds, took = run(folder, f"{items} passed", *evaluation, f"-n{processes}")
    controller, workers = took["controller"], [took[f"gw{number}"] for number in range(processes)]
    return {
        "items": items,
        "strategies": strategies,
        "samples": samples,
        "load": machine()["load"],
        "collection_seconds_alone": round(alone["controller"]["collection"], 2),
        "collection_cpu_seconds_alone": round(alone["controller"]["collection_cpu"], 2),
        **{
            f"{name}_seconds_of_workers": [round(worker[key], 2) for worker in workers]
            for name, key in (
                ("collection", "collection"),
                ("collection_cpu", "collection_cpu"),
                ("ask", "ask"),
                ("ask_cpu", "ask_cpu"),
                ("cpu", "cpu"),
            )
        },
        "cpu_seconds_of_controller": round(controller["cpu"], 1),
        "run_seconds": round(seconds, 1),
        "peak_mib_of_controller": round(controller["peak"]),
        "peak_mib_of_workers": [round(worker["peak"]) for worker in workers],
        "peak_mib_of_engine": round(controller["engine_peak"]),
    }


def run(folder: Path, expected: str, *arguments: str) -> tuple[float, dict[str, Any]]:
    """Seconds of one pytest process, and what each of its processes noted."""
    for old in folder.glob("took-*.json"):
        old.unlink()
    start = time.monotonic()
    printed = run_pytest(folder, *arguments)
    seconds = time.monotonic() - start
    assert expected in printed, printed[-2000:]
    return seconds, {
        file.stem.removeprefix("took-"): json.loads(file.read_text()) for file in folder.glob("took-*.json")
    }


if __name__ == "__main__":
    main()
