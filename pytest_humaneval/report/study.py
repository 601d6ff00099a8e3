"""What ``python -m pytest_humaneval plan`` says: how many problems a question takes, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.report.texttable import duration, wrapped
from pytest_humaneval.results.history import HistoryLine, seconds_per_answer
from pytest_humaneval.results.read import Results
from pytest_humaneval.statistics.margin_sizing import problems_for_margin
from pytest_humaneval.statistics.metrics import wilson_interval
from pytest_humaneval.statistics.paired import ALPHA, POWER, detectable
from pytest_humaneval.statistics.sizing import (
    problems_for_difference,
    problems_for_figure_width,
    problems_for_width,
    smallest_margin,
    with_samples,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a study is to show; at least one of ``difference``, ``width`` and ``margin`` is asked for.

    ``discordance`` is the share of problems that differ between two runs with one sample, ``samples`` how many samples
    of each problem are drawn.
    """

    difference: float | None = None
    width: float | None = None
    margin: float | None = None
    discordance: float = 0.2
    power: float = POWER
    samples: int = 1

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: nothing is asked, or fewer problems differ than there is difference.
        """
        if self.difference is None and self.width is None and self.margin is None:
            raise InputError("plan: say what is to be shown: give --difference, --width or --margin")
        if self.difference is not None and self.difference > self.discordance:
            raise InputError(
                f"--difference={self.difference:g} is more than --discordance={self.discordance:g}, the share of "
                "problems that differ at all; give a larger --discordance"
            )


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer took in a former run: tokens, and where it tells, seconds of the whole batch per answer."""

    source: str
    engine: str
    answers: int
    tokens: float
    seconds: float | None


def cost_of(run: Results) -> Cost | None:
    """What the answers of a run took; None where it generated nothing, as with replayed samples."""
    made = [outcome for outcome in run.outcomes if outcome.completion_tokens]
    if not made:
        return None
    process = run.run.get("engine_process")
    process = process if isinstance(process, dict) else {}
    tokens = sum(outcome.completion_tokens for outcome in made) / len(made)
    each = seconds_per_answer(process, tokens)
    return Cost(run.source, str(run.run.get("identity", {}).get("engine", "an engine")), len(made), tokens, each)


def cost_of_last(lines: Sequence[HistoryLine]) -> Cost | None:
    """What the answers of the last run took that generated some; None where there is none."""
    for line in reversed(lines):
        if line.tokens and line.samples:
            source = f"the run of {line.started} with {line.strategy}"
            return Cost(source, line.engine, line.samples, line.tokens / line.samples, line.seconds)
    return None


def study_lines(question: Question, dataset: str, available: int, cost: Cost | None, width: int) -> list[str]:
    """The answer, in lines of at most ``width``.

    Raises:
        InputError: a question that cannot be.
    """
    question.check()
    assumed = f"{question.discordance:.0%} of the problems differ between two runs with one sample each"
    lines = wrapped(assumed, width, "assumed   ")
    most = 0
    for what, problems in _needs(question):
        lines += wrapped(f"{what}: {_problems(problems, question.samples)}", width, "needs     ")
        most = max(most, problems)
    lines += wrapped(_best(question, dataset, available), width, "there is  ")
    return [*lines, *wrapped(_costs(most, question.samples, cost), width, "costs     ")]


def _needs(question: Question) -> Iterator[tuple[str, int]]:
    power, share = question.power, question.discordance
    if question.difference is not None:
        goal = f"a true difference of {question.difference:g}, detected with {power:.0%} power at alpha {ALPHA:g}"
        yield goal, problems_for_difference(question.difference, share, power=power)
    if question.width is not None:
        yield f"a difference, to a 95 % interval of width {question.width:g}", problems_for_width(question.width, share)
        yield f"a pass@1, to a 95 % interval of width {question.width:g}", problems_for_figure_width(question.width)
    if question.margin is not None:
        goal = f"a drop of {question.margin:g}, ruled out with {power:.0%} power if nothing has really changed"
        yield goal, problems_for_margin(question.margin, share, power=power)


def _problems(problems: int, samples: int) -> str:
    if samples == 1:
        return f"{problems:,} problems, one sample each"
    fewest, most = with_samples(problems, samples)
    return (
        f"{fewest:,} to {most:,} problems with {samples} samples each, fewer the more of the disagreement is sampling "
        f"noise; {problems:,} with one sample"
    )


def _best(question: Question, dataset: str, available: int) -> str:
    smallest = detectable(available, question.discordance, power=question.power)
    low, high = wilson_interval(available / 2, available)
    parts = [
        f"a difference of {smallest:.3f}" if smallest is not None else "no difference",
        f"a margin of {smallest_margin(available, question.discordance, power=question.power):.3f}",
    ]
    return (
        f"{dataset} with {available:,} problems, which with one sample each and {question.power:.0%} power can show "
        f"{' and '.join(parts)}; a pass@1 of 0.5 is known to within {(high - low) / 2:.3f}"
    )


def _costs(problems: int, samples: int, cost: Cost | None) -> str:
    answers = problems * samples
    amount = f"at most {answers:,} answers per strategy"
    if cost is None:
        return f"{amount}; give --like=DIR, a folder of --humaneval-output, for an estimate of what they take"
    amount += f", about {round(answers * cost.tokens):,} tokens"
    if cost.seconds is not None:
        amount += f" and {duration(answers * cost.seconds)}"
    return f"{amount}, judging by the {cost.answers:,} answers of {cost.source} on {cost.engine}"
