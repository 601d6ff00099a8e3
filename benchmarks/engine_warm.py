"""How long until a run has its first generation from an engine that lingers, against one that it starts itself.

    python -m benchmarks.engine_warm --runs 5
    python -m benchmarks.engine_warm --runs 5 --model DIR     # another model, whose result is only printed

Both count from asking for an engine to the first token of an answer, as a run asks: cold with an engine process of its
own, warm with its turn (--humaneval-linger), which includes looking for the engine and working out its digest. One
cold start comes first and is not counted, and each prompt is asked once, so that no cache of prompts helps.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.engine_measure import CACHE, write_result
from pytest_humaneval import Sampling, completion_prompt
from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.warm import lingering_engines, stop_engine, take_turn
from pytest_humaneval.engine.catalogue import identify
from pytest_humaneval.engine.engine_process import EngineProcess, RunningEngine
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.store_options import NO_STORE
from pytest_humaneval.models.find import DEFAULT_MODEL
from pytest_humaneval.sample import Request

IDLE_LIMIT = 600.0  # seconds; a measurement that is killed leaves the engine for no longer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    given = parser.parse_args()
    options = EngineOptions(model=given.model, cache_dir=str(CACHE))
    with tempfile.TemporaryDirectory() as folder:
        directory = PrivateDirectory(Path(folder) / "private")
        try:
            measured = measure(options, directory, given.runs)
        finally:
            for name, engine in list(lingering_engines(directory)):
                stop_engine(directory, name, engine)
    if given.model == DEFAULT_MODEL:
        write_result("engine_warm", measured)
    else:
        print(json.dumps(measured, indent=2))


def measure(options: EngineOptions, directory: PrivateDirectory, runs: int) -> dict[str, object]:
    cold, warm = [], []
    for run in range(runs + 1):
        cold.append(cold_seconds(options, run))
        warm.append(warm_seconds(options, directory, run))
        print(f"{'warm-up' if run == 0 else f'run {run}'}: cold {cold[-1]:.2f} s, warm {warm[-1]:.3f} s", flush=True)
    return {
        "unit": "seconds",
        "cold": [round(seconds, 2) for seconds in cold[1:]],
        "warm": [round(seconds, 3) for seconds in warm[1:]],
        "cold_median": round(median(cold[1:]), 2),
        "warm_median": round(median(warm[1:]), 3),
    }


def cold_seconds(options: EngineOptions, run: int) -> float:
    start = time.monotonic()
    _, model = identify(options)
    return first_token(EngineProcess(options, model, NO_STORE), run, start)


def warm_seconds(options: EngineOptions, directory: PrivateDirectory, run: int) -> float:
    """The first call starts the engine."""
    start = time.monotonic()
    identity, model = identify(options)
    engine = None
    while engine is None:  # the former turn may not be over yet
        engine = take_turn(directory, options, model, identity, NO_STORE, idle_limit=IDLE_LIMIT)
    return first_token(engine, run, start)


def first_token(engine: RunningEngine, run: int, start: float) -> float:
    try:
        client = engine.client()
        client.generation("key", Request(completion_prompt(f"def add_{run}(a, b):\n"), Sampling(max_tokens=1), 0))
        client.close()
        return time.monotonic() - start
    finally:
        engine.close()


if __name__ == "__main__":
    main()
