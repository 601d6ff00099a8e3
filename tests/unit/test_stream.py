"""Samples come out of a window: what was given is forgotten, whatever its number."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_humaneval.engine.broker import Broker
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.kept_answers import KeptAnswers
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import EngineError, SharedEngineError
from pytest_humaneval.generating import stream as stream_module
from pytest_humaneval.generating.stream import stream
from pytest_humaneval.plan import Plan
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt, completion_prompt
from pytest_humaneval.sample import Generation, ItemId, Request, Sampling
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.testing import PROBLEMS


class Answering(EngineClient):
    """Answers at once, and notes how much it held."""

    def __init__(self) -> None:
        self.held: dict[str, Request] = {}
        self.most = 0

    def submit(self, requests: Iterable[tuple[str, Request]]) -> None:
        self.held |= dict(requests)
        self.most = max(self.most, len(self.held))

    def take(self, key: str, request: Request) -> Generation:
        self.held.pop(key, None)
        if request.task_id == "Mini/1" and request.sample_index == 3:
            raise EngineError("no")
        if request.task_id == "Mini/10" and request.sample_index == 39:
            raise SharedEngineError("gone")
        return Generation(f"    return {request.sample_index}\n")


def same(problem: Problem) -> Prompt:
    return completion_prompt(problem.prompt)


def plan_of(num_samples: int) -> Plan:
    strategies = (Strategy("one", "", same), Strategy("other", "", same))
    return Plan(
        "mini", "0" * 64, PROBLEMS, strategies, Sampling(0.8), num_samples, (1,), "none", EngineOptions("scripted"),
        Identity("scripted"), SandboxOptions(),
    )  # fmt: skip


def test_no_more_than_a_window_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "WINDOW", 16)
    client = Answering()
    samples = list(stream(plan_of(30), client, lambda item: item.sample_index != 5))
    assert len({sample.item for sample in samples}) == len(samples) == 3 * 2 * 29
    assert client.most <= 16
    assert client.held == {}
    failed = [sample.item for sample in samples if sample.error]
    assert failed == [ItemId("Mini/1", "one", 3), ItemId("Mini/1", "other", 3)]
    assert samples[7].completion == "    return 8\n"


def test_an_engine_that_has_failed_for_all_ends_it() -> None:
    with pytest.raises(SharedEngineError):
        list(stream(plan_of(40), Answering(), lambda _: True))


def test_the_engine_process_forgets_what_was_taken(tmp_path: Path) -> None:
    broker = Broker(KeptAnswers(StoreOptions(str(tmp_path / "store.sqlite"), read=True)))
    request = Request(completion_prompt("a"), Sampling(), 0)
    broker.submit([("key", request)])
    broker.take(block=False)
    broker.finish([("key", Generation("b"))])
    broker.forget(["key", "unknown"])
    assert isinstance(broker.wait_for("key"), EngineError)
    assert broker.missing(["key"]) == []  # the store has it
    assert broker.wait_for("key") == Generation("b")
    broker.close()
