"""Engines on the nodes of a Ray cluster, which together are one engine for whoever asks.

Each is an actor that holds one engine of ours, opened on its node as on this machine. An actor is asked again as soon
as it has answered: what is new goes along, what is finished comes back. Ray itself repeats and restarts nothing: an
actor that is gone is replaced here, wherever there is room, and others get what it had.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_humaneval.cluster.ray_cluster import first_line, join, other_version, package_version
from pytest_humaneval.cluster.spreading import Spread
from pytest_humaneval.engine.catalogue import BUNDLED, identify, open_engine
from pytest_humaneval.engine.protocol import Answer, Engine, EngineOptions
from pytest_humaneval.exceptions import EngineError, HumanEvalError, InputError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.sample import Request

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model
    from pytest_humaneval.models.weights import Progress

POLL_SECONDS = 0.1
EXCHANGE_SECONDS = 0.25  # that an engine goes on for until it is heard of: steps may take a few milliseconds
FALSE_STARTS = 3  # of engines in a row; then no more are started
ELSEWHERE = ("openai", "replay")  # engines that a cluster is no help to

Exchange = tuple[list[Answer], int]
"""What an engine has finished, and its count of cached tokens so far."""


def check_engine(name: str) -> None:
    """See that this engine can be one of several on a cluster.

    Raises:
        InputError: it answers from a file or a server, or is registered here alone.
    """
    if name not in BUNDLED or name in ELSEWHERE:
        able = ", ".join(each for each in BUNDLED if each not in ELSEWHERE)
        raise InputError(f"generate --ray: the engine {name} cannot be started on the nodes of a cluster; {able} can")


class EngineOnNode:
    """An engine in an actor of its own; for Ray to make."""

    def __init__(self, version: str, options: EngineOptions, key: str) -> None:
        """``version`` and ``key`` are of the package, and who answers, where the command was called."""
        self._version, self._options, self._key = version, options, key
        self._engine: Engine | None = None
        self._num_held = 0

    def start(self) -> tuple[str, bool]:
        """A complaint, or nothing when the engine is ready; and whether every other node would have to agree."""
        if complaint := other_version(self._version):
            return complaint, True
        options = replace(self._options, cache_dir=self._options.cache_dir or str(default_cache_directory()))
        try:
            identity, model = identify(options)
            if identity.key != self._key:
                here, there = (key.replace("\n", " ") for key in (identity.key, self._key))
                return f"--ray: {socket.gethostname()} would answer as {here}, not as {there}", True
            self._engine = open_engine(options, to_plain(model), _unwatched)
            self._engine.start()
        except (HumanEvalError, OSError) as error:
            return f"--ray: {socket.gethostname()}: {error}", False
        return "", False

    def exchange(self, batch: list[tuple[str, Request]]) -> Exchange:
        """Take requests in, go on for a while, and return what is finished."""
        assert self._engine is not None
        if batch:
            self._engine.submit(batch)
        self._num_held += len(batch)
        answers: list[Answer] = []
        until = time.monotonic() + EXCHANGE_SECONDS
        while len(answers) < self._num_held:
            answers += self._engine.poll()
            if time.monotonic() >= until:
                break
        self._num_held -= len(answers)
        return answers, self._engine.cached_prompt_tokens


def open_on_ray(
    address: str, engines: str, key: str, options: EngineOptions, model: Model | None, progress: Progress
) -> RayEngines:
    """So many engines (0: as many as the cluster has room for) on the cluster at ``address``; ``key`` says who answers.

    Where the model lies on this machine is nothing to the nodes: each finds it by its name.
    """
    return RayEngines(address, int(engines), key, options, progress)


@dataclass
class _Post:
    """One actor, and the call that it is answering."""

    number: int
    actor: Any
    call: Any
    ready: bool = False
    cached: int = 0


class RayEngines:
    """Several engines as one."""

    def __init__(
        self, address: str, engines: int, key: str, options: EngineOptions, progress: Callable[[str], None]
    ) -> None:
        self._address, self._wanted, self._key = address, engines, key
        self._ray: Any = None
        self._options, self._progress = options, progress
        self._spread = Spread()
        self._posts: dict[int, _Post] = {}
        self._hired = 0
        self._false_starts = 0
        self._began = False  # whether an engine has ever started
        self._answers: list[Answer] = []
        self.cached_prompt_tokens = 0  # of all engines
        self.notices: list[str] = []

    def start(self) -> None:
        """Join the cluster and start the engines, until the first one is ready.

        Raises:
            InputError: there is no such cluster.
            EngineError: there is no room, no engine starts, or one would answer as another.
        """
        self._ray = join(self._address, {})
        own = self._options.cache_dir == str(default_cache_directory())
        self._for_nodes = replace(self._options, cache_dir="" if own else str(Path(self._options.cache_dir).absolute()))
        self._wanted, resources = _room(self._ray, self._wanted, self._options.engine_args)
        self._actor = self._ray.remote(max_restarts=0, scheduling_strategy="SPREAD", **resources)(EngineOnNode)
        self._progress(f"starting {self._wanted} engines on the cluster")
        while not self._began:
            self._replace_the_gone()
            self._listen()

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Take requests; engines get them as they have room."""
        self._spread.submit(batch)

    def poll(self) -> Iterable[Answer]:
        """What has finished since the last call.

        Raises:
            EngineError: no engine is left, and none starts; or one would answer as another.
        """
        self._replace_the_gone()
        for post in self._posts.values():
            if post.ready and post.call is None:
                self._ask(post)
        self._listen()
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """End the engines, and leave the cluster."""
        if self._ray is not None:
            self._ray.shutdown()

    def _replace_the_gone(self) -> None:
        while len(self._posts) < self._wanted and self._false_starts < FALSE_STARTS:
            actor = self._actor.remote(package_version(), self._for_nodes, self._key)
            self._hired += 1
            self._posts[self._hired] = _Post(self._hired, actor, actor.start.remote())

    def _ask(self, post: _Post) -> None:
        ready = sum(each.ready for each in self._posts.values())
        batch = self._spread.take(post.number, ready)
        if batch or self._spread.held_by(post.number):
            post.call = post.actor.exchange.remote(batch)

    def _listen(self) -> None:
        calls = {post.call: post for post in self._posts.values() if post.call is not None}
        if not calls:
            return
        self._ray.wait(list(calls), num_returns=1, timeout=POLL_SECONDS)
        ended, _ = self._ray.wait(list(calls), num_returns=len(calls), timeout=0)  # with the first, all others
        for call in ended:
            self._hear(calls[call], call)

    def _hear(self, post: _Post, call: Any) -> None:
        post.call = None
        try:
            answer = self._ray.get(call)
        except self._ray.exceptions.RayError as error:
            self._lose(post, first_line(getattr(error, "cause", None) or error))
            return
        if post.ready:
            answers, cached = answer
            self.cached_prompt_tokens += cached - post.cached
            post.cached = cached
            self._answers += self._spread.settle(post.number, answers)
            return
        complaint, of_all = answer
        if complaint and of_all:
            raise EngineError(complaint)
        if complaint:
            self._lose(post, complaint)
            return
        post.ready = self._began = True
        self._false_starts = 0

    def _lose(self, post: _Post, why: str) -> None:
        del self._posts[post.number]
        self._ray.kill(post.actor)  # one whose engine broke would keep its GPU
        self._answers += self._spread.lose(post.number, why)
        self._false_starts += not post.ready
        if self._false_starts >= FALSE_STARTS and not any(each.ready for each in self._posts.values()):
            needs = f"every node needs pytest-humaneval {package_version()} and the engine {self._options.name}"
            raise EngineError(f"no engine on the cluster starts: {why}; {needs}")
        what = "has ended, and others got what it had" if post.ready else "did not start"
        if (note := f"an engine on the cluster {what}: {why}") not in self.notices:
            self.notices.append(note)


def _room(ray: Any, engines: int, engine_args: dict[str, str]) -> tuple[int, dict[str, float]]:
    """How many engines to have (0: as there is room for), and what each takes of its node: GPUs, or else CPUs.

    Raises:
        EngineError: no node has what one engine takes.
    """
    nodes: Sequence[Any] = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = [int(node["GPU"]) for node in nodes if node.get("GPU", 0) >= 1]
    if gpus:
        sizes = (engine_args.get(name, "1") for name in ("tensor-parallel-size", "pipeline-parallel-size"))
        each = math.prod(int(size) if size.isdecimal() else 1 for size in sizes)
        if each > max(gpus):
            raise EngineError(f"--ray: an engine takes {each} GPUs, and no node of the cluster has over {max(gpus)}")
        return engines or sum(count // each for count in gpus), {"num_gpus": each, "num_cpus": 1}
    cpus = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    if not cpus:
        raise EngineError("--ray: no node of the cluster has a CPU or GPU for an engine")
    engines = engines or len(cpus)
    return engines, {"num_cpus": max(1, min(cpus) // math.ceil(engines / len(cpus)))}


def _unwatched(message: str) -> None:
    pass
