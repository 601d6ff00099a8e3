"""evalplus's own evaluator reads what we export, judges it as it should, and we read its results.

evalplus 0.3.1 brings some thirty packages and a protobuf below 6, which others in such an environment (tensorboard, for
one) do not take. Where it lives is told by HUMANEVAL_EVALPLUS_PYTHON: the Python of a virtual environment after
``pip install evalplus``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import Problem
from pytest_humaneval.outcome import FAILED, Outcome
from pytest_humaneval.results.interchange import FORMATS, write_rows

pytestmark = pytest.mark.nightly  # for an environment of its own; by day tests/unit/test_interchange.py reads its files

PROBLEMS = [
    Problem("HumanEval/0", 'def add(a, b):\n    """The sum."""\n', "add", "    return a + b\n", ""),
    Problem("HumanEval/1", 'def sub(a, b):\n    """The difference."""\n', "sub", "    return a - b\n", ""),
]
SAMPLES = [
    Outcome("HumanEval/0", "chat", 0, "passed", completion="    return a + b\n"),
    Outcome("HumanEval/0", "chat", 1, FAILED, completion="    return a\n"),
    Outcome("HumanEval/1", "chat", 0, "timed out", completion="    while True:\n        pass\n"),
    Outcome("HumanEval/1", "chat", 1, "passed", completion="    return -(b - a)\n"),
]


@pytest.fixture
def evalplus() -> str:
    """A Python that has evalplus."""
    if told := os.environ.get("HUMANEVAL_EVALPLUS_PYTHON"):
        return told
    if importlib.util.find_spec("evalplus") is None:
        pytest.skip("evalplus lives in an environment of its own; give its Python in HUMANEVAL_EVALPLUS_PYTHON")
    return sys.executable


def plus_rows() -> list[dict[str, Any]]:
    """The problems as evalplus's data set has them."""
    return [
        {
            "task_id": problem.task_id,
            "prompt": problem.prompt,
            "entry_point": problem.entry_point,
            "canonical_solution": problem.canonical_solution,
            "contract": "",
            "base_input": [[1, 2], [5, 3]],
            "plus_input": [[-1, 7]],
            "atol": 0,
        }
        for problem in PROBLEMS
    ]


def known(outcome: Outcome) -> tuple[str, int, str, bool]:
    return outcome.task_id, outcome.sample_index, outcome.completion, outcome.passed


def test_evalplus_judges_what_we_export_and_its_verdicts_are_imported(evalplus: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "plus.jsonl", plus_rows())
    write_rows(tmp_path / "samples.jsonl", FORMATS["evalplus"].export(SAMPLES, PROBLEMS))
    done = subprocess.run(
        [
            evalplus,
            "-m",
            "evalplus.evaluate",
            "--dataset",
            "humaneval",
            "--samples",
            "samples.jsonl",
            "--parallel",
            "1",
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "HUMANEVAL_OVERRIDE_PATH": str(tmp_path / "plus.jsonl"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdicts = tmp_path / "samples_eval_results.json"
    assert json.loads(verdicts.read_text())["eval"].keys() == {"HumanEval/0", "HumanEval/1"}
    imported = FORMATS["evalplus"].read(verdicts, PROBLEMS, "chat")
    # Not the kinds: evalplus calls a case that takes too long a failure, unless the whole program does.
    assert imported.judged
    assert [known(one) for one in imported.outcomes] == [known(one) for one in SAMPLES]
