from __future__ import annotations

import importlib
import math
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_distillation import DATA
from tiny_training import SHORT, trained_on

from pytest_humaneval import Problem, Sampling
from soft_prompt.batches import Example, encode
from soft_prompt.checkpoint import load_prompt
from soft_prompt.config import Config
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel, SoftPrompt
from soft_prompt.objectives import Work
from soft_prompt.passing import KeepPassing
from soft_prompt.preference import Preference, pairs_of
from soft_prompt.reward import Reward, group_advantages
from soft_prompt.sampled import Drawn, Sampled
from soft_prompt.shaping import Judged, findings, shaped
from soft_prompt.train import Examples, whole_or_not_at_all
from soft_prompt.watch import read_metrics

MINIMAL = {one.name: one for one in importlib.import_module("pytest_humaneval.strategies").bundled()}["minimal"]
CONFIG = replace(
    SHORT, objective="reward", num_generations=4, max_completion_length=6, max_steps=10, eval_steps=10, batch_size=2,
    gradient_accumulation_steps=1, learning_rate=0.1, kl_coefficient=0.0,
)  # fmt: skip


def capitals(generation: str) -> Judged:
    """What is capitals alone passes."""
    return Judged("", sum(character >= "P" for character in generation) / max(1, len(generation)), len(generation))


class LikesCapitals(Reward):
    """Rewards letters in the upper half of the bytes: noise has them too, and no sandbox is needed."""

    def judge(self, example: Example, generation: str) -> Judged:
        return capitals(generation)


def examples(frozen: FrozenModel) -> Examples:
    train, validation = (
        tuple(encode(problem, MINIMAL, frozen.tokenizer, "tiny") for problem in split)
        for split in (DATA.train, DATA.validation)
    )
    return Examples(train, validation)


def mean_share(objective: Sampled, prompt: SoftPrompt, frozen: FrozenModel, given: Examples) -> float:
    rows = objective.sample(prompt, frozen, given.train * 8, Sampling(temperature=1.0, max_tokens=6), seed=77)
    return sum(objective.judge(given.train[0], row.text).share for row in rows) / len(rows)


@pytest.mark.parametrize("kind", ["plain", "deep", "routed"])
def test_what_is_rewarded_becomes_more_frequent(kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    config = Config(**CONFIG.to_dict() | {"kind": kind})
    objective = LikesCapitals(DATA, MINIMAL, config)
    given = examples(frozen)

    before = mean_share(objective, make_prompt(frozen, config), frozen, given)
    trained_on(frozen, given, objective, config, tmp_path)
    assert mean_share(objective, load_prompt(tmp_path / "last", frozen), frozen, given) > before + 0.05


def test_a_resumed_reward_training_draws_the_same_samples(frozen: FrozenModel, tmp_path: Path) -> None:
    config = replace(CONFIG, max_steps=4, save_steps=2, eval_steps=4)
    given = examples(frozen)
    trained_on(frozen, given, LikesCapitals(DATA, MINIMAL, config), config, tmp_path / "whole")

    class Stops(LikesCapitals):
        def prepare(self, prompt, frozen, examples, step) -> list[Work]:  # type: ignore[no-untyped-def]
            if step == 3:
                raise KeyboardInterrupt
            return super().prepare(prompt, frozen, examples, step)

    with pytest.raises(KeyboardInterrupt):
        trained_on(frozen, given, Stops(DATA, MINIMAL, config), config, tmp_path / "halves")
    trained_on(frozen, given, LikesCapitals(DATA, MINIMAL, config), config, tmp_path / "halves")
    curves = [[one.loss for one in read_metrics(tmp_path / name)] for name in ("whole", "halves")]
    assert curves[0] == curves[1]


def test_the_sandbox_counts_the_assertions_that_hold() -> None:
    test = (
        "def check(candidate):\n    f = candidate\n    assert f(1) == 1\n    assert f(2) == 2\n    assert f(0) == 1\n"
    )
    problem = Problem("MBPP/0", "def f(x):\n", "f", "    return x or 1\n", test)
    data = replace(DATA, train=(problem,))
    example = Example("MBPP/0", "math", (1,), (2,))
    with closing(Reward(data, MINIMAL, CONFIG)) as objective:
        judged = [objective.judge(example, text) for text in ("    return x or 1\n", "    return 1\n", "    retrn\n")]
    assert judged[0].program == "def f(x):\n    return x or 1\n"
    assert [each.share for each in judged] == pytest.approx([1.0, 2 / 3, 0.0])


def test_advantages_are_standard_scores_within_a_group() -> None:
    assert group_advantages([0.0, 1.0, 1.0, 0.0]) == [-1.0, 1.0, 1.0, -1.0]  # mean 0.5, deviation 0.5
    assert group_advantages([0.3, 0.3, 0.3, 0.3]) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("sort", "share", "why"),
    [
        (Reward, 0.5, "all completions of a problem got the same reward (mean reward now 0.50)"),
        (KeepPassing, 0.5, "no completion holds under every assertion (mean reward now 0.50)"),
        (Preference, 1.0, "no problem has both a completion that passes and one that fails (mean reward now 1.00)"),
    ],
)
def test_equal_rewards_move_nothing_and_it_says_why(
    sort: type[Sampled], share: float, why: str, frozen: FrozenModel, tmp_path: Path
) -> None:
    class Indifferent(sort):  # type: ignore[valid-type, misc]
        def judge(self, example: Example, generation: str) -> Judged:
            return Judged("", share, 1)

    said: list[str] = []
    config = replace(CONFIG, max_steps=9, eval_steps=9)
    trained_on(frozen, examples(frozen), Indifferent(DATA, MINIMAL, config, said.append), config, tmp_path)
    assert len(said) == 1
    assert f"nothing could be learned from 5 batches in a row: {why}" in said[0]
    assert torch.equal(load_prompt(tmp_path, frozen).tensors()[""], make_prompt(frozen, config).tensors()[""])


def test_the_penalty_is_nothing_at_the_start_and_pulls_back_later(frozen: FrozenModel) -> None:
    config = replace(CONFIG, kl_coefficient=1.0)
    objective = LikesCapitals(DATA, MINIMAL, config)
    prompt = make_prompt(frozen, config)
    work = objective.prepare(prompt, frozen, examples(frozen).train[:2], 0)[0]
    alone = replace(work, more=replace(work.more, advantages=torch.zeros_like(work.more.reference)))
    assert objective.loss(prompt, frozen, alone).item() == pytest.approx(0.0, abs=1e-4)
    with torch.no_grad():
        prompt.tensors()[""].add_(0.1)
    assert objective.loss(prompt, frozen, alone).item() > 1e-3


def test_several_steps_on_one_batch_go_further_and_are_clipped(frozen: FrozenModel, tmp_path: Path) -> None:
    config = replace(CONFIG, max_steps=1, eval_steps=1, learning_rate=1e-3)
    given = examples(frozen)
    start = make_prompt(frozen, config).tensors()[""]
    moved = []
    for number in (1, 4):
        more = replace(config, num_iterations=number)
        trained_on(frozen, given, LikesCapitals(DATA, MINIMAL, more), more, tmp_path / str(number))
        moved.append(
            float((load_prompt(tmp_path / str(number) / "last", frozen).tensors()[""] - start).detach().norm())
        )
    assert moved[1] > 2 * moved[0] > 0

    objective = LikesCapitals(DATA, MINIMAL, replace(config, num_iterations=2, epsilon=0.1))
    prompt = make_prompt(frozen, config)
    work = objective.prepare(prompt, frozen, given.train[:2], 0)[0]
    facts = work.more
    far = replace(work, more=replace(facts, advantages=torch.ones_like(facts.drawn), drawn=facts.drawn - 1.0))
    assert objective.loss(prompt, frozen, far).detach().item() == pytest.approx(-1.1 * len(facts.drawn), rel=1e-5)
    objective.loss(prompt, frozen, far).backward()
    assert float(prompt.tensors()[""].grad.abs().max()) == 0.0  # e times as likely already: no reason to go on


def test_an_interrupted_batch_is_taken_back(frozen: FrozenModel) -> None:
    start = make_prompt(frozen, CONFIG)
    optimizer = torch.optim.AdamW(start.parameters(), lr=0.1)
    before = start.tensors()[""].detach().clone()
    start.tensors()[""].sum().backward()

    def interrupted() -> None:
        with whole_or_not_at_all(start, optimizer, 3):
            optimizer.step()
            assert not torch.equal(start.tensors()[""], before)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert torch.equal(start.tensors()[""], before)
    assert optimizer.state_dict()["state"] == {}


@pytest.mark.parametrize("kind", [KeepPassing, Preference])
def test_what_passes_becomes_more_frequent(kind: type[Sampled], frozen: FrozenModel, tmp_path: Path) -> None:
    class Capitals(kind):  # type: ignore[misc, valid-type]
        def judge(self, example: Example, generation: str) -> Judged:
            return capitals(generation)

    config = replace(CONFIG, num_generations=8, beta=1.0)
    objective, given = Capitals(DATA, MINIMAL, config), examples(frozen)
    before = mean_share(objective, make_prompt(frozen, config), frozen, given)
    trained_on(frozen, given, objective, config, tmp_path)
    assert mean_share(objective, load_prompt(tmp_path / "last", frozen), frozen, given) > before + 0.05


def test_only_distinct_completions_that_pass_are_kept(frozen: FrozenModel) -> None:
    class Odd(KeepPassing):
        def judge(self, example: Example, generation: str) -> Judged:
            return Judged("", float(len(generation) % 2), 1)

    objective, given = Odd(DATA, MINIMAL, CONFIG), examples(frozen)
    prompt = make_prompt(frozen, CONFIG)
    drawn = [each for group in objective.groups(prompt, frozen, given.train, 3) for each in group]
    kept = {each.example.solution for each in drawn if each.passed}
    works = objective.prepare(prompt, frozen, given.train, 3)
    assert sum(len(work.batch) for work in works if work.weight) == len({e.example for e in drawn if e.passed})
    assert sum(work.weight for work in works) == sum(map(len, kept)) or len(kept) < len(drawn)


def test_pairs_are_of_one_group_and_distinct() -> None:
    def drawn(letter: str, *, passed: bool) -> Drawn:
        return Drawn(Example("MBPP/0", "math", (1,), (ord(letter),)), float(passed), passed)

    a, b, c = drawn("a", passed=True), drawn("b", passed=False), drawn("c", passed=False)
    assert pairs_of([a, a, b, c]) == [(a.example, b.example)]
    assert pairs_of([b, c]) == []


def test_a_preference_starts_at_the_logarithm_of_two(frozen: FrozenModel) -> None:
    class Odd(Preference):
        def judge(self, example: Example, generation: str) -> Judged:
            return Judged("", float(generation[:1] >= "P"), 1)

    objective, given = Odd(DATA, MINIMAL, CONFIG), examples(frozen)
    prompt = make_prompt(frozen, CONFIG)
    works = objective.prepare(prompt, frozen, given.train * 4, 0)
    assert sum(work.weight for work in works) > 0
    loss = sum(objective.loss(prompt, frozen, work).item() for work in works)
    assert loss / sum(work.weight for work in works) == pytest.approx(math.log(2), rel=1e-3)


def test_rewards_are_shaped_by_what_has_a_weight() -> None:
    good = Judged("def f(x):\n    return x\n", 0.5, 100)
    bad = Judged("import os\nimport sys\ndef f(x):\n    return x\n", 0.5, 2_000)
    broken = Judged("def f(x:\n", 0.0, 10)
    assert [shaped(each, CONFIG) for each in (good, bad, broken)] == [0.5, 0.5, 0.0]
    compiled = replace(CONFIG, reward_compile=0.2)
    assert [shaped(each, compiled) for each in (good, broken)] == [0.7, 0.0]
    assert findings(bad.program) >= 2  # two unused imports
    assert shaped(bad, replace(CONFIG, reward_lint=0.5)) == pytest.approx(0.5 - 0.5 * findings(bad.program) / 10)
    short = replace(CONFIG, reward_length=0.1)
    assert [shaped(each, short) for each in (good, bad)] == pytest.approx([0.49, 0.4])


def test_a_completion_cannot_silence_the_linter() -> None:
    assert findings("# ruff: noqa\nimport os  # noqa\n") == 1
