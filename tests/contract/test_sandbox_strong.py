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
        ("while x < 0: pass\n    return 2 * x", "timed out", "double(-3): timed out, "),
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


TABLE = replace(
    PLAIN,
    strong_test="def check(candidate):\n" + "".join(f"    assert candidate({x}) == {2 * x}\n" for x in range(3, 9)),
)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("import os\n    if x == 6: os._exit(0)\n    return 9 if x == 4 else 2 * x", "double(4) is 9, expected 8"),
        ("import os\n    if x == 6: os._exit(0)\n    return 2 * x", "double(6): the process ended itself"),
        ("while x == 7: pass\n    return 2 * x", "double(7): timed out"),
        ("import time\n    if x > 3: time.sleep(0.45)\n    return 2 * x", "double(6): timed out"),
        ("return (y for y in [2]) if x == 5 else 2 * x", "double(5) is <list_iterator object"),
        ("return 2 * x if x < 7 else x / 0", "double(7): ZeroDivisionError: division by zero, line 1"),
    ],
)
def test_of_calls_that_go_together_the_one_that_fails_is_named(sandbox: Sandbox, body: str, told: str) -> None:
    strong = sandbox.check(TABLE, f"    {body}\n", timeout=TIMEOUT).strong
    assert strong is not None
    assert counterexample(strong.kind, strong.detail, "double").startswith(told)


def test_what_a_program_remembers_from_call_to_call_counts_in_their_order(sandbox: Sandbox) -> None:
    remembers = "    double.calls = getattr(double, 'calls', 1) + 1\n    return 2 * double.calls\n"
    verdict = sandbox.check(TABLE, remembers, timeout=TIMEOUT)  # 2, then 3 to 8
    assert verdict.strong is not None
    assert verdict.strong.passed


@pytest.mark.parametrize("first", [0, 3])  # of the calls to be answered by a generator
def test_a_generator_is_asked_while_other_calls_are_under_way(sandbox: Sandbox, first: int) -> None:
    lazy = replace(
        TABLE, strong_test=TABLE.strong_test.replace("candidate(", "sum(candidate(").replace(") ==", ")) ==")
    )
    body = f"    if x == 2: return 4\n    return (x for _ in (1, 2)) if x > {first} else [x, x]\n"
    assert (strong := sandbox.check(lazy, body, timeout=TIMEOUT).strong) is not None
    assert strong.passed
    strong = sandbox.check(lazy, body.replace("(1, 2)", "(1, 2)[x == 7:]"), timeout=TIMEOUT).strong
    assert strong is not None
    assert "candidate(7)" in strong.detail


@pytest.mark.parametrize("reply", ["V" + "i\\x0c" + "\\0" * 7, "A", "X"])
@pytest.mark.parametrize("times", [1, 100])
def test_answers_that_nobody_waits_for_pass_nothing(sandbox: Sandbox, reply: str, times: int) -> None:
    """12 is what is expected of 6: the program may say so before it is asked, but not more often than it is asked."""
    forging = (
        "    import os, struct\n"
        "    if x == 2: return 4\n"
        f"    message = b'{reply}'\n"
        f"    frames = (struct.pack('<I', len(message)) + message) * {times}\n"
        "    for number in range(3, 64):\n"
        "        try: os.write(number, frames)\n"
        "        except OSError: pass\n"
        "    return 0\n"
    )
    verdict = sandbox.check(TABLE, forging, timeout=TIMEOUT)
    assert verdict.passed
    assert verdict.strong is not None
    assert not verdict.strong.passed
