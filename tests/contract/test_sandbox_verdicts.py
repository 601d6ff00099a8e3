"""What every sandbox must say about honest programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_available import CONFINING, opened

from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.sandbox import Sandbox, self_check


@pytest.fixture(scope="module", params=CONFINING)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param) as sandbox:
        yield sandbox


def test_all_canonical_solutions_pass(sandbox: Sandbox) -> None:
    failed = {}
    for problem in read_problems():
        verdict = sandbox.check(problem, problem.canonical_solution, timeout=10)
        if not verdict.passed:
            failed[problem.task_id] = verdict
    assert not failed


def test_no_stub_passes(sandbox: Sandbox) -> None:
    verdicts = {problem.task_id: sandbox.check(problem, "    pass\n", timeout=10) for problem in read_problems()}
    assert [task_id for task_id, verdict in verdicts.items() if verdict.passed] == []


def test_self_check_is_content_with_a_real_sandbox(sandbox: Sandbox) -> None:
    self_check(sandbox, read_problems()[:1])


def test_program_may_repeat_the_prompt(sandbox: Sandbox) -> None:
    problem = read_problems()[32]  # with a second function in its prompt
    assert sandbox.check(problem, "\n" + problem.prompt + problem.canonical_solution, timeout=10).passed


def returning(expected: str) -> Problem:
    test = f"def check(candidate):\n    assert candidate(2) == {expected}\n"
    return Problem("Mini/0", 'def f(x):\n    """Compute."""\n', "f", "    return x\n", test)


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("    return x\n", "passed"),
        ("    return x + 1\n", "assertion"),
        ("    return x / 0\n", "exception"),
        ("    import os; os._exit(0)\n", "exception"),
        ("    raise SystemExit(0)\n", "exception"),
        ("    return )\n", "syntax error"),
        ("    return x\0\n", "syntax error"),
        ("    return '\ud800'\n", "syntax error"),
        ("", "empty"),
        ("  # nothing\n\n", "empty"),
        ("    while True: pass\n", "timed out"),
        ("    import time; time.sleep(60)\n", "timed out"),
        ("    return bytearray(1 << 40)\n", "out of memory"),
        ("    return lambda: 2\n", "refused"),
        ("    return 'x' * (10 << 20)\n", "refused"),
    ],
)
def test_kind_of_verdict(sandbox: Sandbox, completion: str, kind: str) -> None:
    assert sandbox.check(returning("2"), completion, timeout=1).kind == kind


def test_failed_assertion_shows_arguments_expected_and_got(sandbox: Sandbox) -> None:
    verdict = sandbox.check(returning("[2]"), "    return (x,)\n", timeout=5)
    assert verdict.detail.splitlines() == ["assert candidate(2) == [2]", "arguments: 2", "expected: [2]", "got: (2,)"]


def test_exception_shows_type_message_and_line_of_the_completion(sandbox: Sandbox) -> None:
    verdict = sandbox.check(returning("2"), "    y = x\n    return y['a']\n", timeout=5)
    assert verdict.detail.splitlines() == [
        "line 2 of the completion: return y['a']",
        "TypeError: 'int' object is not subscriptable",
    ]
