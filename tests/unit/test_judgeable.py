from __future__ import annotations

from pathlib import Path

import pytest

from pytest_humaneval import Problem, Verdict
from pytest_humaneval.exceptions import DatasetError, SandboxError
from pytest_humaneval.sandbox.judgeable import KEPT, SolutionTrial, broken_problems, left_after
from pytest_humaneval.sandbox.scripted_sandbox import ScriptedSandbox


def problem(number: int, solution: str = "    return 1\n") -> Problem:
    return Problem(f"Mini/{number}", "def f():\n", "f", solution, "def check(candidate):\n    pass\n")


PROBLEMS = (problem(0), problem(1, "    wrong\n"), problem(2, ""), problem(3, "    raises\n"))


class Sandbox(ScriptedSandbox):
    def __init__(self) -> None:
        super().__init__(self.judge)
        self.asked: list[str] = []

    def judge(self, problem: Problem, completion: str) -> Verdict:
        self.asked.append(completion)
        if "raises" in completion:
            raise SandboxError("the hidden test cannot be run:\nno module")
        return Verdict("assertion", "no") if "wrong" in completion else Verdict("passed")


def test_problems_whose_canonical_solution_does_not_pass_are_broken() -> None:
    assert broken_problems(Sandbox(), PROBLEMS, 3.0) == {
        "Mini/1": "assertion: no",
        "Mini/3": "the hidden test cannot be run: no module",
    }


def test_broken_problems_stop_the_run_by_name_unless_they_are_skipped() -> None:
    broken = {"Mini/1": "assertion: no"}
    with pytest.raises(DatasetError, match=r"1 of 4 problems cannot be judged here(?s:.*)Mini/1: assertion: no"):
        left_after(PROBLEMS, broken, skip=False)
    assert [one.task_id for one in left_after(PROBLEMS, broken, skip=True)] == ["Mini/0", "Mini/2", "Mini/3"]
    with pytest.raises(DatasetError, match="1 of 1 problem cannot"):
        left_after(PROBLEMS[1:2], broken, skip=True)


def test_what_has_passed_once_is_kept(tmp_path: Path) -> None:
    sandbox = Sandbox()
    for _ in range(2):
        assert SolutionTrial.of(sandbox, PROBLEMS[:1], 3.0, tmp_path).broken(lambda: sandbox) == {}
    assert len(sandbox.asked) == 1
    SolutionTrial.of(sandbox, (problem(0, "    return 2\n"),), 3.0, tmp_path).broken(lambda: sandbox)
    assert len(sandbox.asked) == 2


def test_several_sandboxes_share_the_problems_and_tell_them_in_order() -> None:
    problems = tuple(problem(number, "    wrong\n" if number % 3 else "    return 1\n") for number in range(40))
    opened: list[Sandbox] = []

    def opens() -> Sandbox:
        opened.append(Sandbox())
        return opened[-1]

    trial = SolutionTrial.of(Sandbox(), problems, 3.0)
    assert list(trial.broken(opens, 2)) == [one.task_id for one in problems if one.canonical_solution == "    wrong\n"]
    assert len(opened) == 2
    assert sum(len(one.asked) for one in opened) == 40


def test_a_sandbox_that_is_not_to_be_had_ends_the_trial() -> None:
    def opens() -> Sandbox:
        raise SandboxError("none")

    with pytest.raises(SandboxError, match="none"):
        SolutionTrial.of(Sandbox(), PROBLEMS, 3.0).broken(opens, 2)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "5", "[1]"])
def test_what_is_kept_may_be_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / KEPT).write_text(text)
    sandbox = Sandbox()
    assert SolutionTrial.of(sandbox, PROBLEMS[:1], 3.0, tmp_path).broken(lambda: sandbox) == {}
    assert len(sandbox.asked) == 1
