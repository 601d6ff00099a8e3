"""Tries out what people write for this package: strategies, post-processors, engines, sandboxes.

    small_problems.py   three problems, and the options of a run of pytest on them with scripted answers
    strategies.py       rules that every strategy keeps; a guided strategy, answered by hand
    postprocessors.py   rules that every post-processor keeps
    engines.py          what every engine promises, and the scripted engine
    sandbox_contract.py what every sandbox promises, and the scripted sandbox

Plain functions and classes with plain asserts, for any test runner: nothing here imports pytest. Nothing but tests
imports this.
"""

from __future__ import annotations

from pytest_humaneval.testing.engines import EngineContract, MakeEngine, Texts, collect, request_for, scripted_engine
from pytest_humaneval.testing.postprocessors import check_postprocessor
from pytest_humaneval.testing.sandbox_contract import SandboxContract, ScriptedSandbox
from pytest_humaneval.testing.small_problems import ADD, FIRST, PROBLEMS, SHOUT, scripted_run
from pytest_humaneval.testing.strategies import Played, candidate, check_strategy, completion_of, play

__all__ = [
    "ADD",
    "FIRST",
    "PROBLEMS",
    "SHOUT",
    "EngineContract",
    "MakeEngine",
    "Played",
    "SandboxContract",
    "ScriptedSandbox",
    "Texts",
    "candidate",
    "check_postprocessor",
    "check_strategy",
    "collect",
    "completion_of",
    "play",
    "request_for",
    "scripted_engine",
    "scripted_run",
]
