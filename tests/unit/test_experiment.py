from __future__ import annotations

import pytest

from pytest_humaneval import Problem, Sampling, Strategy, completion_prompt
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.exceptions import InputError, StrategyError
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin.listing import experiment_lines
from pytest_humaneval.prompting.experiment import Experiment, select_experiments
from pytest_humaneval.sandbox.interface import SandboxOptions

CHAT = Strategy("chat", "asks a chat model", lambda problem: completion_prompt(""), "chat", "post_v5")
RUN = Sampling(temperature=0.2, top_p=0.9, max_tokens=100, seed=3)
OFF = Experiment("off", "chat", enabled=False)
WARM = Experiment("warm", "chat", "warmer", True, "none", {"temperature": 0.8}, 4)


def test_an_experiment_is_its_strategy_under_another_name() -> None:
    derived = WARM.derive({"chat": CHAT}, RUN, "auto")
    assert (derived.name, derived.base, derived.description) == ("warm", "chat", "warmer")
    assert (derived.build_prompt, derived.mode, derived.postprocess) == (CHAT.build_prompt, "chat", "none")
    assert derived.sampling == Sampling(temperature=0.8, top_p=0.9, max_tokens=100, seed=3)
    assert derived.num_samples == 4


@pytest.mark.parametrize(
    ("own", "run", "effective"),
    [
        (None, "auto", "post_v5"),
        (None, "post_v1", "post_v1"),
        ("auto", "post_v1", "post_v5"),
        ("none", "post_v1", "none"),
    ],
)
def test_an_experiment_s_post_processor_goes_before_the_run_s(own: str | None, run: str, effective: str) -> None:
    assert Experiment("e", "chat", postprocess=own).derive({"chat": CHAT}, RUN, run).postprocess == effective


def test_what_the_command_line_gives_is_left_to_it() -> None:
    left = WARM.without({"temperature", "num-samples", "postprocess", "model"})
    assert left == Experiment("warm", "chat", "warmer")


def test_an_unknown_strategy_gets_near_ones() -> None:
    with pytest.raises(StrategyError, match="experiment 'e': unknown strategy 'chta'; did you mean 'chat'"):
        Experiment("e", "chta").derive({"chat": CHAT}, RUN, "auto")


def test_all_are_those_that_are_enabled_and_a_name_is_taken_at_its_word() -> None:
    assert select_experiments([OFF, WARM], ["all"]) == (WARM,)
    assert select_experiments([OFF, WARM], ["warm, off", "warm"]) == (OFF, WARM)
    assert select_experiments([OFF, WARM], ["all", "off"]) == (OFF, WARM)


@pytest.mark.parametrize(
    ("experiments", "asked", "message"),
    [
        ([WARM], "wram", "unknown experiment 'wram'; did you mean 'warm'. known: warm"),
        ([], "warm", "unknown experiment 'warm'; known: none, the file has no"),
        ([OFF], "all", "no experiment is enabled or named; known: off"),
        ([WARM], ",", "no experiment is enabled or named"),
    ],
)
def test_nothing_to_run_is_an_error(experiments: list[Experiment], asked: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        select_experiments(experiments, [asked])


def test_the_list_says_what_each_one_sets() -> None:
    assert experiment_lines([OFF, WARM]) == [
        "experiment  enabled  strategy  post-processing  sampling                    description",
        "off         no       chat      -                -",
        "warm        yes      chat      none             temperature 0.8, samples 4  warmer",
    ]


def test_experiments_that_ask_the_same_share_one_generation() -> None:
    problem = Problem("T/0", "def f():\n", "f", "", "")
    experiments = [
        Experiment("a", "plain"),
        Experiment("b", "plain", postprocess="none", num_samples=3),
        Experiment("c", "plain", sampling={"seed": 3, "max_tokens": 100}),
        Experiment("d", "plain", sampling={"max_tokens": 99}),
    ]
    plain = Strategy("plain", "", lambda problem: completion_prompt(problem.prompt))
    derived = tuple(one.derive({"plain": plain}, RUN, "auto") for one in experiments)
    plan = Plan(
        "T", "", (problem,), derived, RUN, 1, (1,), "auto", EngineOptions(), Identity("e", "m", "d"), SandboxOptions()
    )
    a, b, c, d = (plan.request(problem, strategy, 0)[0] for strategy in derived)
    assert a == b == c != d
    assert plan.request(problem, derived[1], 1)[0] != b
