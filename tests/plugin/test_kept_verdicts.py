"""A repeated run takes its verdicts from the store, says so, and comes to the same."""

from __future__ import annotations

import json
from pathlib import Path

from mini import Evaluate, distributed

SCRIPT = {"Mini/0": "    return a - b\n", "Mini/1": "    while True: pass\n"}


@distributed
def test_a_repeated_run_judges_only_what_a_machine_decides(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    options = (workers, "--timeout=0.3")

    def run(name: str, *more: str) -> tuple[str, list[dict[str, object]], int]:
        out = tmp_path / name
        result = evaluate(*options, f"--humaneval-output={out}", *more, script=SCRIPT)
        assert result.ret == 1
        rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
        items = json.loads((out / "run.json").read_text())["items"]
        return result.stdout.str(), rows, items["verdicts_from_store"]

    printed, first, kept = run("first")
    assert kept == 0
    assert "from the store" not in printed.partition("engine ")[0]
    printed, second, kept = run("second")
    assert kept == 2
    assert "checks    0.3 s of CPU time, 1024 MiB; 2 verdicts from the store" in printed
    assert [row["kind"] for row in second] == [row["kind"] for row in first] == ["assertion", "timed out", "passed"]
    assert [second[place] | {"generation_seconds": 0} for place in (0, 2)] == [
        first[place] | {"generation_seconds": 0} for place in (0, 2)
    ]
    assert run("anew", "--humaneval-no-cache")[2] == 0
