"""HumanEval as pytest items: does this model, with this prompt, write correct code?

The names below are what users' strategies, tests and scripts import; ``testing`` holds what tries extensions out. What
checks completions is loaded when it is first used, so that the plugin costs nothing in runs that do not evaluate.

The folders, in the order in which the data travels (what lives in each, and what may not, is said in its ``__init__``):

    dataset/      reads problems, and what a problem shows of itself
    rewrite/      problem -> the same problem in other words
    prompting/    problem -> prompt -> request: strategies by name, experiments, guided strategies
    models/       the name of a model -> files that are what they should be
    engine/       request -> generation: one process per run
    postprocess/  generation -> completion: repairs of form
    sandbox/      completion -> verdict, with the trust boundary as folders:
        oracle/       trusted: runs hidden tests
        confined/     locked down: runs generated code
        wire/         what both of them speak
    guiding/      runs strategies that ask more than once: draw, try, draw again
    store/        what is worked out once, kept
    results/      outcomes kept, written and read again
    statistics/   pass@k, intervals, comparisons: pure functions
    report/       terminal, Markdown, gates, and the page
    plugin/       pytest's hooks, options and items
    background/   what outlives a run: lingering engines, the service
    generating/   samples into a file, however many
    cluster/      judging and generating on many machines
    contamination/ probes whether a model has seen the problems
    commands/     the subcommands of ``python -m pytest_humaneval``
    strengthen/   makes stronger tests for a dataset, once
    testing/      for the tests of people who extend this
    text/         text made safe, and said alike
    marshalling/  what crosses between processes

The files beside them are the nouns that all of them use, as the last two folders' are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import FUNCTION_END, Message, Prompt, chat_prompt, completion_prompt
from pytest_humaneval.prompting.guided import (
    Candidate,
    Draw,
    Question,
    Questions,
    Trial,
    TryOut,
    draw,
    guided_strategy,
    try_out,
)
from pytest_humaneval.sample import Completion, Generation, Request, Sampling
from pytest_humaneval.strategy import Strategy, strategy
from pytest_humaneval.verdict import Verdict

if TYPE_CHECKING:
    from pytest_humaneval.dataset.category import Category, category
    from pytest_humaneval.dataset.kinds import Dataset, DatasetKind
    from pytest_humaneval.dataset.load import read_problems
    from pytest_humaneval.engine.protocol import Engine, EngineKind, EngineOptions, Identity
    from pytest_humaneval.postprocess import PostProcessor, Step
    from pytest_humaneval.prompting.undefined_names import undefined_names
    from pytest_humaneval.rewrite.rewriting import Rewrite
    from pytest_humaneval.sandbox import Sandbox, SandboxKind, SandboxOptions, check_correctness, open_sandbox

_HOME = {
    "Category": "dataset.category",
    "category": "dataset.category",
    "Dataset": "dataset.kinds",
    "DatasetKind": "dataset.kinds",
    "read_problems": "dataset.load",
    "Engine": "engine.protocol",
    "EngineKind": "engine.protocol",
    "EngineOptions": "engine.protocol",
    "Identity": "engine.protocol",
    "PostProcessor": "postprocess",
    "Step": "postprocess",
    "Rewrite": "rewrite.rewriting",
    "Sandbox": "sandbox",
    "SandboxKind": "sandbox",
    "SandboxOptions": "sandbox",
    "check_correctness": "sandbox",
    "open_sandbox": "sandbox",
    "undefined_names": "prompting.undefined_names",
}

__all__ = [
    "FUNCTION_END",
    "Candidate",
    "Category",
    "Completion",
    "Dataset",
    "DatasetKind",
    "Draw",
    "Engine",
    "EngineKind",
    "EngineOptions",
    "Generation",
    "Identity",
    "Message",
    "PostProcessor",
    "Problem",
    "Prompt",
    "Question",
    "Questions",
    "Request",
    "Rewrite",
    "Sampling",
    "Sandbox",
    "SandboxKind",
    "SandboxOptions",
    "Step",
    "Strategy",
    "Trial",
    "TryOut",
    "Verdict",
    "category",
    "chat_prompt",
    "check_correctness",
    "completion_prompt",
    "draw",
    "guided_strategy",
    "open_sandbox",
    "read_problems",
    "strategy",
    "try_out",
    "undefined_names",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
