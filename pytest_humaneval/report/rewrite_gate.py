"""The gate on rewritten problems: does what was right stay right when it is said in other words?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_humaneval.report.gates import Gates, GateVerdict
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.statistics.robustness import Robustness
from pytest_humaneval.text.printable import counted


def judge_rewrites(
    gates: Gates, rows: Sequence[Robustness], asked: Iterable[tuple[str, str]] = ()
) -> list[GateVerdict]:
    """The answer for each strategy, where a drop is asked for and there is no baseline.

    ``asked`` are the strategies and datasets of the run: what has no rewritten problem has no answer, and not a yes.

    It holds where under every rewrite the drop is shown to be smaller: all have to be, so none needs a correction. It
    does not hold where under any the drop is shown to be larger: one is enough, so each is tested at alpha over the
    number of all, those of other strategies and datasets too.
    """
    if gates.max_drop is None or not gates.on_rewrites:
        return []
    answered = {(row.strategy, row.dataset) for row in rows}
    gate = f"a drop of less than {gates.max_drop:g} under every rewrite"
    nothing = [
        GateVerdict(gate, f"{strategy} on {dataset}", None, "no problem of it was rewritten")
        for strategy, dataset in asked
        if (strategy, dataset) not in answered
    ]
    return [*(_judged(gate, row) for row in rows), *nothing]


def _judged(gate: str, row: Robustness) -> GateVerdict:
    name = f"{row.strategy} on {row.dataset}"
    tests = row.margins
    worst = min(tests, key=lambda test: test.limits[0], default=None)
    if worst is None:
        return GateVerdict(gate, name, None, "no rewritten problem has a verdict")
    low, high = worst.limits
    detail = (
        f"{worst.strategy}: {worst.difference:+.3f}, {counted(worst.problems, 'problem', 'problems')}, "
        f"one-sided {1 - ALPHA:.0%} limits {low:+.3f} and {high:+.3f}"
    )
    larger = [test.strategy for test in tests if test.within is False]
    if larger:
        return GateVerdict(gate, name, False, f"{detail}; shown to be larger under {', '.join(larger)}")
    unclear = [test.strategy for test in tests if test.within is None]
    if unclear:
        return GateVerdict(gate, name, None, f"{detail}; not shown to be smaller under {', '.join(unclear)}")
    return GateVerdict(gate, name, True, detail)
