"""What the page says in words and figures around the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.report.analysis import MATRIX_STRATEGIES, Analysis, Looked, analyse, with_stops
from pytest_humaneval.report.baseline import BaselineComparison
from pytest_humaneval.report.likelihood_lines import likelihood_lines
from pytest_humaneval.report.page.summary import Summary
from pytest_humaneval.results.parts import is_pooled, parts_of
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.rows import context_of
from pytest_humaneval.results.sampling import is_replay, sampling_told
from pytest_humaneval.results.scored_solutions import recorded_likelihood
from pytest_humaneval.results.stopping import recorded_stops
from pytest_humaneval.statistics.comparison import compare_pairs, compare_with_reference, passes_of
from pytest_humaneval.statistics.reliability import Reliability, reliability_of
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import context_text


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that people look for first."""

    label: str
    value: str
    note: str


def tiles(results: Results, rows: Sequence[Summary]) -> list[Tile]:
    """Best strategy, problems solved by any, samples and errors, tokens."""
    judged = [outcome for outcome in results.outcomes if not outcome.error]
    tasks = {outcome.task_id for outcome in judged}
    solved = {outcome.task_id for outcome in judged if outcome.passed}
    errors = len(results.outcomes) - len(judged)
    listed = []
    if rows and rows[0].pass_at_1 is not None:
        low_high = rows[0].interval
        interval = f", 95 % interval {low_high[0]:.3f} to {low_high[1]:.3f}" if low_high else ""
        best = "pass@1" if len(rows) == 1 else "best pass@1"
        listed.append(
            Tile(
                best,
                f"{rows[0].pass_at_1:.3f}",
                f"{rows[0].label}{interval}{', ended early' * bool(rows[0].row.stopped)}",
            )
        )
    if len(rows) > 1 and tasks:
        listed.append(
            Tile("solved by any strategy", str(len(solved)), f"of {counted(len(tasks), 'problem', 'problems')}")
        )
    listed.append(
        Tile("samples judged", f"{len(judged):,}", f"{counted(errors, 'error', 'errors')} of engine or sandbox")
    )
    tokens = sum(outcome.completion_tokens for outcome in results.outcomes)
    if tokens:
        listed.append(Tile("tokens", f"{tokens:,}", f"{tokens / len(results.outcomes):.0f} per generation"))
    return listed


def facts(results: Results, problems: Sequence[Problem]) -> list[tuple[str, str]]:
    """What every figure must carry, as far as the run's record says it."""
    run = results.run
    identity, dataset, engine = (run.get(key) or {} for key in ("identity", "dataset", "engine"))
    weights = "sha256 of the samples" if is_replay(run) else "weights"
    pairs = {
        "model": identity.get("model"),
        "samples": engine.get("file") if is_replay(run) else None,
        weights: identity.get("digest"),
        "engine": identity.get("engine"),
        "sampling": _sampling(results),
        "problems": f"{len(problems)} of {dataset['name']}" if dataset.get("name") else str(len(problems)),
        "dataset sha256": dataset.get("sha256"),
        "post-processing": run.get("postprocess"),
        "likelihood": " ".join(likelihood_lines(recorded_likelihood(run.get("likelihood")), 10_000)).removeprefix(
            "likelihood "
        ),
        "started": run.get("started"),
        "finished": run.get("finished"),
        "pytest-humaneval": (run.get("versions") or {}).get("pytest-humaneval"),
        "source": str(results.source) if not run else None,
    }
    return [(name, str(value)) for name, value in pairs.items() if value]


@dataclass(frozen=True, slots=True)
class Compared:
    """Comparisons of strategies with each other, for a table, and what they could have shown."""

    comparisons: Sequence[Mapping[str, Any]]
    detectable: Mapping[str, Any] | None


def compared(results: Results) -> Compared | None:
    """All pairs of strategies, or of many each against the reference; from the record where it has them.

    Of several datasets one after the other, each with its name.
    """
    strategies = len(results.strategies)
    if strategies < 2 or "stop" in results.run:
        return None
    few = strategies <= MATRIX_STRATEGIES
    parts = parts_of(results.outcomes, pool=is_pooled(results.run))
    if not any(parts):
        recorded = results.run.get("pairs" if few else "with_reference")
        return _compared(recorded if _is_whole(recorded) else _made(results.outcomes, few))
    made = {name: _compared(_made(some, few)) for name, some in parts.items()}
    return Compared(
        [
            {**comparison, "first": f"{comparison['first']} on {name}"}
            for name, of_part in made.items()
            if of_part is not None
            for comparison in of_part.comparisons
        ],
        None,
    )


def _made(outcomes: Sequence[Outcome], few: bool) -> Any:
    passes = passes_of(outcomes)
    made = Analysis(compare_pairs(passes)) if few else Analysis((), compare_with_reference(passes))
    return made.to_json().get("pairs" if few else "with_reference")


def _is_whole(recorded: Any) -> bool:
    """Whether a record's comparisons are what ours has: another program's, or a damaged one, is made anew."""
    number = int | float
    words, counts, figures = ("first", "second"), ("better", "worse"), ("difference", "p", "p_holm")
    shape: dict[str, Any] = {
        **dict.fromkeys(words, str),
        **dict.fromkeys(counts, int),
        **dict.fromkeys(figures, number),
    }
    try:
        every = all(
            len(comparison["interval"]) == 2
            and all(isinstance(each, number) for each in comparison["interval"])
            and all(isinstance(comparison[name], kind) for name, kind in shape.items())
            for comparison in recorded["comparisons"]
        )
        seen = recorded.get("detectable") or {"difference": None, "problems": 0}
        return every and isinstance(seen["difference"], number | None) and isinstance(seen["problems"], int)
    except (TypeError, KeyError, AttributeError):
        return False


def _compared(recorded: Any) -> Compared | None:
    return Compared(recorded["comparisons"], recorded.get("detectable")) if recorded else None


def changes(results: Results, baseline: Results | None) -> BaselineComparison | None:
    """What is new since the baseline; of several datasets one after the other, each with its name."""
    if baseline is None:
        return None
    analysis = analyse(results, baseline, Looked(pool=is_pooled(results.run), pairs=False))
    if not analysis.parts:
        return with_stops(analysis, recorded_stops(results.run.get("stopping"))).baseline
    made = {name: part.baseline for name, part in analysis.parts.items() if part.baseline is not None}
    return BaselineComparison(
        str(baseline.source),
        tuple(
            replace(comparison, first=f"{comparison.first} on {name}")
            for name, of in made.items()
            for comparison in of.comparisons
        ),
        tuple(dict.fromkeys(note for of in made.values() for note in of.notes)),
        churn=tuple(
            replace(change, strategy=f"{change.strategy} on {name}") for name, of in made.items() for change in of.churn
        ),
    )


def reliability(results: Results, ks: Sequence[int]) -> list[Reliability]:
    """Of strategies with several samples of a problem; of several datasets one after the other, each with its name."""
    return [
        replace(row, strategy=f"{row.strategy} on {name}") if name else row
        for name, some in parts_of(results.outcomes, pool=is_pooled(results.run)).items()
        for row in reliability_of(some, ks)
    ]


def _sampling(results: Results) -> str:
    try:
        return sampling_told(results.run) + context_text(context_of(results.outcomes))
    except (InputError, TypeError, KeyError, ValueError, AttributeError):  # there is no record, or another version's
        return ""
