"""What is registered, for commands that are no run of pytest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

# pytest has no public way to read its configuration without a run.
from _pytest.config import _prepareconfig

from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.extensions import Extensions
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin import options, settings
from pytest_humaneval.plugin.engine_settings import check_cache, check_shared_store, store_options
from pytest_humaneval.plugin.proposal import propose, with_model_name
from pytest_humaneval.plugin.registered import known_extensions

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model


def extensions_here() -> Extensions:
    """What a run of pytest in this folder would know by name: its conftest.py is read, and plugins are.

    Raises:
        InputError: a hook returns what cannot be registered.
    """
    config = _prepareconfig([])
    try:
        return known_extensions(config)
    finally:
        config._ensure_unconfigure()


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run with some options would ask, for a command that asks it without one."""

    plan: Plan
    model: Model | None
    store: StoreOptions


def proposal_here(arguments: Sequence[str]) -> Outside:
    """What ``pytest ARGUMENTS`` in this folder would evaluate: its conftest.py, humaneval.toml and plugins count.

    Raises:
        InputError: an option, file, strategy or model that cannot be used. EngineError: a server does not say what it
            has.
    """
    config = _prepareconfig(["-s", *arguments])  # our output is ours
    try:
        if not options.active(config):
            raise InputError("generate: which strategy? Give --strategy=NAME, several separated by commas, or all")
        settings.load(config)
        config.args[:] = []
        proposal = propose(config)
        check_cache(config, proposal.choices.engine.name)
        check_shared_store(config)
        settled = with_model_name(proposal, proposal.choices.as_asked(proposal.identity))
        plan = proposal.choices.plan(settled)
        return Outside(plan, proposal.model, store_options(config, plan.engine, nameless=proposal.nameless))
    except pytest.UsageError as error:
        raise InputError(str(error)) from error
    finally:
        config._ensure_unconfigure()
