"""Controller and workers: who owns the engine, and how the others learn where it is."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import pytest

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import RunningEngine
from pytest_humaneval.engine.relay import Relay
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.plan import Plan, Settled
from pytest_humaneval.plugin.config_file import ConfigFile

PACKAGE = "pytest-humaneval"

_KEY = "humaneval"
_CHANNEL = "humaneval-channel"
_PROBE = f"""
from importlib.metadata import PackageNotFoundError, version
try:
    found = version({PACKAGE!r})
except PackageNotFoundError:
    found = ""
channel.send(found)
"""


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def has_workers(config: pytest.Config) -> bool:
    """Whether this process hands the items to workers."""
    return not is_worker(config) and config.getoption("dist", "no") != "no"


def tell_worker(node: Any, plan: Plan, settled: Settled, engine: RunningEngine, file: ConfigFile) -> None:
    """Put what a worker needs into its ``workerinput``; options alone would not tell it.

    humaneval.toml goes along as it was read: somebody may be editing it while the workers start. A worker that cannot
    reach the engine's socket asks through a channel of its own gateway.

    Raises:
        InputError: the worker's Python has not this version of the package.
    """
    spec = node.gateway.spec
    local = bool(spec.popen) and not spec.via
    if not local or spec.python:
        check_version(str(spec), _remote_version(node.gateway), version(PACKAGE))
    message = {
        "settled": to_plain(settled),
        "engine": [engine.address if local else "", str(engine.log)],
        "file": to_plain(file),
        "plan": "" if local else plan.fingerprint(),
    }
    node.workerinput[_KEY] = json.dumps(message)
    node.workerinput[_CHANNEL] = channel = node.gateway.newchannel()
    Relay(channel, engine.client)


def check_version(where: str, installed: str, ours: str) -> None:
    """Refuse a worker that has another version of this package: it might ask and judge differently.

    Raises:
        InputError: it has another one, or none; ``installed`` is empty then.
    """
    if installed != ours:
        has = f"has {PACKAGE} {installed}, not {ours}" if installed else f"has no {PACKAGE}"
        raise InputError(
            f"--tx {where}: the Python there {has}; install the same version: pip install {PACKAGE}=={ours}"
        )


def check_agreement(config: pytest.Config, plan: Plan) -> None:
    """On a worker of another host: make sure that its files came to the same problems and prompts.

    Raises:
        InputError: they did not.
    """
    if (fingerprint := _from_controller(config)["plan"]) and fingerprint != plan.fingerprint():
        raise InputError(
            "problems, strategies or prompts are not the same on this worker's host as where pytest was called; "
            "make the dataset, strategy files and conftest.py the same there"
        )


def refusal_of(error: object) -> str:
    """What a worker that ended says its input lacks, out of the traceback that xdist has of it; empty for a crash."""
    _, mark, message = str(error).rpartition("UsageError: ")
    return message.strip() if mark else ""


def told_settled(config: pytest.Config) -> Settled:
    """What the controller found out before its plan was made."""
    return from_plain(Settled, _from_controller(config)["settled"], "what the controller says")


def told_client(config: pytest.Config) -> EngineClient:
    """A connection to the engine that the controller started."""
    address, log = _from_controller(config)["engine"]
    return EngineClient(address, log, config.workerinput.get(_CHANNEL))  # type: ignore[attr-defined]


def told_file(config: pytest.Config) -> ConfigFile:
    """What the controller read of humaneval.toml."""
    return from_plain(ConfigFile, _from_controller(config)["file"], "what the controller says")


def _from_controller(config: pytest.Config) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(config.workerinput[_KEY])  # type: ignore[attr-defined]
    return message


def _remote_version(gateway: Any) -> str:
    """The package's version where a gateway leads; empty where it is not installed."""
    channel = gateway.remote_exec(_PROBE)
    theirs: str = channel.receive()
    channel.waitclose()  # the gateway runs one thing at a time, and the worker comes next
    return theirs
