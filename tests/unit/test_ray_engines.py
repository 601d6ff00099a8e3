"""Several engines on a cluster as one, with a Ray that runs everything at once in this process."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_humaneval.cluster import ray_engines
from pytest_humaneval.cluster.ray_cluster import package_version
from pytest_humaneval.cluster.ray_engines import EngineOnNode, RayEngines, check_engine, open_on_ray
from pytest_humaneval.engine.catalogue import identify
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.sample import Generation
from pytest_humaneval.testing import collect, request_for

OPTIONS = EngineOptions(name="scripted")
KEY = identify(OPTIONS)[0].key
VERSION = package_version()


class RayError(Exception):
    """An actor is gone."""


@dataclass
class FakeRay:
    """What is used of Ray. A call runs when its result is asked for; ``fate`` may raise in its place."""

    fate: Callable[[int, str], None] = lambda actor, method: None
    resources: tuple[dict[str, float], ...] = ({"CPU": 1.0}, {"CPU": 1.0}, {})
    made: list[Any] = field(default_factory=list)
    asked_for: dict[str, Any] = field(default_factory=dict)
    killed: list[Any] = field(default_factory=list)
    exceptions = SimpleNamespace(RayError=RayError)

    def remote(self, **settings: Any) -> Callable[[type], Any]:
        self.asked_for = settings
        return lambda kind: SimpleNamespace(remote=lambda *arguments: self._actor(kind(*arguments)))

    def _actor(self, thing: Any) -> Any:
        number = len(self.made)

        def method(name: str) -> Any:
            def call(*arguments: Any) -> Any:
                self.fate(number, name)
                return getattr(thing, name)(*arguments)

            return SimpleNamespace(remote=lambda *arguments: lambda: call(*arguments))

        self.made.append(SimpleNamespace(start=method("start"), exchange=method("exchange")))
        return self.made[-1]

    def wait(self, calls: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        assert num_returns in (1, len(calls))
        return calls, []

    def get(self, call: Callable[[], Any]) -> Any:
        return call()

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": each} for each in self.resources]

    def kill(self, actor: Any) -> None:
        assert actor in self.made
        self.killed.append(self.made.index(actor))

    def shutdown(self) -> None:
        self.made.clear()


Start = Callable[..., RayEngines]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    def started(ray: FakeRay, engines: int = 0, options: EngineOptions = OPTIONS) -> RayEngines:
        monkeypatch.setattr(ray_engines, "join", lambda address, variables: ray)
        engine = open_on_ray("", str(engines), KEY, options, None, lambda message: None)
        engine.start()
        return engine

    return started


def test_every_node_has_an_engine_and_each_gets_its_share(start: Start) -> None:
    ray, taken = FakeRay(), {0: 0, 1: 0}

    def count(actor: int, method: str) -> None:
        taken[actor] += method == "exchange"

    ray.fate = count
    engine = start(ray)
    assert len(ray.made) == 2
    assert ray.asked_for["num_cpus"] == 1
    engine.submit([(str(number), request_for(f"T/{number}")) for number in range(50)])
    answers = dict(collect(engine, 50))
    assert len(answers) == 50
    assert all(isinstance(answer, Generation) for answer in answers.values())
    assert min(taken.values()) > 0
    engine.close()


def test_an_engine_that_dies_is_replaced_and_others_get_what_it_had(start: Start) -> None:
    def fate(actor: int, method: str) -> None:
        if actor == 0 and method == "exchange":
            raise RayError("the node died\nat length")

    ray = FakeRay(fate)
    engine = start(ray)
    engine.submit([(str(number), request_for(f"T/{number}")) for number in range(20)])
    assert {key for key, answer in collect(engine, 20) if isinstance(answer, Generation)} == set(map(str, range(20)))
    assert len(ray.made) == 3
    assert ray.killed == [0]  # one whose engine broke would keep its place
    assert engine.notices == ["an engine on the cluster has ended, and others got what it had: the node died"]


def test_where_no_engine_starts_the_reason_is_told(start: Start) -> None:
    def fate(actor: int, method: str) -> None:
        raise RayError("no such module")

    needs = f"every node needs pytest-humaneval {VERSION} and the engine scripted"
    with pytest.raises(EngineError, match=f"no engine on the cluster starts: no such module; {re.escape(needs)}"):
        start(FakeRay(fate))


def test_a_node_where_no_engine_starts_is_told_and_does_not_stop_the_others(start: Start) -> None:
    def fate(actor: int, method: str) -> None:
        if actor and method == "start":
            raise RayError("the disk is full")

    ray = FakeRay(fate)
    engine = start(ray)
    engine.submit([(str(number), request_for(f"T/{number}")) for number in range(20)])
    assert len(dict(collect(engine, 20))) == 20
    for _ in range(ray_engines.FALSE_STARTS):
        assert engine.poll() == []
    assert engine.notices == ["an engine on the cluster did not start: the disk is full"]
    assert len(ray.made) == 1 + ray_engines.FALSE_STARTS


def test_gpus_are_shared_out_where_there_are_some(start: Start) -> None:
    ray = FakeRay(resources=({"CPU": 8.0, "GPU": 4.0}, {"CPU": 8.0, "GPU": 4.0}))
    options = EngineOptions(name="scripted", engine_args={"tensor-parallel-size": "2"})
    start(ray, options=options)
    assert len(ray.made) == 4
    assert (ray.asked_for["num_gpus"], ray.asked_for["num_cpus"]) == (2, 1)
    assert ray.asked_for["max_restarts"] == 0
    too_large = EngineOptions(name="scripted", engine_args={"tensor-parallel-size": "4", "pipeline-parallel-size": "2"})
    with pytest.raises(EngineError, match="an engine takes 8 GPUs, and no node of the cluster has over 4"):
        start(ray, options=too_large)


def test_more_engines_than_nodes_share_the_cpus_and_a_cluster_without_any_has_no_room(start: Start) -> None:
    ray = FakeRay(resources=({"CPU": 8.0}, {"CPU": 6.0}, {"CPU": 0.5}))
    start(ray, engines=3)
    assert len(ray.made) == 3
    assert ray.asked_for["num_cpus"] == 3
    with pytest.raises(EngineError, match="no node of the cluster has a CPU or GPU for an engine"):
        start(FakeRay(resources=({},)))


def test_a_node_of_another_version_or_with_other_answers_is_named(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = socket.gethostname()
    told = f"--ray: {host} has pytest-humaneval {VERSION}, this machine 0.0.1; install the same version on every node"
    assert EngineOnNode("0.0.1", OPTIONS, KEY).start() == (told, True)
    complaint = f"--ray: {host} would answer as scripted stub, not as vllm 0.1 sha256:1"
    assert EngineOnNode(VERSION, OPTIONS, "vllm 0.1\nsha256:1").start() == (complaint, True)
    monkeypatch.setattr(ray_engines, "package_version", lambda: "0.0.1")
    with pytest.raises(EngineError, match="install the same version on every node"):
        start(FakeRay())


@pytest.mark.parametrize("name", ["openai", "replay", "ours"])
def test_an_engine_that_no_node_can_start_is_refused(name: str) -> None:
    with pytest.raises(
        InputError, match=f"the engine {name} cannot be started on .*; vllm, transformers, scripted can"
    ):
        check_engine(name)
