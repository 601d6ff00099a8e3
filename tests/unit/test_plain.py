"""Dataclasses as builtins and back: every one that crosses to another process or lies in a file."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_humaneval.background.service.wanted import Started, Wanted
from pytest_humaneval.background.warm import LingeringEngine
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.marshalling.top_level import TopLevel
from pytest_humaneval.models.find import Model
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Settled
from pytest_humaneval.plugin.config_file import ConfigFile
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Message, Prompt, VirtualTokens
from pytest_humaneval.prompting.experiment import Experiment
from pytest_humaneval.sample import Completion, Generation, Request, Sampling, Solution
from pytest_humaneval.verdict import Verdict

CROSSING = (
    Completion, ConfigFile, EngineOptions, Experiment, Generation, Identity, LingeringEngine, Message,
    Model, Outcome, Problem, Prompt, Request, Sampling, Settled, Solution, Started, TopLevel, Verdict, VirtualTokens,
    Wanted,
)  # fmt: skip

st.register_type_strategy(float, st.floats(allow_nan=False))  # which is not equal to itself


@pytest.mark.parametrize("kind", CROSSING, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_what_crosses_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    assert from_plain(kind, json.loads(json.dumps(to_plain(value))), "here") == value


@dataclass(frozen=True)
class Inner:
    number: int
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    kind: Literal["plain", "deep"]
    inner: Inner
    names: tuple[str, ...] = ()
    pair: tuple[str, int] | None = None


RIGHT = {"kind": "deep", "inner": {"number": 1}, "names": ["a"], "pair": ["b", 2]}


def test_lists_become_tuples_and_what_is_left_out_has_its_default() -> None:
    assert from_plain(Outer, RIGHT, "here") == Outer("deep", Inner(1), ("a",), ("b", 2))


def test_whole_numbers_stay_whole_where_any_number_may_be() -> None:
    sampling = {"max_tokens": 99, "temperature": 0.5}
    back = from_plain(Experiment, json.loads(json.dumps(to_plain(Experiment("e", "chat", sampling=sampling)))), "here")
    assert {name: type(value) for name, value in back.sampling.items()} == {"max_tokens": int, "temperature": float}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"knd": "deep"}, "here: unknown field 'knd'; did you mean 'kind'? known: kind, inner, names, pair"),
        ({"kind": "depe"}, 'here: kind must be one of plain, deep, not "depe"'),
        ({"inner": 7}, "here: inner must be an object, not 7"),
        ({"inner": {}}, "here: inner field 'number' is missing; expected number, share"),
        ({"inner": {"number": "1"}}, 'here: inner.number must be a whole number, not "1"'),
        ({"inner": {"number": True}}, "here: inner.number must be a whole number, not true"),
        ({"names": "a"}, 'here: names must be a list of strings, not "a"'),
        ({"names": ["a", 1]}, 'here: names must be a list of strings, not ["a", 1]'),
        ({"pair": ["b"]}, 'here: pair must be a list of 2, not ["b"]'),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError) as raised:
        from_plain(Outer, RIGHT | change, "here", DatasetError)
    assert str(raised.value) == message


@pytest.mark.parametrize("kind", CROSSING, ids=lambda kind: kind.__name__)
def test_what_is_missing_or_unknown_is_said_of_all_in_the_same_way(kind: type[Any]) -> None:
    with pytest.raises(InputError, match=r"^here: unknown field 'nonsense'; "):
        from_plain(kind, {"nonsense": 1}, "here")
    if needed := [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]:
        with pytest.raises(InputError, match=f"^here: field '{needed[0]}' is missing; expected {fields(kind)[0].name}"):
            from_plain(kind, {}, "here")
