"""What becomes of hidden tests that are odd, broken, or led astray by the values they are given."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sandbox_available import kept_sandbox as sandbox
from sandbox_available import passes
from sandbox_corpus import looping

from pytest_humaneval.exceptions import InputError, SandboxError
from pytest_humaneval.sandbox import Sandbox
from pytest_humaneval.sandbox.oracle.budget import wall_limit

__all__ = ["sandbox"]


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        "10 ** 10 ** 10",  # in C, where no signal is looked at
        "\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    ],
    ids=["loop", "sleep", "hang in C", "loop that swallows everything"],
)
def test_test_that_never_ends_is_timed_out(sandbox: Sandbox, body: str) -> None:
    problem = looping(body)
    started = time.monotonic()
    assert sandbox.check(problem, problem.canonical_solution, timeout=0.2).kind == "timed out"
    assert time.monotonic() - started < wall_limit(0.2) + 1 + 10  # and what a busy machine takes to replace the oracle
    assert passes(sandbox)


def test_test_that_swallows_the_end_of_the_check_does_not_pass_it(sandbox: Sandbox) -> None:
    problem = looping("\n    try: candidate(2)\n    except BaseException: pass")
    assert (
        sandbox.check(problem, "    return x if x == 1 else __import__('os')._exit(0)\n", timeout=5).kind == "exception"
    )
    assert sandbox.check(problem, "    return x if x == 1 else 1 << 1000000\n", timeout=5).kind == "refused"


def test_test_may_expect_an_exception(sandbox: Sandbox) -> None:
    problem = looping("\n    try: candidate('')\n    except ValueError: return\n    assert False")
    assert sandbox.check(problem, "    if x == '': raise ValueError('no')\n", timeout=5).passed
    assert sandbox.check(problem, "    if x == '': raise type('Own', (ValueError,), {})('no')\n", timeout=5).passed
    assert sandbox.check(problem, "    if x == '': raise KeyError('no')\n", timeout=5).kind == "exception"
    assert sandbox.check(problem, "    pass\n", timeout=5).kind == "assertion"


def test_argument_that_cannot_cross_is_an_error_of_the_test(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="it passes a value of type object"):
        sandbox.check(looping("candidate(object())"), "    return 1\n", timeout=5)
    assert passes(sandbox)


@pytest.mark.parametrize("body", ["pass", "\n    for x in []: assert candidate(x)"], ids=["empty", "loop over nothing"])
def test_test_that_calls_nothing_is_an_error(sandbox: Sandbox, body: str) -> None:
    """It would pass every program, a stub too."""
    problem = looping("pass")
    with pytest.raises(SandboxError, match="cannot be run: it ends without a call of the function"):
        sandbox.check(replace(problem, test=f"def check(candidate):\n    {body}\n"), "    return 1\n", timeout=5)
    assert passes(sandbox)


def test_test_of_our_own_that_has_nothing_to_try_reports_that(sandbox: Sandbox) -> None:
    problem = replace(looping("pass"), test="def check(candidate):\n    return 'nothing'\n")
    verdict = sandbox.check(problem, "    return 1\n", timeout=5)
    assert (verdict.kind, verdict.detail) == ("passed", "nothing")


def test_test_that_does_not_compile_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="cannot be run: SyntaxError"):
        sandbox.check(looping("return return"), "    return 1\n", timeout=5)
    assert passes(sandbox)


def test_result_handed_back_is_no_fault_of_the_test(sandbox: Sandbox) -> None:
    """Otherwise a failure could be turned into an error, which no statistic counts."""
    handed_back = looping("candidate([candidate(2)])")
    assert sandbox.check(handed_back, "    return x\n", timeout=5).passed
    assert sandbox.check(handed_back, "    return object()\n", timeout=5).passed
    its_type = sandbox.check(looping("candidate(type(candidate(2)))"), "    return object()\n", timeout=5)
    assert (its_type.kind, its_type.detail) == (
        "refused",
        "a result that the test hands back cannot cross again: a type",
    )
    deep = "    for _ in range(63): x = [x]\n    return x\n"
    verdict = sandbox.check(handed_back, deep, timeout=5)
    assert verdict.kind == "refused"
    assert "nested deeper" in verdict.detail


def test_argument_that_is_too_large_from_the_start_is_an_error_of_the_test(sandbox: Sandbox) -> None:
    problem = looping("")
    large = type(problem)("Loop/1", problem.prompt, "f", "", "def check(candidate):\n    candidate('x' * (9 << 20))\n")
    with pytest.raises(SandboxError, match="it passes a value of more than"):
        sandbox.check(large, "    return 1\n", timeout=5)
    assert passes(sandbox)


def test_test_that_multiplies_its_result_runs_out_of_memory_alone(sandbox: Sandbox) -> None:
    verdict = sandbox.check(looping("candidate(2) * 10 ** 5"), "    return b'x' * (4 << 20)\n", timeout=5)
    assert verdict.kind == "out of memory"
    assert passes(sandbox)


def test_error_over_a_result_that_has_no_text_is_a_failure(sandbox: Sandbox) -> None:
    verdict = sandbox.check(looping("{}[candidate(2)]"), "    return 10 ** 100000\n", timeout=5)
    assert verdict.kind == "assertion"
    assert verdict.detail.splitlines()[-1] == "KeyError: with a value that cannot be shown"
    assert passes(sandbox)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e7])
def test_timeout_that_is_no_number_of_seconds_is_refused(sandbox: Sandbox, timeout: float) -> None:
    with pytest.raises(InputError, match=r"timeout: .* is not a number of seconds between 0 and 1000000"):
        sandbox.check(looping(""), "    return 1\n", timeout=timeout)
