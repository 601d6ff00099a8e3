"""What the harness costs: a whole run, from the ready engine to the last verdict, over bare ``LLM.generate``.

    python -m benchmarks.run_overhead --pairs 3 [--strategy minimal] [--limit 32]

Both get the same prompts, sampling and engine arguments, and take turns; nothing comes from the store. Bare is one call
of vLLM's ``LLM.generate`` with all prompts, in a process of its own, timed around that call alone. For a CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.engine_measure import model_directory, write_result
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.vllm import register_architecture
from pytest_humaneval.engine.vllm_setup import engine_arguments, prepare_environment
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.prompting.registry import register
from pytest_humaneval.sample import Sampling


def main() -> None:
    """Time the pairs, or (in a process of its own) the bare call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--strategy", default="minimal", help="a strategy in completion mode")
    parser.add_argument("--limit", type=int, default=164, help="HumanEval's first N problems")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        print(json.dumps(bare(options.strategy, options.limit)))
        return
    bares, wholes = [], []
    for pair in range(options.pairs):
        bares.append(bare_in_a_process(options.strategy, options.limit))
        wholes.append(whole(options.strategy, options.limit))
        ratio = wholes[-1]["seconds"] / bares[-1]["seconds"]
        print(f"pair {pair + 1}: bare {bares[-1]}, whole run {wholes[-1]}, ratio {ratio:.3f}", flush=True)
    ratios = [a["seconds"] / b["seconds"] for a, b in zip(wholes, bares, strict=True)]
    write_result(
        "run_overhead",
        {
            "strategy": options.strategy,
            "problems": options.limit,
            "bare": bares,
            "whole_run": wholes,
            "median_ratio": round(median(ratios), 3),
        },
    )


def bare_in_a_process(strategy: str, limit: int) -> dict[str, float]:
    """Seconds and tokens of the bare call."""
    command = [sys.executable, "-m", "benchmarks.run_overhead", "--bare", "--strategy", strategy, f"--limit={limit}"]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return measured


def bare(strategy: str, limit: int) -> dict[str, float]:
    """``LLM.generate`` on every problem's prompt, in one call."""
    import importlib

    prepare_environment(offline=True, cpu=True)
    mark_broken_packages_absent()
    from vllm import LLM, SamplingParams

    chosen = register(importlib.import_module("pytest_humaneval.strategies").bundled())[strategy]
    prompts = [chosen.build_prompt(problem.visible()) for problem in read_problems()[:limit]]
    sampling = Sampling()
    parameters = [
        SamplingParams(temperature=0, max_tokens=sampling.max_tokens, stop=list(each.stop)) for each in prompts
    ]
    register_architecture(model_directory())
    llm = LLM.from_engine_args(engine_arguments(model_directory(), EngineOptions()))
    start = time.monotonic()
    outputs = llm.generate([each.text for each in prompts], parameters, use_tqdm=False)
    seconds = time.monotonic() - start
    return {"seconds": round(seconds, 2), "tokens": sum(len(each.outputs[0].token_ids) for each in outputs)}


def whole(strategy: str, limit: int) -> dict[str, float]:
    """The main job, as people call it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", f"--strategy={strategy}", "-n", "auto", "-q", "--no-summary"]
        command += [
            "--humaneval-no-cache",
            "--humaneval-output=out",
            f"--humaneval-limit={limit}",
            "-p",
            "no:cacheprovider",
        ]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False, env=os.environ)
        run = json.loads(Path(folder, "out", "run.json").read_text())
    (row,) = run["strategies"]
    assert row["judged"] == limit, row
    return {
        "seconds": round(run["engine_process"]["ready_to_last_outcome_seconds"], 2),
        "tokens": row["tokens"],
        "generating_seconds": round(run["engine_process"]["generating_seconds"], 2),
    }


if __name__ == "__main__":
    main()
