"""Post-processing on what a model really wrote: the answers that are recorded in benchmarks/results/table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.postprocess import POSTPROCESSORS
from pytest_humaneval.results.read import read_results
from pytest_humaneval.sandbox import open_sandbox
from pytest_humaneval.sandbox.interface import Sandbox, SandboxOptions

RECORDED = Path(__file__).parents[2] / "benchmarks" / "results" / "table"
PROBLEMS = {problem.task_id: problem for problem in read_problems()}

# What follows programs in the wild. None of it has a part in the answer, and none may cost it.
FOLLOWED_BY = ("", "\n\nprint({}.__name__)\n", "\n\nif __name__ == '__main__':\n    {}()\n", "\n\nThat is all.\n")


@cache
def programs_that_pass() -> tuple[tuple[str, str], ...]:
    """Task and completion of everything that passed, each once."""
    folders = sorted(path.parent for path in RECORDED.glob("*/results.jsonl"))
    outcomes = [outcome for folder in folders for outcome in read_results(folder).outcomes if outcome.passed]
    return tuple(dict.fromkeys((outcome.task_id, outcome.completion) for outcome in outcomes))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(SandboxOptions()) as opened:
        yield opened


def test_there_are_enough_of_them() -> None:
    assert len(programs_that_pass()) > 1_400


@pytest.mark.parametrize("name", ["post_v1", "post_v5"])
def test_no_program_that_passes_fails_once_it_is_post_processed(name: str, sandbox: Sandbox) -> None:
    changed = []
    for task_id, completion in programs_that_pass():
        made = POSTPROCESSORS[name](PROBLEMS[task_id].visible(), completion).text
        if made != completion:
            changed.append((PROBLEMS[task_id], made))

    assert [problem.task_id for problem, made in changed if not passes(sandbox, problem, made)] == []


@pytest.mark.parametrize("ending", FOLLOWED_BY[1:])
def test_nor_does_one_that_examples_and_prose_follow(ending: str, sandbox: Sandbox) -> None:
    failed = []
    for task_id, completion in programs_that_pass()[::10]:
        problem = PROBLEMS[task_id]
        made = POSTPROCESSORS["post_v1"](problem.visible(), completion + ending.format(problem.entry_point)).text
        if made.rstrip() != completion.rstrip() and not passes(sandbox, problem, made):
            failed.append(task_id)

    assert failed == []


@pytest.mark.parametrize("form", ["```python\n{}\n```", "<think>\nno\n</think>\n{}", "{}<|im_end|>", "\ufeff{}"])
def test_nor_does_one_in_the_forms_that_servers_give_it(form: str, sandbox: Sandbox) -> None:
    failed = []
    for task_id, completion in programs_that_pass()[::20]:
        problem = PROBLEMS[task_id]
        made = POSTPROCESSORS["post_v1"](problem.visible(), form.format(completion)).text
        if made.strip() != completion.strip() and not passes(sandbox, problem, made):
            failed.append(task_id)

    assert failed == []


def passes(sandbox: Sandbox, problem: Problem, completion: str) -> bool:
    return sandbox.check(problem, completion, timeout=10.0).passed
