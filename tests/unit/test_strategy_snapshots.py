"""What models are asked, to the byte: a changed prompt is a changed file, seen in review.

After a wanted change: ``pytest tests/unit/test_strategy_snapshots.py --snapshot-update``, then read the diff.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from pytest_humaneval import FUNCTION_END, Problem, Prompt, Strategy
from pytest_humaneval.dataset.category import Category, category
from pytest_humaneval.dataset.load import read_problems

BUNDLED: tuple[Strategy, ...] = importlib.import_module("pytest_humaneval.strategies").bundled()
PROBLEMS = tuple(problem.visible() for problem in read_problems())
# A number, a string (with a helper function in the prompt), a list to sort, a dictionary.
HANDFUL = ("HumanEval/2", "HumanEval/10", "HumanEval/33", "HumanEval/95")


class TextFile(SingleFileSnapshotExtension):
    """One plain text file a snapshot."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def text_file(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


@pytest.mark.parametrize("strategy", BUNDLED, ids=lambda each: each.name)
def test_prompts(strategy: Strategy, text_file: SnapshotAssertion) -> None:
    asked = [line for problem in PROBLEMS if problem.task_id in HANDFUL for line in shown(strategy, problem)]

    assert "\n".join(asked) + "\n" == text_file


def test_categories(text_file: SnapshotAssertion) -> None:
    lines = [line for kind in Category for line in ("", kind.value, "-" * len(kind.value), *members(kind))]

    assert "\n".join(lines).lstrip() + "\n" == text_file


def shown(strategy: Strategy, problem: Problem) -> Iterator[str]:
    prompt = strategy.build_prompt(problem)
    yield f"# {problem.task_id}, {prompt.mode}, stops: {stops(prompt)}, completion prefix: {prompt.completion_prefix!r}"
    if prompt.text:
        yield f"text «{prompt.text}»"
    for message in prompt.messages:
        yield f"{message.role} «{message.content}»"
    yield ""


def stops(prompt: Prompt) -> str:
    return "FUNCTION_END" if prompt.stop == FUNCTION_END else repr(prompt.stop)


def members(kind: Category) -> Iterator[str]:
    for problem in PROBLEMS:
        if category(problem) is kind:
            signature = problem.prompt.split(f"\ndef {problem.entry_point}")[-1].split("\n")[0]
            yield f"{problem.task_id:<14} {problem.entry_point}{signature.rstrip(': ')}"
