"""How many answers of the honest table ``--humaneval-stop=decided`` would have needed, and how often it errs.

    python -m benchmarks.stopping_replay          # writes benchmarks/results/stopping_replay.json

The verdicts of benchmarks/results/table are played back problem by problem, in the random orders of several seeds; a
strategy that has ended is asked no more. What an engine would have begun before it hears of an end comes on top. Errors
are counted in simulated runs, in which strategies are known to be equal to the reference, or better by so much.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from benchmarks.honest_table import REFERENCE, finished
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import comparisons_between
from pytest_humaneval.results.stopping import Stopping
from pytest_humaneval.sample import ItemId
from pytest_humaneval.statistics.comparison import passes_of
from pytest_humaneval.text.whole_file import write_whole

FILE = Path(__file__).parent / "results" / "stopping_replay.json"
SEEDS = 8
RUNS = 200
PROBLEMS = 164
CASES = ((0.1, 0.0), (0.3, 0.0), (0.3, 0.1), (0.3, 0.15), (0.3, 0.2))  # share that differs, true difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with Pool() as pool:
        replayed = pool.map(replay, range(SEEDS), 1)
        print(json.dumps(summary(replayed), indent=2), flush=True)
        simulated = {
            f"{differ:g} differ, {gain:+g}": _shares(
                pool.starmap(simulate, [(differ, gain, n) for n in range(RUNS)], 50)
            )
            for differ, gain in CASES
        }
    text = json.dumps({"replayed": summary(replayed), "simulated": simulated, "runs": RUNS}, indent=2)
    write_whole(FILE, [text + "\n"])
    print(text)


def replay(seed: int) -> dict[str, Any]:
    """One random order of the problems: how many answers it took, and what was decided of each strategy."""
    outcomes = answered()
    passes = passes_of(outcomes)
    tasks = list(passes[REFERENCE])
    stopping = Stopping(tasks, seed, list(passes), REFERENCE)
    stopping.expect(ItemId(task, name, 0) for task in tasks for name in passes)
    answers = 0
    for task in stopping.order:
        for name in (REFERENCE, *(name for name in passes if name != REFERENCE)):
            if name not in stopping.stopped:
                answers += 1
                stopping.settle(ItemId(task, name, 0), passes[name].get(task, {}).get(0))
    decisions = {stop.strategy: str(stop.decision) for stop in stopping.stops((), REFERENCE).strategies}
    return {"seed": seed, "answers": answers, "of": len(outcomes), "decisions": decisions}


def answered() -> list[Outcome]:
    """The table's outcomes, without strategies that saw what their code does: those stand apart there, too."""
    return [outcome for results in finished().values() for outcome in results.outcomes if not outcome.guided]


def summary(replayed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All orders together, beside what the test of all problems says (McNemar, Holm)."""
    outcomes = answered()
    _, whole = comparisons_between(passes_of(outcomes))
    full = {comparison.first: comparison.difference for comparison in whole if comparison.significant}
    contrary = [
        (order["seed"], name)
        for order in replayed
        for name, decision in order["decisions"].items()
        if decision in ("better", "worse") and (name not in full or (full[name] > 0) != (decision == "better"))
    ]
    correct = [sum(order["decisions"][name] in ("better", "worse") for name in full) for order in replayed]
    answers = [order["answers"] for order in replayed]
    return {
        "answers": {
            "mean": round(fmean(answers)),
            "least": min(answers),
            "most": max(answers),
            "of": replayed[0]["of"],
        },
        "significant in the whole table": len(full),
        "of these decided before the end": {"mean": fmean(correct), "least": min(correct), "most": max(correct)},
        "decided although not significant, or the other way": contrary,
        "decisions of seed 0": dict(Counter(replayed[0]["decisions"].values())),
        "answers of seed 0": answers[0],
    }


def simulate(differ: float, gain: float, seed: int) -> tuple[str, int]:
    """One strategy against another that is better by ``gain``, one sample a problem: the decision, after how many."""
    random = Random(seed)
    stopping = Stopping(map(str, range(PROBLEMS)), 0, ["a", "b"], "a")
    stopping.expect(ItemId(task, name, 0) for task in stopping.order for name in "ab")
    for task in stopping.order:
        place, better = random.random(), (differ + gain) / 2
        other, mine = (False, True) if place < better else (True, False) if place < differ else (True, True)
        stopping.settle(ItemId(task, "a", 0), other)
        if stopping.settle(ItemId(task, "b", 0), mine):
            break
    (stop,) = stopping.stops((), "a").strategies
    return stop.decision, stop.problems


def _shares(ends: Sequence[tuple[str, int]]) -> dict[str, float]:
    counts = Counter(decision for decision, _ in ends)
    shares = {decision: round(count / len(ends), 4) for decision, count in sorted(counts.items())}
    return shares | {"problems": round(fmean(problems for _, problems in ends), 1)}


if __name__ == "__main__":
    main()
