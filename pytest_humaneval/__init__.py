"""HumanEval as pytest items: does this model, with this prompt, write correct code?

What users' strategies, tests and scripts import. What checks completions is loaded when it is first used, so that the
plugin costs nothing in runs that do not evaluate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import FUNCTION_END, Message, Prompt, chat_prompt, completion_prompt
from pytest_humaneval.prompting.guided import Candidate, Trial, draw, guided_strategy, try_out
from pytest_humaneval.sample import Completion, Generation, Sampling
from pytest_humaneval.strategy import Strategy, strategy
from pytest_humaneval.verdict import Verdict

if TYPE_CHECKING:
    from pytest_humaneval.dataset.load import read_problems
    from pytest_humaneval.sandbox import SandboxOptions, check_correctness, open_sandbox

_HOME = {
    "read_problems": "dataset.load",
    "SandboxOptions": "sandbox",
    "check_correctness": "sandbox",
    "open_sandbox": "sandbox",
}

__all__ = [
    "FUNCTION_END",
    "Candidate",
    "Completion",
    "Generation",
    "Message",
    "Problem",
    "Prompt",
    "Sampling",
    "SandboxOptions",
    "Strategy",
    "Trial",
    "Verdict",
    "chat_prompt",
    "check_correctness",
    "completion_prompt",
    "draw",
    "guided_strategy",
    "open_sandbox",
    "read_problems",
    "strategy",
    "try_out",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
