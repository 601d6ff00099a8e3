"""The stronger tests that are shipped: right programs pass them, and pass@1 is that of HumanEval."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_humaneval import SandboxOptions, open_sandbox, read_problems
from pytest_humaneval.dataset import shipped
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.sandbox import Sandbox

STRONG = Path("humaneval-strong")
SOLUTIONS = Path(__file__).parent.parent / "data" / "independent_solutions.txt"
LARGEST = 1 << 20  # bytes of the file
MOST_INPUTS = 40


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(SandboxOptions()) as opened:
        yield opened


def independent_solutions() -> dict[str, str]:
    """Completions by task_id: the function under its own name, after the imports of the file."""
    tree = ast.parse(SOLUTIONS.read_text())
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.name, _, number = node.name.rpartition("_")
            found[f"HumanEval/{number}"] = f"    pass\n\n{ast.unparse(ast.Module([*imports, node], []))}\n"
    return found


def test_it_is_humaneval_with_one_more_field() -> None:
    plain, strong = read_problems(), read_problems(STRONG)
    fields = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
    assert [[getattr(one, name) for name in fields] for one in plain] == [
        [getattr(one, name) for name in fields] for one in strong
    ]
    assert sum(bool(one.strong_test) for one in strong) > 140
    assert max(one.strong_test.count("\n    assert ") for one in strong) <= MOST_INPUTS


def test_it_is_small_and_its_digest_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = shipped.path_of("humaneval-strong")
    assert file is not None
    assert file.stat().st_size < LARGEST
    monkeypatch.setattr(shipped, "SHIPPED", {"humaneval-strong": "0" * 64})
    with pytest.raises(DatasetError, match="install pytest-humaneval again"):
        read_problems(STRONG)


def test_every_canonical_solution_passes(sandbox: Sandbox) -> None:
    failed = [
        problem.task_id
        for problem in read_problems(STRONG)
        if not (verdict := sandbox.check(problem, problem.canonical_solution, timeout=3.0)).passed
        or (verdict.strong is not None and not verdict.strong.passed)
    ]
    assert failed == []


def test_no_solution_written_from_the_docstring_alone_is_rejected(sandbox: Sandbox) -> None:
    problems = {problem.task_id: problem for problem in read_problems(STRONG)}
    solutions = independent_solutions()
    assert solutions.keys() == problems.keys()
    verdicts = {
        task_id: sandbox.check(problems[task_id], completion, timeout=3.0) for task_id, completion in solutions.items()
    }
    assert {task_id: one.detail for task_id, one in verdicts.items() if not one.passed} == {}
    rejected = {task_id: one.strong.detail for task_id, one in verdicts.items() if one.strong and not one.strong.passed}
    assert rejected == {}


@pytest.mark.parametrize(
    ("task_id", "completion", "accepted"),
    [
        ("HumanEval/144", "    return eval(f'({x}) * ({n})') % 1 == 0\n", True),  # Python has no number 09
        ("HumanEval/151", "    return sum(int(x) ** 2 for x in lst if x > 0 and x == int(x) and x % 2)\n", True),  # 5.0
        ("HumanEval/35", "    most = 0\n    for x in l:\n        most = max(most, x)\n    return most\n", False),
    ],
)
def test_an_input_that_is_read_in_two_ways_judges_nobody(
    sandbox: Sandbox, task_id: str, completion: str, accepted: bool
) -> None:
    problem = next(problem for problem in read_problems(STRONG) if problem.task_id == task_id)
    verdict = sandbox.check(problem, completion, timeout=3.0)
    assert verdict.passed
    assert verdict.strong is not None
    assert verdict.strong.passed is accepted


def test_the_account_is_in_the_file() -> None:
    from pytest_humaneval.dataset import jsonl

    file = shipped.path_of("humaneval-strong")
    assert file is not None
    rows = [json.loads(line) for _, line in jsonl.lines(jsonl.read_text(file))]
    without = {row["task_id"]: row["strong"]["why_none"] for row in rows if not row["strong_test"]}
    assert without["HumanEval/32"] == "its test judges results in a way of its own"
    assert all(row["strong"]["inputs"] == row["strong_test"].count("    assert ") for row in rows)
