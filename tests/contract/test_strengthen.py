"""The command strengthen, with a real sandbox, on small problems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import SandboxOptions, open_sandbox
from pytest_humaneval.__main__ import main
from pytest_humaneval.dataset.load import read_problems

LARGEST = {
    "task_id": "Mini/0",
    "prompt": 'def largest(xs: list) -> int:\n    """The largest number.\n    >>> largest([1, 3, 2])\n    3\n    """\n',
    "entry_point": "largest",
    "canonical_solution": "    return max(xs)\n",
    "test": "def check(candidate):\n    assert candidate([1, 3, 2]) == 3\n    assert candidate([7]) == 7\n"
    "    assert candidate([5, 3, 9, -10]) == 9\n    assert candidate([2, 2]) == 2\n",
}
ROOT = {
    "task_id": "Mini/1",
    "prompt": 'def root(y: int) -> int:\n    """Some x with x * x == y."""\n',
    "entry_point": "root",
    "canonical_solution": "    return round(y ** 0.5)\n",
    "test": "def check(candidate):\n    assert candidate(9) ** 2 == 9\n    x = candidate(4)\n    assert x * x == 4\n",
}
RIGHT = [
    "    return sorted(xs)[-1]\n",
    "    best = xs[0]\n    for x in xs:\n        if x > best:\n            best = x\n    return best\n",
    "    return -min(-x for x in xs)\n",
    "    ys = list(xs)\n    ys.sort(reverse=True)\n    return ys[0]\n",
]
# Of the first three.
NEARLY = "    return max(xs[:3])\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A dataset and samples."""
    dataset, samples = tmp_path / "mini.jsonl", tmp_path / "samples.jsonl"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in (LARGEST, ROOT)))
    rows = [
        {"task_id": "Mini/0", "completion": code, "strategy": f"s{number}", "sample_index": 0}
        for number, code in enumerate([*RIGHT, NEARLY])
    ]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {"dataset": dataset, "samples": samples, "output": tmp_path / "strong.jsonl"}


def strengthened(files: dict[str, Path], *more: str) -> int:
    options = [f"--{name}={path}" for name, path in files.items()]
    return main(["strengthen", *options, "--draws=60", "--inputs=12", *more])


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_program_that_is_alone_is_rejected_with_a_counterexample(files: dict[str, Path]) -> None:
    assert strengthened(files) == 0
    largest, root = rows_of(files["output"])
    assert {name: largest[name] for name in LARGEST} == LARGEST
    (rejected,) = largest["strong"]["rejected"]
    assert rejected["strategies"] == ["s4"]
    assert rejected["counterexample"] == "candidate([0, 0, 0, 1]) is 0, expected 1"
    assert 0 < largest["strong"]["inputs"] <= 12
    assert largest["strong"]["mutants"]["killed_strong"] >= largest["strong"]["mutants"]["killed"] > 0
    assert (root["strong_test"], root["strong"]["why_none"]) == ("", "its test judges results in a way of its own")


def test_right_programs_pass_and_the_dataset_is_read_as_any_other(files: dict[str, Path]) -> None:
    strengthened(files)
    problem = read_problems(files["output"])[0]
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        verdicts = [sandbox.check(problem, code, timeout=3.0).strong for code in (*RIGHT, NEARLY)]
    assert [one is not None and one.passed for one in verdicts] == [True, True, True, True, False]


def test_the_same_call_makes_the_same_dataset(files: dict[str, Path], tmp_path: Path) -> None:
    strengthened(files)
    strengthened({**files, "output": tmp_path / "again.jsonl"})
    assert files["output"].read_text() == (tmp_path / "again.jsonl").read_text()


def test_an_interrupted_output_is_gone_on_with(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    strengthened(files)
    whole = files["output"].read_text()
    files["output"].write_text(whole[: whole.index("\n") + 50])  # killed in the middle of the second line
    capsys.readouterr()
    strengthened(files)
    assert files["output"].read_text() == whole
    told = capsys.readouterr().err
    assert "continuing after 1 of 2 problems" in told
    assert "Mini/0:" not in told


def test_what_was_made_of_other_samples_is_made_anew(files: dict[str, Path]) -> None:
    strengthened(files)
    strengthened(files, "--leave-out=s4")
    assert rows_of(files["output"])[0]["strong"]["rejected"] == []


def test_a_canonical_solution_that_fails_is_named(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    files["dataset"].write_text(json.dumps({**LARGEST, "canonical_solution": "    return 3\n"}) + "\n")
    assert strengthened(files) == 4
    assert "the first is Mini/0: assertion" in capsys.readouterr().err
    assert not files["output"].exists()
    assert strengthened(files, "--skip-broken-problems") == 0
    assert rows_of(files["output"])[0]["strong_test"] == ""


def test_samples_of_another_dataset_are_named(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    files["samples"].write_text(json.dumps({"task_id": "Other/1", "completion": ""}) + "\n")
    assert strengthened(files) == 4
    assert "mini has none of their problems, such as Other/1" in capsys.readouterr().err
