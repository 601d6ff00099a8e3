"""Problems with other rules and constants: right, the same for a seed, others for another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - a fixture

from pytest_humaneval.dataset.bundled import BUNDLED
from pytest_humaneval.dataset.examples import visible_examples
from pytest_humaneval.dataset.kinds import Dataset, Wanted
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.dataset.requested import read_together, requested_datasets
from pytest_humaneval.dataset.variants.variants_dataset import TEMPLATES, VARIANTS
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem

SHA256 = "767cfe13d9c9633315868fb96bed9a62e7b551cb73c498dd4836b8c39f153cc1"


@pytest.fixture(scope="module")
def seed_0(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return VARIANTS.dataset(Wanted(keep=tmp_path_factory.mktemp("kept")))


def assert_is_a_problem(problem: Problem) -> None:
    verdict = check_correctness(problem, problem.canonical_solution)
    assert verdict.passed, f"{problem.task_id}: {verdict.detail}"
    assert not check_correctness(problem, "    return None\n").passed
    assert len(visible_examples(problem)) == 2 or "None" in problem.prompt or "'" in problem.prompt


def test_there_are_many(seed_0: Dataset) -> None:
    assert len({one.number for one in TEMPLATES}) == len(TEMPLATES) == len(seed_0.problems) >= 40
    assert seed_0.name == "humaneval-variants:0"
    assert seed_0.problems[0].task_id == "Variant-0/0"


def test_their_solutions_pass_and_nothing_does_not(seed_0: Dataset) -> None:
    for problem in seed_0.problems[::4]:
        assert_is_a_problem(problem)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", ["0", "1", "2", "12345"])
def test_all_solutions_pass(seed: str, tmp_path: Path) -> None:
    for problem in VARIANTS.dataset(Wanted((seed,), keep=tmp_path)).problems:
        assert_is_a_problem(problem)


def test_what_is_shown_is_not_tested(seed_0: Dataset) -> None:
    for problem in seed_0.problems:
        for example in visible_examples(problem):
            assert f"{example.call('candidate')} ==" not in problem.test


def test_the_solutions_of_humaneval_do_not_solve_them(seed_0: Dataset) -> None:
    """Whoever remembers an answer gives a wrong one; each third problem is tried."""
    originals = {problem.task_id: problem for problem in read_problems()}
    for template, problem in list(zip(TEMPLATES, seed_0.problems, strict=True))[::3]:
        remembered = originals[f"HumanEval/{template.number}"].canonical_solution
        assert not check_correctness(problem, remembered).passed, problem.prompt


def test_a_seed_has_its_digest(seed_0: Dataset, tmp_path: Path) -> None:
    other = VARIANTS.dataset(Wanted(("7",), keep=tmp_path))
    again = VARIANTS.dataset(Wanted(("7",), keep=tmp_path))
    assert other.sha256 == again.sha256 != seed_0.sha256
    assert seed_0.sha256 == SHA256
    same = sum(one.prompt == two.prompt for one, two in zip(seed_0.problems, other.problems, strict=True))
    assert same < len(TEMPLATES) / 2


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("humaneval-variants:many", "has no part 'many'; it takes a seed, a whole number"),
        ("humaneval-variants:1:2", "takes one seed, not 1 and 2"),
        ("humaneval-variants=x.jsonl", "from no other file"),
    ],
)
def test_what_is_no_seed_says_so(asked: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=told):
        read_together(requested_datasets(asked, BUNDLED, tmp_path, ()))
