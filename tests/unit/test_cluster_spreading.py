"""Requests on several engines: each is answered once, whatever dies."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.cluster import spreading
from pytest_humaneval.cluster.spreading import LOSSES, Spread
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.sample import Generation, Request, Sampling

REQUEST = Request(completion_prompt("def f():"), Sampling(), 0)


def keys_of(batch: Sequence[tuple[str, object]]) -> list[str]:
    return [key for key, _ in batch]


EVENTS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["ask", "answer", "die"])), max_size=60)


@given(st.integers(0, 30), EVENTS)
def test_every_request_is_answered_once(count: int, events: list[tuple[int, str]]) -> None:
    spread, held = Spread(), {engine: list[str]() for engine in range(3)}
    spread.submit((str(number), REQUEST) for number in range(count))
    answered: list[str] = []
    for engine, event in events:
        if event == "ask":
            held[engine] += keys_of(spread.take(engine, 3))
        elif event == "answer" and held[engine]:
            answered += keys_of(spread.settle(engine, [(held[engine].pop(0), Generation("x"))]))
        elif event == "die":
            answered += keys_of(spread.lose(engine, "gone"))
            held[engine] = []
    for engine in range(3):
        for _ in range(count + 1):
            answered += keys_of(spread.settle(engine, [(key, Generation("x")) for key in held[engine]]))
            held[engine] = keys_of(spread.take(engine, 3))
    assert sorted(answered, key=int) == [str(number) for number in range(count)]


def test_few_requests_are_shared_out_and_many_fill_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "WINDOWS", (4,))
    spread = Spread()
    spread.submit((str(number), REQUEST) for number in range(5))
    assert [keys_of(spread.take(engine, 2)) for engine in (0, 1, 0)] == [["0", "1", "2"], ["3", "4"], []]
    spread.submit((str(number), REQUEST) for number in range(5, 20))
    assert keys_of(spread.take(0, 2)) == ["5"]


def test_what_an_engine_had_comes_first_and_late_answers_do_not_count() -> None:
    spread = Spread()
    spread.submit([("a", REQUEST), ("b", REQUEST), ("c", REQUEST)])
    assert keys_of(spread.take(0, 2)) == ["a", "b"]
    assert spread.lose(0, "gone") == []
    assert spread.settle(0, [("a", Generation("late"))]) == []
    assert keys_of(spread.take(1, 1)) == ["a", "b", "c"]


@given(st.integers(1, 1200), st.data())
def test_a_request_that_ends_engines_is_the_only_one_that_fails(count: int, data: st.DataObject) -> None:
    bad = str(data.draw(st.integers(0, count - 1)))
    spread, ended = Spread(), 0
    spread.submit((str(number), REQUEST) for number in range(count))
    failed: list[str] = []
    answered: list[str] = []
    held = {engine: list[str]() for engine in range(3)}
    while len(answered) + len(failed) < count:
        engine = data.draw(st.sampled_from(range(3)))
        held[engine] += keys_of(spread.take(engine, 3))
        if bad in held[engine]:
            failed += keys_of(spread.lose(engine, "killed"))
            held[engine], ended = [], ended + 1
        else:
            given, held[engine] = held[engine][:200], held[engine][200:]
            answered += keys_of(spread.settle(engine, [(key, Generation("x")) for key in given]))
    assert (failed, ended) == ([bad], LOSSES)


def test_a_request_over_which_engines_keep_ending_is_an_error() -> None:
    spread = Spread()
    spread.submit([("a", REQUEST)])
    for engine in range(LOSSES - 1):
        spread.take(engine, 1)
        assert spread.lose(engine, "killed") == []
    spread.take(LOSSES, 1)
    ((key, error),) = spread.lose(LOSSES, "killed")
    assert key == "a"
    assert isinstance(error, EngineError)
    assert str(error) == f"{LOSSES} engines ended over it: killed"
