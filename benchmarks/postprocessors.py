"""What post-processing is worth: every single-sample strategy's answers judged as they are, under post_v1 and post_v5.

    python -m benchmarks.postprocessors [--strategy NAME[,NAME]]

Nothing is generated that the store has: run ``python -m benchmarks.honest_table`` first. Sums over strategies are
counts without a test: a problem's answers to several prompts are not independent.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.engine_measure import write_result
from benchmarks.honest_table import GROUPS
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.postprocess import POSTPROCESSORS
from pytest_humaneval.results.read import read_results

SINGLE_SAMPLE = tuple(name for group, names in GROUPS.items() if group not in ("guided", "adaptive") for name in names)
REFERENCE = "post_v1"
Judged = dict[tuple[str, str], Outcome]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategy", default=",".join(SINGLE_SAMPLE))
    strategies = parser.parse_args().strategy.split(",")
    judged = {name: judge(strategies, name) for name in POSTPROCESSORS}
    measured = {
        "strategies": {strategy: row(judged, strategy) for strategy in strategies},
        "against_post_v1": {name: compare(judged[name], judged[REFERENCE]) for name in judged if name != REFERENCE},
    }
    write_result("postprocessors", measured)
    print(sentence(measured))


def judge(strategies: Sequence[str], postprocessor: str) -> Judged:
    """Every strategy's verdicts with this post-processor, of a run like a user's."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", f"--strategy={','.join(strategies)}", "-q", "--no-summary"]
        command += ["-n", "auto", f"--humaneval-postprocess={postprocessor}", "--humaneval-output=out"]
        run = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=folder, stdout=subprocess.DEVNULL, check=False)
        if run.returncode not in (0, 1):
            sys.exit(f"{postprocessor}: pytest ended with status {run.returncode}")
        outcomes = read_results(Path(folder, "out")).outcomes
    return {(outcome.strategy, outcome.task_id): outcome for outcome in outcomes}


def row(judged: dict[str, Judged], strategy: str) -> dict[str, Any]:
    """One strategy: how many problems each post-processor passes, and how many of its completions a step changed."""
    of_strategy = {
        name: [outcome for (whose, _), outcome in verdicts.items() if whose == strategy]
        for name, verdicts in judged.items()
    }
    return {
        name: {
            "passed": sum(outcome.passed for outcome in outcomes),
            "errors": sum(outcome.error for outcome in outcomes),
            "changed": sum(bool(outcome.steps) for outcome in outcomes),
        }
        for name, outcomes in of_strategy.items()
    }


def sentence(measured: dict[str, Any]) -> str:
    """What came of it, for docs/results.md."""
    passed = {
        name: sum(of_strategy[name]["passed"] for of_strategy in measured["strategies"].values())
        for name in POSTPROCESSORS
    }
    more = measured["against_post_v1"]["post_v5"]
    return (
        f"Of {more['answers']:,} answers, {passed['none']:,} pass as they are, {passed['post_v1']:,} under `post_v1`, "
        f"and {passed['post_v5']:,} under `post_v5`: {more['better']} that `post_v1` fails, while it fails "
        f"{more['worse']} that `post_v1` passes."
    )


def compare(mine: Judged, other: Judged) -> dict[str, Any]:
    """How many answers pass under one of the two post-processors only."""
    pairs = [(mine[key].passed, other[key].passed) for key in mine if not mine[key].error and not other[key].error]
    return {"answers": len(pairs), "better": pairs.count((True, False)), "worse": pairs.count((False, True))}


if __name__ == "__main__":
    main()
