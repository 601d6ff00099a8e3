"""Controller and workers: who owns the engine, and how the others learn where it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from pytest_humaneval.engine.catalogue import Identity
from pytest_humaneval.engine.client import EngineClient
from pytest_humaneval.engine.process import EngineProcess

_KEY = "humaneval"


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def has_workers(config: pytest.Config) -> bool:
    """Whether this process hands the items to workers."""
    return not is_worker(config) and config.getoption("dist", "no") != "no"


def tell_worker(node: Any, identity: Identity, engine: EngineProcess | None) -> None:
    """Put what a worker needs into its ``workerinput``; options alone would not tell it."""
    address = [engine.address, str(engine.log)] if engine is not None else None
    node.workerinput[_KEY] = json.dumps({"identity": asdict(identity), "engine": address})


def told_identity(config: pytest.Config) -> Identity:
    """Who answers, as the controller found out."""
    return Identity(**_told(config)["identity"])


def told_client(config: pytest.Config) -> EngineClient:
    """A connection to the engine that the controller started."""
    return EngineClient(*_told(config)["engine"])


def _told(config: pytest.Config) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(config.workerinput[_KEY])  # type: ignore[attr-defined]
    return told
