"""Repeats the simulations that docs/statistics.md and the package's docstrings quote.

    python -m benchmarks.statistics_simulations       # writes benchmarks/results/statistics_simulations.json

How often limits let a drop pass that is as large as the margin, how often the sign-flip test finds a difference between
equal runs that drew unequal numbers of samples, and how many problems differ between two strategies of the honest
table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from multiprocessing import Pool
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.honest_table import finished
from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.comparison import passes_of
from pytest_humaneval.statistics.margin import margin_p, mean_limits
from pytest_humaneval.statistics.paired import ALPHA, paired_interval, sign_flip
from pytest_humaneval.text.whole_file import write_whole

FILE = Path(__file__).parent / "results" / "statistics_simulations.json"
MARGIN, PROBLEMS = 0.03, 164
RUNS = 600
ABILITIES = {  # of one sample, drawn anew for each problem of a run
    "half solved, half not": (0.1, 0.9),
    "anything": tuple(np.linspace(0.02, 0.98, 25)),
    "most solved": (0.8, 0.9),
    "nearly all solved": (0.95, 0.97, 0.99),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    unequal = [(size, name) for size in (10, 20, 40, PROBLEMS) for name in ABILITIES]
    with Pool() as pool:
        figures = {
            f"limits that pass a drop of {MARGIN}, {PROBLEMS} problems, as many differ (exact)": all_worse(),
            f"limits of 40 problems that lose {MARGIN} as one or two break, 5 samples, {RUNS} runs": breaking(RUNS),
            f"sign-flip test of equal runs, 5 samples against 1, {4 * RUNS} runs": {
                f"{size} problems, {name}": share
                for (size, name), share in zip(unequal, pool.starmap(unequal_samples, unequal), strict=True)
            },
            "problems that differ between two strategies of the honest table": discordance(),
        }
    text = json.dumps(figures, indent=2)
    write_whole(FILE, [text + "\n"])
    print(text)


def all_worse() -> dict[str, float]:
    """The share of runs that pass where every problem that differs was lost: no simulation, all cases are added up."""
    newcombe = exact = 0.0
    for worse in range(PROBLEMS + 1):
        chance = comb(PROBLEMS, worse) * MARGIN**worse * (1 - MARGIN) ** (PROBLEMS - worse)
        if chance < 1e-12:
            continue
        half = (PROBLEMS - worse) // 2
        low, _ = paired_interval(half, 0, worse, PROBLEMS - worse - half, 1 - 2 * ALPHA)
        newcombe += chance * (low > -MARGIN)
        exact += chance * (margin_p(0, worse, PROBLEMS, -MARGIN) < ALPHA)
    return {"Newcombe's paired interval": round(newcombe, 4), "exact unconditional test": round(exact, 4)}


def breaking(runs: int) -> dict[str, float]:
    """The share of runs that pass where a few of 40 problems break altogether: resampling alone, and as it is done."""
    generator, plain, guarded = np.random.default_rng(3), 0, 0
    for _ in range(runs):
        before = np.where(generator.random(40) < 0.5, 0.02, 0.98)
        now = np.where((generator.random(40) < MARGIN / 0.48) & (before > 0.5), 0.02, before)
        drawn = (generator.binomial(5, now) / 5 - generator.binomial(5, before) / 5).tolist()
        alone = bootstrap_interval(drawn, 1 - 2 * ALPHA)
        plain += alone is not None and alone[0] > -MARGIN
        guarded += mean_limits(drawn)[0] > -MARGIN
    return {"bootstrap alone": round(plain / runs, 4), "with one more problem": round(guarded / runs, 4)}


def unequal_samples(problems: int, abilities: str) -> float:
    """The share of equal runs in which the test finds a difference."""
    generator, wrong = np.random.default_rng(problems), 0
    for _ in range(4 * RUNS):
        ability = generator.choice(np.array(ABILITIES[abilities]), size=problems)
        many, single = generator.binomial(5, ability), generator.binomial(1, ability)
        wrong += sign_flip(_differences(many.tolist(), single.tolist())) < ALPHA
    return round(wrong / (4 * RUNS), 4)


def _differences(many: Sequence[int], single: Sequence[int]) -> list[Fraction]:
    return [Fraction(a, 5) - b for a, b in zip(many, single, strict=True)]


def discordance() -> dict[str, Any]:
    """The share of problems on which two strategies differ, over all pairs, and over those of the reference."""
    passes = passes_of(outcome for results in finished().values() for outcome in results.outcomes)
    solved = {name: {task: any(of.values()) for task, of in some.items()} for name, some in passes.items()}

    def differ(first: str, other: str) -> float:
        shared = solved[first].keys() & solved[other].keys()
        return sum(solved[first][task] != solved[other][task] for task in shared) / len(shared)

    pairs = sorted(differ(*pair) for pair in combinations(solved, 2))
    chat = sorted(
        differ(first, other) for first, other in combinations(solved, 2) if ("chat" in first) != ("chat" in other)
    )
    return {
        "pairs": len(pairs),
        "least": round(pairs[0], 3),
        "median": round(median(pairs), 3),
        "most": round(pairs[-1], 3),
        "median of a chat strategy and another": round(median(chat), 3),
    }


if __name__ == "__main__":
    main()
