"""``python -m pytest_humaneval service``: each subcommand says what it did and returns an exit status."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any

from pytest_humaneval.background.private_directory import PrivateDirectory, default_directory
from pytest_humaneval.background.processes import resident_bytes
from pytest_humaneval.background.service.compose import FILE, ComposeService, find_container_engine, find_file
from pytest_humaneval.background.service.health import is_healthy, wait_until_healthy
from pytest_humaneval.background.service.local import LocalService
from pytest_humaneval.background.service.wanted import Backend, Settings, Started, Wanted
from pytest_humaneval.background.warm import LingeringEngine, lingering_engines, stop_engine
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.models.find import DEFAULT_MODEL, default_cache_directory
from pytest_humaneval.report.texttable import Column, text_table

BACKENDS = ("auto", "compose", "process")
START_SECONDS = 1800.0  # until a server answers: weights may have to be downloaded or dequantised first
FAILED = 1
NOT_RUNNING = 3  # as init scripts have it
INTERRUPTED = 130
STATE = "service"
ANSWERS, STARTING, LEFT, ENDED = "answers", "starting", "ended, not all of it", "ended"  # of a service


def start(backend: str = "auto", compose: Path | None = None, wait: float = START_SECONDS, **given: Any) -> int:
    """Start the service and wait until it answers; one that runs already is left as it is.

    Raises:
        InputError: something that cannot be.
    """
    directory = PrivateDirectory(default_directory())
    settings = {name: value for name, value in given.items() if value is not None}
    try:
        with directory.lock(STATE):
            started = _running(directory)
            if started is None:
                _end_what_is_left(directory)
                started = _start(directory, _defaults() | settings, backend, compose)
            elif differing := _differing(started.wanted, settings):
                print(
                    f"the service is already running, with other settings ({', '.join(differing)}): {_name(started)}; "
                    "service restart applies the new ones",
                    file=sys.stderr,
                )
                return FAILED
            else:
                print(f"the service is already running: {_name(started)}", flush=True)
        return _await_health(directory, started, wait)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED


def stop() -> int:
    """Stop the service, and the engines that linger. What runs no more is no error.

    Raises:
        InputError: the state directory cannot be trusted.
    """
    directory = PrivateDirectory.existing(default_directory())
    lines = _stop_all(directory) if directory is not None else []
    print("\n".join(lines) or "nothing is running")
    return FAILED if any(line.startswith("error: ") for line in lines) else 0


def restart(backend: str = "auto", compose: Path | None = None, wait: float = START_SECONDS, **given: Any) -> int:
    """Stop the service and start it as it was, but for what is given.

    Raises:
        InputError: something that cannot be.
    """
    directory = PrivateDirectory(default_directory())
    settings: Settings = {}
    with directory.lock(STATE):
        if (former := _read(directory)) is not None:
            settings = {name: getattr(former.wanted, name) for name in Wanted.__dataclass_fields__}
            backend = former.backend if backend == "auto" else backend
            if former.compose and compose is None:
                compose = Path(former.compose[former.compose.index("--file") + 1])
            if message := _stop_service(directory, former):
                print(message, flush=True)
    settings |= {name: value for name, value in given.items() if value is not None}
    return start(backend, compose, wait, **settings)


def status() -> int:
    """Print a table of what runs; 0 when the service answers, else (also while it starts) 3.

    Raises:
        InputError: the state directory cannot be trusted.
    """
    directory = PrivateDirectory.existing(default_directory())
    started = _read(directory) if directory is not None else None
    rows = []
    state = ENDED
    if directory is not None and started is not None:
        backend = _backend(directory, started)
        state = _state(backend, started)
        if state != ENDED:
            rows.append(_service_row(backend, started, state))
        if state in (ENDED, LEFT):
            print(f"the service has ended on its own: {_name(started)}; service logs shows why")
        if state == LEFT:
            print(f"{_left_text(backend, started)} still; service stop ends them")
    if directory is not None:
        rows += [_engine_row(engine) for _, engine in lingering_engines(directory)]
    print("\n".join(_table(rows)) if rows else "nothing is running")
    return 0 if state == ANSWERS else NOT_RUNNING


def logs(follow: bool = False) -> int:
    """Print the service's log; where there is no service, the log of the one engine that lingers.

    Raises:
        InputError: the state directory cannot be trusted.
    """
    directory = PrivateDirectory.existing(default_directory())
    started = _read(directory) if directory is not None else None
    try:
        if directory is not None and started is not None:
            return _backend(directory, started).show_log(started, follow=follow)
        engines = [engine for _, engine in lingering_engines(directory)] if directory is not None else []
        if directory is not None and len(engines) == 1:
            only = engines[0]
            lingering = Started("process", Wanted(only.model, ""), "", only.model, only.since, only.log, only.pid)
            return LocalService(directory).show_log(lingering, follow=False)
    except KeyboardInterrupt:  # how one stops to follow
        return 0
    listed = "\n".join(f"{engine.model}: {engine.log}" for engine in engines)
    print(listed or "nothing is running", file=sys.stderr)
    return NOT_RUNNING


def _start(directory: PrivateDirectory, settings: Settings, backend: str, compose: Path | None) -> Started:
    wanted = Wanted.of(settings)
    started = _choose(directory, backend, compose).start(wanted)
    directory.write(STATE, to_plain(started))
    print(f"starting {_name(started)}" + (f"; its log is {started.log}" if started.log else ""), flush=True)
    return started


def _choose(directory: PrivateDirectory, backend: str, given: Path | None) -> Backend:
    """The backend of this name; ``auto`` is compose where a container engine answers and there is a compose file."""
    if backend == "process" and given is None:
        return LocalService(directory)
    if backend == "process":
        raise InputError("--compose: a file for compose does not go with --backend=process")
    file = find_file(given)
    if file is None and backend == "auto":
        return LocalService(directory)
    if file is None:
        raise InputError(f"--backend=compose: {FILE} was not found; --compose=FILE names another file")
    engine = find_container_engine()
    if engine:
        return ComposeService(engine, file)
    if backend == "auto" and given is None:
        return LocalService(directory)
    raise InputError(
        "--backend=compose: no container engine answers (tried docker and podman, with their compose); "
        "--backend=process starts the service without one"
    )


def _await_health(directory: PrivateDirectory, started: Started, patience: float) -> int:
    backend = _backend(directory, started)
    try:
        health = wait_until_healthy(started.url, lambda: backend.running(started), patience)
    except KeyboardInterrupt:
        print("it is still starting; service status shows it, service stop ends it", file=sys.stderr)
        return INTERRUPTED
    if health == "healthy":
        print(f"use it with: pytest --humaneval-engine-url={started.url} --humaneval-model={started.model}")
        return 0
    what = f"does not answer after {patience:g} s, but is still running" if health == "not answering" else "has ended"
    print(f"error: the service {what}; {backend.end_of_log(started)}", file=sys.stderr)
    return FAILED


def _stop_all(directory: PrivateDirectory) -> list[str]:
    lines = []
    with directory.lock(STATE):
        if (started := _read(directory)) is not None:
            lines.append(_stop_service(directory, started))
    for name, engine in list(lingering_engines(directory)):
        in_use = stop_engine(directory, name, engine)
        state = "is in use, and ends with the run that uses it" if in_use else "is stopped"
        lines.append(f"the engine of {engine.model} (pid {engine.pid}) {state}")
    return [line for line in lines if line]


def _stop_service(directory: PrivateDirectory, started: Started) -> str:
    """Stop it where it runs; returns what to say, which is nothing where it did not."""
    backend = _backend(directory, started)
    running, left = backend.running(started), backend.left_behind(started)
    leftovers = _left_text(backend, started) if left else ""
    try:
        if running or left:
            backend.stop(started)
    except EngineError as error:
        return f"error: {error}"
    directory.remove(STATE)
    if left:
        return f"the service had ended by itself: {_name(started)}; {leftovers}, and are ended now"
    return f"the service is stopped: {_name(started)}" if running else ""


def _end_what_is_left(directory: PrivateDirectory) -> None:
    """End what a service that was killed left: its workers hold the memory that the next one needs."""
    if (former := _read(directory)) is not None and _backend(directory, former).left_behind(former):
        print(_stop_service(directory, former), flush=True)


def _state(backend: Backend, started: Started) -> str:
    if backend.running(started):
        return ANSWERS if is_healthy(started.url) else STARTING
    return LEFT if backend.left_behind(started) else ENDED


def _left_text(backend: Backend, started: Started) -> str:
    left = backend.left_behind(started)
    pids = ", ".join(map(str, left))
    return f"processes that it started (pid {pids}; {_mebibytes(backend.memory(started))}) are left"


def _read(directory: PrivateDirectory) -> Started | None:
    return Started.read(directory.read(STATE))


def _running(directory: PrivateDirectory) -> Started | None:
    started = _read(directory)
    return started if started is not None and _backend(directory, started).running(started) else None


def _backend(directory: PrivateDirectory, started: Started) -> Backend:
    return ComposeService() if started.backend == "compose" else LocalService(directory)


def _defaults() -> Settings:
    return {"model": DEFAULT_MODEL, "cache_dir": str(default_cache_directory())}


def _differing(wanted: Wanted, settings: Settings) -> list[str]:
    """The settings that were given and are not those of the service that runs."""
    given = Wanted.of(_defaults() | settings)
    return [f"{name} {getattr(wanted, name)!r}" for name in settings if getattr(wanted, name) != getattr(given, name)]


def _name(started: Started) -> str:
    where = f"pid {started.pid}" if started.pid else "in a container"
    return f"{started.model} at {started.url} ({where})"


def _service_row(backend: Backend, started: Started, state: str) -> list[str]:
    idle = backend.idle_seconds() if isinstance(backend, LocalService) else None
    limit = started.wanted.idle_limit
    return [
        "service", state, started.model, str(started.pid or "-"),
        started.url, _clock(started.since), "-" if idle is None else _seconds(idle), _seconds(limit) if limit else "-",
        _mebibytes(backend.memory(started)),
    ]  # fmt: skip


def _engine_row(engine: LingeringEngine) -> list[str]:
    try:
        answer = engine.ask({"op": "status"})
        state, idle, limit = "in use" if answer["in_use"] else "idle", _seconds(answer["idle"]), answer["idle_limit"]
    except (OSError, ValueError, KeyError):
        state, idle, limit = "not answering", "-", 0.0
    return [
        "engine", state, engine.model, str(engine.pid), engine.address, _clock(engine.since), idle,
        _seconds(limit) if limit else "-", _mebibytes(resident_bytes(engine.pid)),
    ]  # fmt: skip


def _table(rows: list[list[str]]) -> list[str]:
    heads = ("what", "state", "model", "pid", "address", "since", "idle", "idle limit", "memory")
    words = ("state", "model", "address", "since")
    names, *columns = [
        Column(head, cells, words=head in words) for head, cells in zip(heads, zip(*rows, strict=True), strict=True)
    ]
    return text_table(names, columns, shutil.get_terminal_size().columns)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size else "-"
