"""The probes' figures, worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.contamination.probe_report import probe_lines
from pytest_humaneval.contamination.probes import drop_probe, findings, read_probes
from pytest_humaneval.contamination.statement_ranks import Versions, statement_ranks
from pytest_humaneval.engine.text_reading import Reading
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.statistics.two_samples import two_samples


def problem(number: int) -> Problem:
    prompt = f'def add{number}(a, b):\n    """Return the sum of two integers."""\n'
    return Problem(f"Mine/{number}", prompt, f"add{number}", "    return a + b\n", "")


def outcome(task: str, rewrite: str, passed: bool) -> Outcome:
    task_id = f"{task}+{rewrite}" if rewrite else task
    kind = "passed" if passed else "assertion"
    return Outcome(task_id, "minimal", 0, kind=kind, original=task if rewrite else "", rewrite=rewrite)


def test_a_difference_is_tested_by_dividing_anew() -> None:
    found = two_samples([1.0] * 6, [0.0] * 6)
    assert found is not None
    assert (found.difference, found.interval) == (1.0, (1.0, 1.0))
    assert found.p == pytest.approx(1 / 924, abs=0.001)  # of 12 over 6 divisions one is as large
    same = two_samples([0.5, 0.25], [0.25, 0.5])
    assert same is not None
    assert same.p > 0.5
    assert two_samples([1.0], [0.0, 0.0]) is None


def test_what_is_reproduced_is_counted_in_a_row() -> None:
    seen = [problem(number) for number in range(6)]
    others = [problem(number + 100) for number in range(6)]

    def read(texts: Sequence[str]) -> list[Reading]:
        """Knows by heart what is about a single digit; of all else the first two tokens of ten."""
        made = []
        for text in texts:
            known = any(text == one.prompt + one.canonical_solution for one in seen)
            places = range(len(text) - 1)
            logprob = -0.1 if known or any(text == one.prompt for one in seen) else -2.0
            made.append(
                Reading(
                    tuple(places), tuple(logprob for _ in places), tuple(known or place % 10 < 2 for place in places)
                )
            )
        return made

    probes = read_probes(seen, others, read)
    found = {one.probe: one for one in findings(probes.figures)}
    assert found["continued statement"].figure.first == 1.0
    assert found["continued statement"].figure.second < 0.1
    assert found["likelier than rewritten"].figure.first == pytest.approx(1.9)
    assert found["likelier than rewritten"].figure.second == 0.0
    assert (found["rank among rewrites"].figure.first, found["rank among rewrites"].figure.second) == (1.0, 0.5)
    assert all(one.flagged for one in found.values())
    ours, theirs = probes.ranks
    assert ours is not None
    assert theirs is not None
    assert (ours.first, ours.mean_rank) == (6, 1.0)
    assert ours.gain == pytest.approx(1.9)
    assert ours.p == pytest.approx(2 / 2**6)  # of all choices of signs, two are as far from 0
    assert (theirs.first, theirs.gain, theirs.p, theirs.interval) == (0, 0.0, 1.0, None)
    told = " ".join(" ".join(probe_lines(list(found.values()), "mine", "others", 200, probes.ranks)).split())
    assert "mine: the statement as it is is the likeliest of its versions in 6 of 6 problems, rank 1.00 of " in told
    assert "+1.9000 nats per token over the mean of its rewrites, p 0.031 of the exact sign-flip test" in told


def test_a_drop_counts_beyond_the_controls() -> None:
    ours = [outcome(f"A/{n}", rewrite, not rewrite) for n in range(8) for rewrite in ("", "typos", "layout")]
    control = [outcome(f"B/{n}", rewrite, True) for n in range(8) for rewrite in ("", "typos")]
    found = drop_probe(ours, control)
    assert found is not None
    assert (found.first, found.second, found.first_problems) == (1.0, 0.0, 8)
    assert found.p < 0.001
    assert drop_probe(control, [one for one in control if not one.rewrite]) is None


def test_a_drop_is_that_of_rewrites_and_strategies_that_both_runs_have() -> None:
    costly = [outcome(f"A/{n}", rewrite, rewrite != "layout") for n in range(8) for rewrite in ("", "typos", "layout")]
    worse = [replace(one, strategy="worse", kind="assertion") for one in costly if one.rewrite]
    worse += [replace(one, strategy="worse") for one in costly if not one.rewrite]
    control = [outcome(f"B/{n}", rewrite, True) for n in range(8) for rewrite in ("", "typos")]
    for ours, theirs in ((costly + worse, control), (control, costly + worse)):
        found = drop_probe(ours, theirs)
        assert found is not None
        assert (found.first, found.second) == (0.0, 0.0)
    assert drop_probe(worse, control) is None


logprobs = st.floats(-20, 0)


@given(st.lists(st.tuples(logprobs, st.lists(logprobs, min_size=1, max_size=4)), min_size=1, max_size=8))
def test_ranks_and_gains_turn_round_with_the_sign(drawn: list[tuple[float, list[float]]]) -> None:
    versions = [Versions(original, tuple(others)) for original, others in drawn]
    turned = [Versions(-each.original, tuple(-other for other in each.rewritten)) for each in versions]
    for one, other in zip(versions, turned, strict=True):
        assert one.share_behind + other.share_behind == pytest.approx(1)
        assert 1 <= one.rank <= len(one.rewritten) + 1
    made, back = statement_ranks(versions), statement_ranks(turned)
    assert made is not None
    assert back is not None
    assert made.gain == pytest.approx(-back.gain)
    assert made.p == pytest.approx(back.p)


def test_there_are_no_ranks_without_rewrites() -> None:
    assert statement_ranks([]) is None
