from __future__ import annotations

import pytest

from pytest_humaneval import Problem, Strategy, completion_prompt
from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.prompting.registry import register, select_strategies


def named(name: str) -> Strategy:
    return Strategy(name, "", lambda problem: completion_prompt(problem.prompt))


KNOWN = register([named("minimal"), named("chat"), named("expert_v00")])


def test_strategies_are_in_the_order_of_their_names() -> None:
    assert list(KNOWN) == ["chat", "expert_v00", "minimal"]


def test_selection_takes_commas_repetitions_and_all() -> None:
    assert [one.name for one in select_strategies(KNOWN, ["minimal, chat", "chat"])] == ["chat", "minimal"]
    assert [one.name for one in select_strategies(KNOWN, ["all"])] == list(KNOWN)


def test_an_unknown_name_gets_near_ones_and_the_list() -> None:
    with pytest.raises(StrategyError, match="unknown strategy 'expert_v0'; did you mean 'expert_v00'"):
        select_strategies(KNOWN, ["expert_v0"])


def test_an_empty_selection_is_an_error() -> None:
    with pytest.raises(StrategyError, match="no name given"):
        select_strategies(KNOWN, [","])


def test_two_of_one_name_are_an_error() -> None:
    with pytest.raises(StrategyError, match="two strategies are named 'chat'"):
        register([named("chat"), named("chat")])


@pytest.mark.parametrize("name", ["", "all", "a b", "a,b", "a[b", "soft:x"])
def test_names_that_could_not_be_selected_are_refused(name: str) -> None:
    with pytest.raises(StrategyError, match="cannot be the name of a strategy"):
        register([named(name)])


def test_what_is_no_strategy_is_refused() -> None:
    with pytest.raises(StrategyError, match="not a Strategy"):
        register([lambda problem: problem])  # type: ignore[list-item]


def test_what_other_plugins_show_of_an_item_is_short_and_hides_what_is_hidden() -> None:
    hidden = Problem("T/0", "def f():\n", "f", "    the_solution\n", "the_test")
    assert repr(hidden) == "Problem('T/0')"
    assert repr(Strategy("minimal", "", lambda problem: completion_prompt(problem.prompt))) == "Strategy('minimal')"
