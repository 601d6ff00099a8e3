"""A problem with a stronger test has two verdicts, and nothing of the second changes the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pytest_humaneval import Problem, SandboxOptions, Verdict, open_sandbox
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.results.headline import counterexample
from pytest_humaneval.sandbox import Sandbox

PLAIN = Problem(
    "Mini/0",
    "def double(x):\n",
    "double",
    "    return 2 * x\n",
    "def check(candidate):\n    assert candidate(2) == 4\n",
)
STRONG = replace(
    PLAIN,
    strong_test="def check(candidate):\n    assert candidate(3) == 6\n    assert candidate(-3) == -6\n",
)
TIMEOUT = 1.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(SandboxOptions("lockdown")) as opened:
        yield opened


def judged(sandbox: Sandbox, completion: str) -> Verdict:
    """Both verdicts; the first is the one of the plain problem."""
    plain = sandbox.check(PLAIN, completion, timeout=TIMEOUT)
    both = sandbox.check(STRONG, completion, timeout=TIMEOUT)
    assert (both.kind, both.detail) == (plain.kind, plain.detail)
    assert plain.strong is None
    assert both.strong is not None
    return both.strong


def test_what_is_right_passes_both(sandbox: Sandbox) -> None:
    assert judged(sandbox, "    return 2 * x\n").passed


def test_what_fails_the_plain_test_has_failed_the_stronger_one(sandbox: Sandbox) -> None:
    assert judged(sandbox, "    return 5\n").kind == "assertion"
    assert judged(sandbox, "    return )\n").kind == "syntax error"
    assert judged(sandbox, "").kind == "empty"


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("return abs(2 * x)", "assertion", "double(-3) is 6, expected -6"),
        ("return 2 * x if x > 0 else x / 0", "exception", "double(-3): ZeroDivisionError: division by zero, line 1"),
        ("while x < 0: pass\n    return 2 * x", "timed out", "double(-3): timed out, more than 1 s"),
        ("if x < 0: import os; os._exit(0)\n    return 2 * x", "exception", "double(-3): the process ended itself"),
        ("return 2 * x if x > 0 else bytearray(1 << 40)", "out of memory", "double(-3): out of memory, MemoryError"),
        ("return 2 * x if x > 0 else 'x' * (10 << 20)", "refused", "double(-3): refused, the result cannot cross"),
    ],
)  # fmt: skip
def test_a_rejection_names_the_call(sandbox: Sandbox, body: str, kind: str, told: str) -> None:
    strong = judged(sandbox, f"    {body}\n")
    assert strong.kind == kind
    assert counterexample(strong.kind, strong.detail, "double").startswith(told)


def test_the_stronger_test_has_time_of_its_own(sandbox: Sandbox) -> None:
    slow = "    import time\n    until = time.process_time() + 0.4\n    while time.process_time() < until: pass\n"
    assert judged(sandbox, f"{slow}    return 2 * x\n").passed  # 0.4 s, then 0.8 s, of 1 s


def test_no_check_suffers_from_the_one_before(sandbox: Sandbox) -> None:
    for completion in ("    return 5\n", "    while x < 0: pass\n    return 2 * x\n", "    return 2 * x\n"):
        judged(sandbox, completion)
    assert sandbox.check(PLAIN, "    return 2 * x\n", timeout=TIMEOUT).passed


def test_a_value_that_overcomes_the_oracle_leaves_the_first_verdict(sandbox: Sandbox) -> None:
    greedy = replace(PLAIN, strong_test="def check(candidate):\n    assert len(candidate(3) * 10 ** 11) == 6\n")
    verdict = sandbox.check(greedy, "    return 4 if x == 2 else 'xxx'\n", timeout=TIMEOUT)
    assert verdict.passed
    assert verdict.strong is not None
    assert verdict.strong.kind == "out of memory"


def test_a_stronger_test_that_nobody_can_run_is_an_error(sandbox: Sandbox) -> None:
    broken = replace(PLAIN, strong_test="def check(candidate):\n    import no_such_module\n")
    with pytest.raises(SandboxError, match="no_such_module"):
        sandbox.check(broken, "    return 2 * x\n", timeout=TIMEOUT)
    assert sandbox.check(STRONG, "    return 2 * x\n", timeout=TIMEOUT).passed


def test_floats_are_compared_as_the_test_says(sandbox: Sandbox) -> None:
    class_ = (
        "class approximately:\n"
        "    def __init__(self, value): self.value = value\n"
        "    def __eq__(self, other): return abs(self.value - other) < 1e-6\n"
        "    def __repr__(self): return repr(self.value)\n"
    )
    near = replace(
        PLAIN, strong_test=f"{class_}def check(candidate):\n    assert candidate(0.5) == approximately(1.0)\n"
    )
    verdict = sandbox.check(near, "    return 4 if x == 2 else 1.5\n", timeout=TIMEOUT)
    assert verdict.strong is not None
    assert counterexample("assertion", verdict.strong.detail, "double") == "double(0.5) is 1.5, expected 1.0"
    verdict = sandbox.check(near, "    return 4 if x == 2 else 1.0000000001\n", timeout=TIMEOUT)
    assert verdict.strong == Verdict("passed", "", verdict.strong.duration if verdict.strong else 0)
