"""What every sandbox must say about honest programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_available import CONFINING, opened

from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.sandbox import Sandbox
from pytest_humaneval.sandbox.library import BUNDLED
from pytest_humaneval.testing import SandboxContract
from pytest_humaneval.testing.sandbox_contract import wrongly_judged


@pytest.fixture(scope="module", params=CONFINING)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=[name for name in BUNDLED if name != "auto"])  # which is one of the others
def bundled(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param) as sandbox:
        yield sandbox


class TestEverySandbox(SandboxContract):
    @pytest.fixture
    def sandbox(self, bundled: Sandbox) -> Sandbox:
        return bundled


def test_all_canonical_solutions_pass_and_no_stub_does(sandbox: Sandbox) -> None:
    assert wrongly_judged(sandbox, read_problems()) == {}


def test_program_may_repeat_a_prompt_that_has_two_functions(sandbox: Sandbox) -> None:
    problem = read_problems()[32]
    assert sandbox.check(problem, "\n" + problem.prompt + problem.canonical_solution, timeout=10).passed


def returning(expected: str) -> Problem:
    test = f"def check(candidate):\n    assert candidate(2) == {expected}\n"
    return Problem("Mini/0", 'def f(x):\n    """Compute."""\n', "f", "    return x\n", test)


def test_failed_assertion_shows_arguments_expected_and_got(sandbox: Sandbox) -> None:
    verdict = sandbox.check(returning("[2]"), "    return (x,)\n", timeout=5)
    assert verdict.detail.splitlines() == ["assert candidate(2) == [2]", "arguments: 2", "expected: [2]", "got: (2,)"]


def test_exception_shows_type_message_and_line_of_the_completion(sandbox: Sandbox) -> None:
    verdict = sandbox.check(returning("2"), "    y = x\n    return y['a']\n", timeout=5)
    assert verdict.detail.splitlines() == [
        "line 2 of the completion: return y['a']",
        "TypeError: 'int' object is not subscriptable",
    ]
