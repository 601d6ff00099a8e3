"""One sandbox a process: the one that has settled what ``auto`` means judges as well, where it can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mini import ADD, RIGHT, Evaluate

COUNTING = """
from pathlib import Path
from pytest_humaneval import SandboxKind, SandboxOptions, open_sandbox

class Counting:
    name, layers = "counting", ()
    def __init__(self, options):
        self.inner = open_sandbox(SandboxOptions("lockdown"))
    def check(self, problem, completion, *, timeout):
        return self.inner.check(problem, completion, timeout=timeout)
    def __enter__(self):
        note("opened ")
        self.inner.__enter__()
        return self
    def __exit__(self, *raised):
        self.inner.__exit__(*raised)
        note("left ")

def note(what):
    with Path("noted").open("a") as file:
        file.write(what)

def pytest_humaneval_sandboxes():
    return [SandboxKind("counting", "counts", Counting)]
"""
JUDGES = """
def test_it(problem, completion, check_correctness):
    assert check_correctness(problem, completion).passed
"""


def test_a_run_in_one_process_opens_one_sandbox_and_leaves_it(pytester: pytest.Pytester, evaluate: Evaluate) -> None:
    pytester.makeconftest(COUNTING)
    evaluate("-n0", "--humaneval-sandbox=counting").assert_outcomes(passed=3)
    assert Path("noted").read_text() == "opened left "


def test_a_hidden_test_can_import_what_lies_beside_a_test_file(
    pytester: pytest.Pytester, evaluate: Evaluate, mini: Path
) -> None:
    pytester.makeconftest(COUNTING)
    folder = pytester.mkdir("mine")
    (folder / "beside.py").write_text("THREE = 3\n")
    (folder / "test_mine.py").write_text(JUDGES)
    test = "from beside import THREE\n\ndef check(candidate):\n    assert candidate(1, 2) == THREE\n"
    mini.write_text(json.dumps({**ADD, "test": test, "canonical_solution": ""}) + "\n")
    for answer, outcome in ((RIGHT["Mini/0"], {"passed": 1}), ("    return 4\n", {"failed": 1})):
        result = evaluate("-n0", "mine/test_mine.py", "--humaneval-sandbox=counting", script={"Mini/0": answer})
        result.assert_outcomes(**outcome)
    assert Path("noted").read_text() == "opened opened left left " * 2
