"""A service in a container: the engine of docker/compose.yaml, by docker or podman."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_humaneval.background.service.health import free_port, url_of
from pytest_humaneval.background.service.wanted import Started, Wanted
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.models.find import ALIASES, HUB_ID, default_cache_directory

FILE = Path("docker", "compose.yaml")
PODMAN_FILE = "compose.podman.yaml"  # beside the other: what podman wants otherwise
CONTAINER_ENGINES = ("docker", "podman")
SERVICES = {"cpu": "engine", "gpu": "engine-gpu"}  # by profile
ANSWER_SECONDS = 20.0  # for a question; a daemon that does not answer within it counts as none
_LABEL = "com.docker.compose.service"


class ComposeService:
    """Starts, watches and ends the engine's container."""

    def __init__(self, container_engine: str = "", file: Path | None = None) -> None:
        """What is started later; for a service that was started before, nothing is needed."""
        self._engine = container_engine
        self._file = file

    def start(self, wanted: Wanted) -> Started:
        """Start the container; an image that is not there is built.

        Raises:
            InputError: something is asked for that a container has not, or the port is taken.
            EngineError: compose cannot start it; its own words are on the terminal.
        """
        assert self._file is not None
        model, revision = _model_and_revision(wanted)
        port = free_port("127.0.0.1", wanted.port)
        profile = "gpu" if Path("/dev/nvidiactl").exists() else "cpu"
        files = ["--file", str(self._file)]
        if self._engine == "podman" and (more := self._file.with_name(PODMAN_FILE)).is_file():
            files += ["--file", str(more)]
        base = (self._engine, "compose", *files, "--profile", profile)
        variables = {"MODEL": model, "REVISION": revision, "PORT": str(port)}
        finished = subprocess.run([*base, "up", "--detach", SERVICES[profile]], env=os.environ | variables, check=False)
        if finished.returncode:
            raise EngineError(f"{' '.join(base)} up ended with status {finished.returncode}; its output is above")
        url = url_of("127.0.0.1", port)
        return Started("compose", wanted, url, wanted.model, time.time(), compose=(*base, SERVICES[profile]))

    def running(self, started: Started) -> bool:
        """Whether the container runs; not so where no container engine answers."""
        *base, service = started.compose
        listing = _answer([*base, "ps", "--all", "--format", "json"])
        return any(
            _service(container) == service and container.get("State") == "running"
            for container in _objects(listing or "")
        )

    def left_behind(self, started: Started) -> list[int]:
        """Nothing: a container ends with its first process."""
        return []

    def stop(self, started: Started) -> None:
        """Stop and remove the container; its volumes, with the weights, stay.

        Raises:
            EngineError: compose cannot.
        """
        *base, service = started.compose
        finished = subprocess.run([*base, "rm", "--stop", "--force", service], check=False)
        if finished.returncode:
            raise EngineError(f"{' '.join(base)} rm ended with status {finished.returncode}; its output is above")

    def memory(self, started: Started) -> int:
        """Not known here; `docker stats` tells."""
        return 0

    def show_log(self, started: Started, *, follow: bool) -> int:
        """Have compose print the log."""
        *base, service = started.compose
        return subprocess.run([*base, "logs", *(["--follow"] if follow else []), service], check=False).returncode

    def end_of_log(self, started: Started) -> str:
        """Its last lines."""
        *base, service = started.compose
        log = _answer([*base, "logs", "--tail", "15", service])
        return f"the end of its log:\n{log.rstrip()}" if log else "its log is not available"


def find_container_engine() -> str:
    """The container engine that answers and has compose; empty where there is none."""
    for name in CONTAINER_ENGINES:
        if _answer([name, "info"]) is not None and _answer([name, "compose", "version"]) is not None:
            return name
    return ""


def find_file(given: Path | None) -> Path | None:
    """The compose file that was asked for, else that of the checkout: of the current folder, or this package's.

    Raises:
        InputError: the file that was asked for is not there.
    """
    if given is not None and not given.is_file():
        raise InputError(f"--compose: {given} does not exist")
    places = [given] if given else [Path.cwd() / FILE, Path(__file__).parents[3] / FILE]
    return next((place.absolute() for place in places if place.is_file()), None)


def _model_and_revision(wanted: Wanted) -> tuple[str, str]:
    """What the compose file's variables MODEL and REVISION are to be."""
    if wanted != Wanted(wanted.model, str(default_cache_directory()), port=wanted.port):
        raise InputError(
            "--engine-arg, --linger, --host and --cache-dir do not reach a container; --backend=process accepts them"
        )
    hub_id = HUB_ID.fullmatch(wanted.model)
    if wanted.model in ALIASES:
        return wanted.model, ""
    if hub_id is None or wanted.model.startswith(("./", "../")) or Path(wanted.model).expanduser().exists():
        raise InputError(
            f"--model: {wanted.model!r} is neither an alias nor a hub id, and files of this machine are not in the "
            "container; --backend=process serves them"
        )
    return hub_id["repo"], hub_id["revision"] or ""


def _answer(command: list[str]) -> str | None:
    """What a command prints; None where it fails, is not there, or takes too long."""
    try:
        finished = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return finished.stdout if finished.returncode == 0 else None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects: one a line, as docker prints them, or one list, as it did before and podman does."""
    try:
        values: Iterable[Any] = json.loads(text)
    except ValueError:
        values = map(_object, text.splitlines())
    if isinstance(values, dict):
        values = [values]
    yield from (value for value in values if isinstance(value, dict))


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        print(f"compose: {line}", file=sys.stderr)  # a warning among the answers
        return None


def _service(container: dict[str, Any]) -> str:
    """Of which compose service it is: docker says so by itself, podman by a label."""
    labels = container.get("Labels")
    return str(container.get("Service") or (labels.get(_LABEL, "") if isinstance(labels, dict) else ""))
