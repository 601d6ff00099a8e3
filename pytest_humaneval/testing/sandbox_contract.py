"""What every sandbox must say about programs, as a suite; and a sandbox that says what a script does."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox
from pytest_humaneval.sandbox.library import self_check
from pytest_humaneval.sandbox.scripted_sandbox import ScriptedSandbox as ScriptedSandbox
from pytest_humaneval.testing.small_problems import ADD, PROBLEMS
from pytest_humaneval.verdict import Kind

TIMEOUT = 10.0  # seconds, for programs that need none of them
SHORT_TIMEOUT = 1.0  # for those that are bound to use it up

SAME = Problem(
    task_id="Mini/2",
    prompt='def same(x):\n    """The value itself."""\n',
    entry_point="same",
    canonical_solution="    return x\n",
    test="def check(candidate):\n    assert candidate(2) == 2\n",
)
KINDS: dict[str, Kind] = {
    "    return x\n": "passed",
    "    return x + 1\n": "assertion",
    "    return x / 0\n": "exception",
    "    import os; os._exit(0)\n": "exception",
    "    raise SystemExit(0)\n": "exception",
    "    return )\n": "syntax error",
    "    return x\0\n": "syntax error",
    "    return '\ud800'\n": "syntax error",
    "": "empty",
    "  # nothing\n\n": "empty",
    "    while True: pass\n": "timed out",
    "    import time; time.sleep(60)\n": "timed out",
    "    return bytearray(1 << 40)\n": "out of memory",
    "    return lambda: 2\n": "refused",
    "    return 'x' * (10 << 20)\n": "refused",
}
FORGED = (
    "    return type('Yes', (), {'__eq__': lambda self, other: True})()\n",
    "    print('passed')\n    raise SystemExit(0)\n",
    "    import builtins; builtins.AssertionError = type('Never', (Exception,), {})\n    return 3\n",
    "    import sys; sys._getframe(1).f_globals['candidate'] = lambda x: 2\n    return 3\n",
)


class SandboxContract:
    """The suite: a class that inherits from it gives it a fixture ``sandbox``, an entered ``Sandbox``.

    It says little of isolation: what a hostile program may reach is tried by tests/attacks of the repository.
    """

    def test_canonical_solutions_pass(self, sandbox: Sandbox) -> None:
        assert wrongly_judged(sandbox, PROBLEMS) == {}

    def test_the_self_check_is_content(self, sandbox: Sandbox) -> None:
        self_check(sandbox, PROBLEMS)

    def test_a_program_may_repeat_the_prompt(self, sandbox: Sandbox) -> None:
        verdict = sandbox.check(ADD, "\n" + ADD.prompt + ADD.canonical_solution, timeout=TIMEOUT)
        assert verdict.passed, verdict

    def test_every_kind_of_program_gets_its_kind_of_verdict(self, sandbox: Sandbox) -> None:
        verdicts = {code: sandbox.check(SAME, code, timeout=SHORT_TIMEOUT) for code in KINDS}
        assert {code: verdict.kind for code, verdict in verdicts.items()} == KINDS

    def test_a_pass_cannot_be_forged(self, sandbox: Sandbox) -> None:
        assert [code for code in FORGED if sandbox.check(SAME, code, timeout=TIMEOUT).passed] == []

    def test_one_check_leaves_nothing_to_the_next(self, sandbox: Sandbox) -> None:
        sandbox.check(SAME, "    import math; math.left = 1\n    return x\n", timeout=TIMEOUT)
        verdict = sandbox.check(SAME, "    import math\n    return math.left + x\n", timeout=TIMEOUT)
        assert verdict.kind == "exception", verdict

    def test_a_detail_says_why_and_can_be_printed(self, sandbox: Sandbox) -> None:
        verdict = sandbox.check(SAME, "    raise KeyError('\\x1b[31m why \\ud800')\n", timeout=TIMEOUT)
        assert "KeyError" in verdict.detail, verdict
        assert "\x1b" not in verdict.detail, verdict
        verdict.detail.encode()


def wrongly_judged(sandbox: Sandbox, problems: Iterable[Problem]) -> dict[str, str]:
    """By task, what is wrong where a canonical solution does not pass, or a stub does."""
    wrong = {}
    for problem in problems:
        right = sandbox.check(problem, problem.canonical_solution, timeout=TIMEOUT)
        if not right.passed:
            wrong[problem.task_id] = f"the canonical solution: {right}"
        elif sandbox.check(problem, "    pass\n", timeout=TIMEOUT).passed:
            wrong[problem.task_id] = "a stub passes"
    return wrong
