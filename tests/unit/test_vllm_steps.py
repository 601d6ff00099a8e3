"""How requests are handed on to vLLM, which a stand-in plays here; the real one is in tests/contract."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_humaneval import Sampling, completion_prompt
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.vllm import PROMPT_TOKENS_OF_A_STEP, VllmEngine
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.models.find import Model
from pytest_humaneval.sample import Request

REQUEST = Request(completion_prompt("x"), Sampling(), 0)
LARGE = PROMPT_TOKENS_OF_A_STEP // 2 - 1  # tokens: three of them make a step


class Scheduler:
    """Takes requests, and finishes nothing."""

    def __init__(self) -> None:
        self.aborted: list[str] = []
        self.steps = 0

    def step(self) -> list[Any]:
        self.steps += 1
        return []

    def abort_request(self, keys: list[str]) -> None:
        self.aborted += keys

    def reset_prefix_cache(self) -> None:
        """Nothing is in it."""


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that vLLM was given; keys that begin with "bad" and "odd" it refuses."""
    keys: list[str] = []

    def add(engine: VllmEngine, key: str, request: Request) -> int:
        if key.startswith("bad"):
            raise EngineError("no")
        if key.startswith("odd"):
            raise ValueError("odd")
        keys.append(key)
        return LARGE

    monkeypatch.setattr(VllmEngine, "_add", add)
    return keys


def made(scheduler: Scheduler, *, cpu: bool) -> VllmEngine:
    engine = VllmEngine(EngineOptions(), Model("m", "sha256:0", "directory"), print)
    engine._llm, engine._cpu = scheduler, cpu
    return engine


def submit(engine: VllmEngine, *keys: str) -> None:
    engine.submit([(key, REQUEST) for key in keys])


def test_a_cpu_begins_a_step_of_prompts_at_a_time_in_their_order(scheduler: Scheduler, begun: list[str]) -> None:
    engine = made(scheduler, cpu=True)
    submit(engine, *"abcdefgh")
    after_each = []
    for _ in range(4):
        assert not list(engine.poll())
        after_each.append("".join(begun))
    assert after_each == ["abc", "abcdef", "abcdefgh", "abcdefgh"]
    assert scheduler.steps == 4


def test_a_gpu_gets_all_at_once(scheduler: Scheduler, begun: list[str]) -> None:
    engine = made(scheduler, cpu=False)
    submit(engine, *"abcdefgh")
    engine.poll()
    assert begun == list("abcdefgh")


def test_what_is_refused_is_answered_and_the_others_go_on(scheduler: Scheduler, begun: list[str]) -> None:
    engine = made(scheduler, cpu=True)
    submit(engine, "a", "bad", "odd", "b")
    answers = dict(engine.poll())
    assert begun == ["a", "b"]
    assert {key: str(answer) for key, answer in answers.items()} == {
        "bad": "no",
        "odd": "vLLM does not accept this request: ValueError: odd",
    }


def test_a_reset_aborts_what_was_begun_and_forgets_the_rest(scheduler: Scheduler, begun: list[str]) -> None:
    engine = made(scheduler, cpu=True)
    submit(engine, *"abcdefgh")
    engine.poll()
    engine.reset()
    assert sorted(scheduler.aborted) == ["a", "b", "c"]
    engine.poll()
    assert begun == ["a", "b", "c"]
    assert not engine._submitted
