"""Controller and workers: who owns the engine, and how the others learn where it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from pytest_humaneval.config_file import ConfigFile
from pytest_humaneval.engine.catalogue import Identity
from pytest_humaneval.engine.client import EngineClient
from pytest_humaneval.engine.process import RunningEngine
from pytest_humaneval.plan import Plan

_KEY = "humaneval"


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def has_workers(config: pytest.Config) -> bool:
    """Whether this process hands the items to workers."""
    return not is_worker(config) and config.getoption("dist", "no") != "no"


def tell_worker(node: Any, plan: Plan, engine: RunningEngine | None, file: ConfigFile) -> None:
    """Put what a worker needs into its ``workerinput``; options alone would not tell it.

    humaneval.toml goes along as it was read: somebody may be editing it while the workers start.
    """
    address = [engine.address, str(engine.log)] if engine is not None else None
    told = {
        "identity": asdict(plan.identity),
        "engine": address,
        "file": file.to_wire(),
        "sandbox": plan.sandbox.name,
    }
    node.workerinput[_KEY] = json.dumps(told)


def told_identity(config: pytest.Config) -> Identity:
    """Who answers, as the controller found out."""
    return Identity(**_told(config)["identity"])


def told_sandbox(config: pytest.Config) -> str:
    """The sandbox that the controller opened, by its own name."""
    name: str = _told(config)["sandbox"]
    return name


def told_client(config: pytest.Config) -> EngineClient:
    """A connection to the engine that the controller started."""
    return EngineClient(*_told(config)["engine"])


def told_file(config: pytest.Config) -> ConfigFile:
    """What the controller read of humaneval.toml."""
    return ConfigFile.from_wire(_told(config)["file"])


def _told(config: pytest.Config) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(config.workerinput[_KEY])  # type: ignore[attr-defined]
    return told
