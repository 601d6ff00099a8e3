"""Probes, each the same figure of two sets of problems: those in question, and a control.

What only one set shows can have another reason than memory: each probe says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pytest_humaneval.contamination.statement_ranks import StatementRanks, Versions, statement_ranks
from pytest_humaneval.engine.text_reading import Reading
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewrite_catalogue import BUNDLED
from pytest_humaneval.statistics.excess_drop import LIMIT, drops
from pytest_humaneval.statistics.paired import ALPHA, holm
from pytest_humaneval.statistics.two_samples import TwoSamples, two_samples

READS = ("meaningful-names", "layout", "numerals", "rephrased")  # whose words may be as likely as the original's
MOST_TOKENS = 32  # that have to be reproduced; more tells no more

ReadTexts = Callable[[Sequence[str]], Sequence[Reading]]
Readings = Mapping[str, Reading]

DROP = "drop under rewrites"
STATEMENT = "continued statement"
SOLUTION = "continued solution"
LIKELIHOOD = "likelier than rewritten"
RANK = "rank among rewrites"
LIMITS = {
    DROP: LIMIT,
    STATEMENT: "short and formulaic statements can be continued without having been seen; a model that saw a "
    "paraphrase is not found",
    SOLUTION: "a model that solves a problem as its author did reproduces the solution without having seen it: read "
    "this with the continued statement",
    LIKELIHOOD: "rules make stiff sentences, which are less likely to any model: only what exceeds the control counts, "
    "and only if the rules fit both sets alike",
    RANK: "as of the probe before, of which it is the part that no single very likely statement decides",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One probe's answer: the set in question (``first``) against the control; p corrected for all that were made."""

    probe: str
    figure: TwoSamples
    p_holm: float

    @property
    def flagged(self) -> bool:
        """Whether the set in question shows more than the control, beyond chance."""
        return self.p_holm < ALPHA


@dataclass(frozen=True, slots=True)
class ReadProbes:
    """The probes that need a model that reads, and the ranks of statements in the set in question and the control."""

    figures: Mapping[str, TwoSamples]
    ranks: tuple[StatementRanks | None, StatementRanks | None]


def read_probes(problems: Sequence[Problem], control: Sequence[Problem], read: ReadTexts) -> ReadProbes:
    """Have the model read all texts, once."""
    sets = (problems, control)
    texts = list(dict.fromkeys(text for problem in (*problems, *control) for text in _texts(problem)))
    readings = dict(zip(texts, read(texts), strict=True))
    ours, theirs = (_versions(members, readings) for members in sets)
    probed: dict[str, TwoSamples | None] = {
        STATEMENT: two_samples(*(_continued(members, readings, _in_statement) for members in sets)),
        SOLUTION: two_samples(*(_continued(members, readings, _in_solution) for members in sets)),
        LIKELIHOOD: two_samples(*([each.gain for each in versions] for versions in (ours, theirs))),
        RANK: two_samples(*([each.share_behind for each in versions] for versions in (ours, theirs))),
    }
    figures = {name: figure for name, figure in probed.items() if figure is not None}
    return ReadProbes(figures, (statement_ranks(ours), statement_ranks(theirs)))


def drop_probe(outcomes: Iterable[Outcome], control: Iterable[Outcome]) -> TwoSamples | None:
    """What rewrites cost each problem, of runs with rewritten problems; all strategies together.

    Only strategies and rewrites that both have count: what costs anybody more would else look like memory.
    """
    sides = [list(outcomes), list(control)]
    strategies, rewrites = (
        set.intersection(*({getattr(each, key) for each in side} for side in sides)) for key in ("strategy", "rewrite")
    )
    alike = ([each for each in side if each.strategy in strategies] for side in sides)
    return two_samples(*(list(drops(side, rewrites).values()) for side in alike))


def findings(figures: Mapping[str, TwoSamples]) -> list[Finding]:
    """All probes, with their p-values corrected for being several (Holm)."""
    corrected = holm([figure.p for figure in figures.values()])
    return [Finding(name, figure, p) for (name, figure), p in zip(figures.items(), corrected, strict=True)]


def _texts(problem: Problem) -> Iterator[str]:
    """All texts of a problem that are read."""
    yield _whole(problem)
    yield problem.prompt
    yield from (rewritten.prompt for rewritten in _rewritten(problem))


def _whole(problem: Problem) -> str:
    return problem.program(problem.canonical_solution)


def _continued(problems: Sequence[Problem], readings: Readings, place: Callable[[Problem], int]) -> list[float]:
    """Of each problem, the share of the tokens from a place on that are reproduced, in a row."""
    return [
        _in_a_row(readings[_whole(problem)], place(problem))
        for problem in problems
        if problem.canonical_solution.strip()
    ]


def _in_statement(problem: Problem) -> int:
    return len(problem.prompt) // 2


def _in_solution(problem: Problem) -> int:
    return len(problem.prompt) + len(problem.canonical_solution) // 4


def _in_a_row(reading: Reading, place: int) -> float:
    likeliest = [good for start, good in zip(reading.starts, reading.likeliest, strict=True) if start >= place]
    compared = likeliest[:MOST_TOKENS]
    return (compared.index(False) if False in compared else len(compared)) / max(len(compared), 1)


def _versions(problems: Sequence[Problem], readings: Readings) -> list[Versions]:
    """Of each problem that has rewritten prompts, the log-probabilities per token."""
    versions = []
    for problem in problems:
        if others := [fmean(readings[rewritten.prompt].logprobs) for rewritten in _rewritten(problem)]:
            versions.append(Versions(fmean(readings[problem.prompt].logprobs), tuple(others)))
    return versions


def _rewritten(problem: Problem) -> Iterator[Problem]:
    for name in READS:
        rewritten = BUNDLED[name].apply(problem, 0, lambda problem, calls: [None for _ in calls])
        if rewritten is not None:
            yield rewritten
