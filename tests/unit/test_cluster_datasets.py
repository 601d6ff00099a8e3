"""``evaluate --ray`` on several datasets, with a node that lives in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from pytest_humaneval.cluster import evaluate as command
from pytest_humaneval.cluster.judging import Piece, Reply
from pytest_humaneval.cluster.workbench import Bench, Setup

ROW = {
    "prompt": "def double(n):\n",
    "entry_point": "double",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}


class HereNodes:
    """Judges each piece when it is asked for the replies."""

    count = cpus = 1

    def __init__(self, address: str, setup: Setup) -> None:
        self._bench, self._waiting = Bench(setup), list[Piece]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bench.close()

    def submit(self, piece: Piece) -> None:
        self._waiting.append(piece)

    def replies(self) -> Iterator[Reply]:
        piece = self._waiting.pop()
        yield Reply(piece, tuple(self._bench.judge(piece.samples)), self._bench.layers)


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_each_dataset_has_its_figures_and_each_mistake_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "Nodes", HereNodes)
    monkeypatch.setattr(command, "need_ray", lambda: None)
    one = written(tmp_path / "one.jsonl", [ROW | {"task_id": f"One/{n}"} for n in range(3)])
    two = written(tmp_path / "two.jsonl", [ROW | {"task_id": "Two/0"}])
    tasks = ["One/0", "Two/0", "One/1"]  # One/2 has no sample
    made = {"plain": "    return 2 * n\n", "odd": "    return undefined * n\n"}
    samples = written(
        tmp_path / "samples.jsonl",
        [{"task_id": t, "strategy": name, "completion": made[name]} for t in tasks for name in made],
    )
    output = tmp_path / "out"

    def evaluated() -> tuple[int, str]:
        return command.evaluate(samples, "", output, f"{one},{two}", 3.0, "lockdown", "", 1024), capsys.readouterr().out

    status, told = evaluated()
    assert status == command.NOT_PASSED
    assert "problems  2 of one (sha256" in told
    assert "1 of two (sha256" in told
    first, second = told.index("one: 2 problems"), told.index("two: 1 problem\n")
    assert told[first:second].count("1.000") >= 1
    rows = [json.loads(line) for line in (output / "results.jsonl").read_text().splitlines()]
    assert [(row["task_id"], row["dataset"]) for row in rows[::2]] == [
        ("One/0", "one"),
        ("Two/0", "two"),
        ("One/1", "one"),
    ]
    assert {row["cause"] for row in rows if row["strategy"] == "odd"} == {"undefined name"}
    run = json.loads((output / "run.json").read_text())
    assert [(each["name"], each["problems"], each["available"]) for each in run["datasets"]] == [
        ("one", 2, 3),
        ("two", 1, 1),
    ]
    assert [(row["dataset"], row["strategy"]) for row in run["strategies"]] == [
        ("one", "odd"),
        ("one", "plain"),
        ("two", "odd"),
        ("two", "plain"),
    ]
    again, told_again = evaluated()  # all is judged: figures come from what was written
    assert again == status
    assert told_again[told_again.index("one: 2") :] == told[first:]
