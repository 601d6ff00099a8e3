"""What the end-to-end race writes for its peers, reads from their files and works out."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.races.contestants import LM_EVAL_TASK, RECORD, Outcome, plus_row, recorded, task_yaml, write_lines
from benchmarks.races.end_to_end import Run, compare_prompts, ratios, same_verdicts
from pytest_humaneval import Problem

ADD = Problem(
    "HumanEval/53",
    'def add(x, y):\n    """The sum."""\n',
    "add",
    "    return x + y\n",
    "def check(candidate):\n    assert candidate(2, 3) == 5\n    assert candidate(-1, 1) == 0\n",
)
DRIVER = Path(__file__).parents[2] / "benchmarks" / "races" / "peer_driver.py"


def run_of(seconds: float, tokens: int, passed: frozenset[str] = frozenset()) -> Run:
    return Run(seconds, seconds + 1, 2 * seconds, Outcome((), tokens, 0, passed, seconds))


def test_ratios_are_ours_over_theirs_and_the_median_is_of_the_rounds() -> None:
    ours = [run_of(10, 300), run_of(30, 300), run_of(12, 300)]
    theirs = [run_of(40, 600), run_of(40, 400), run_of(40, 600)]
    found = ratios(ours, theirs)
    assert [one["seconds"] for one in found["ratios"]] == [0.25, 0.75, 0.3]
    # per token: (10/300)/(40/600) = 0.5, (30/300)/(40/400) = 1, (12/300)/(40/600) = 0.6
    assert found["median_ratios"] == {"seconds": 0.3, "cpu_seconds": 0.3, "tokens": 0.5, "seconds_per_token": 0.6}


def test_prompts_are_compared_by_their_tokens_in_any_order() -> None:
    assert compare_prompts([(1, 2), (3,), (4,)], [(3,), (4, 5), (1, 2)]) == {"ours": 3, "theirs": 3, "equal": 2}


def test_a_verdict_is_the_same_when_both_passed_or_both_failed() -> None:
    problems = [Problem(f"HumanEval/{number}", "", "f", "", "") for number in range(4)]
    ours = Outcome((), 0, 0, frozenset({"HumanEval/0", "HumanEval/1"}), 1.0)
    theirs = Outcome((), 0, 0, frozenset({"HumanEval/1", "HumanEval/2"}), 1.0)
    assert same_verdicts(problems, ours, theirs) == 2  # 1 passed twice, 3 failed twice


def test_a_problem_for_evalplus_has_the_inputs_of_its_own_test() -> None:
    row = plus_row(ADD)
    assert json.loads(json.dumps(row)) == {
        "task_id": "HumanEval/53",
        "prompt": ADD.prompt,
        "entry_point": "add",
        "canonical_solution": ADD.canonical_solution,
        "contract": "",
        "base_input": [[2, 3], [-1, 1]],
        "plus_input": [],
        "atol": 0,
    }


def test_the_task_for_lm_eval_says_only_where_the_problems_are() -> None:
    told = json.loads(task_yaml(Path("/theirs/humaneval_instruct.yaml"), Path("/here/problems.jsonl")))
    assert told.pop("include") == "/theirs/humaneval_instruct.yaml"
    assert told == {
        "task": LM_EVAL_TASK,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "/here/problems.jsonl"}},
    }


def test_the_stand_in_for_code_eval_judges_by_the_check_that_the_reference_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "evaluate", SimpleNamespace(Metric=object))
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace())
    names = runpy.run_path(str(DRIVER.with_name("code_eval_offline.py")))
    right, wrong = ADD.prompt + "    return x + y\n", ADD.prompt + "    return x - y\n"
    reference = f"{ADD.test}\ncheck({ADD.entry_point})"  # as lm-eval's task makes it
    estimates, passed = names["CodeEval"]()._compute([[right], [wrong], ["def add("]], [reference] * 3, [1])
    assert passed == [[True], [False], [False]]
    assert estimates == {"pass@1": pytest.approx(1 / 3)}
    # lm-eval's trial, before everything else
    assert names["CodeEval"]()._compute([["def add(a, b): return a * b"]], ["assert add(2, 3) == 5"])[1] == [[False]]


def test_the_driver_notes_what_a_peer_asks_and_gets(tmp_path: Path) -> None:
    (tmp_path / "vllm.py").write_text(
        "from types import SimpleNamespace as N\n"
        "class LLM:\n"
        "    def generate(self, prompts):\n"
        "        answer = N(token_ids=(7, 8), finish_reason='length')\n"
        "        return [N(prompt_token_ids=prompt, outputs=[answer]) for prompt in prompts]\n"
    )
    (tmp_path / "peer.py").write_text(
        "import sys\nfrom vllm import LLM\nassert __name__ == '__main__'\n"
        "print(sys.argv[1:], len(LLM().generate([[1], [2, 3]])))\n"
    )
    done = subprocess.run(
        [sys.executable, str(DRIVER), RECORD, "peer", "--greedy"],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout == "['--greedy'] 2\n"
    passed = frozenset({"HumanEval/0"})
    found = recorded(tmp_path, passed)
    assert 0 < found.generating_seconds < 60
    assert replace(found, generating_seconds=0.0) == Outcome(((1,), (2, 3)), 4, 2, passed, 0.0)


def test_lines_are_written_as_one_json_object_each(tmp_path: Path) -> None:
    write_lines(tmp_path / "rows.jsonl", [{"a": "x\ny"}, {"b": 1}])
    assert (tmp_path / "rows.jsonl").read_text() == '{"a": "x\\ny"}\n{"b": 1}\n'
