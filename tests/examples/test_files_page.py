"""docs/files.md has exactly the keys that a run writes and reads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from documentation import first_cells, section

from pytest_humaneval.dataset import jsonl, shipped
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.outcome import KINDS
from pytest_humaneval.plugin.config_file import KEYS_OF_AN_EXPERIMENT
from pytest_humaneval.plugin.option_table import FLAGS
from pytest_humaneval.plugin.settings import TIMEOUT, WORKERS
from pytest_humaneval.results.preregistration import KEYS
from pytest_humaneval.results.scored_solutions import likelihood_of
from pytest_humaneval.results.stopping import Stopping
from pytest_humaneval.statistics.likelihood import Scored

PAGE = "files.md"
EXPERIMENTS = '[experiments.plain]\nstrategy = "minimal"\n[experiments.asked]\nstrategy = "chat"\n'
TASKS = ("HumanEval/0", "HumanEval/1")


def keys_in(value: object, collapsed: Collection[str], place: str = "") -> Iterator[str]:
    """Every key below ``value`` as the page spells it; of what is ``collapsed`` no more than that."""
    if isinstance(value, list):
        for element in value:
            yield from keys_in(element, collapsed, f"{place}[]")
    for key, inner in value.items() if isinstance(value, dict) else ():
        path = f"{place}.{key}".removeprefix(".")
        if short := {f"{path}.*", f"{path}[].*"} & set(collapsed):
            yield from short
        else:
            yield path
            yield from keys_in(inner, collapsed, path)


def read_rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def assert_documented(heading: str, values: Iterable[object]) -> None:
    """The chapter has a row for each key of ``values``, and for no other."""
    documented = first_cells(section(PAGE, heading))
    written = {key for value in values for key in keys_in(value, documented)}
    assert len(documented) == len(set(documented))
    assert set(documented) == written, f"docs/{PAGE}, {heading}"


def test_a_run_writes_what_the_page_says(pytester: pytest.Pytester) -> None:
    (pytester.path / "humaneval.toml").write_text(EXPERIMENTS)
    (pytester.path / "plan.toml").write_text('strategies = ["plain"]\n')
    pytester.makefile(".json", script='{"* plain": "    pass\\n", "*": "    return True\\n"}')
    before = [
        {"task_id": task, "strategy": name, "passed": False, "completion": "pass"}
        for task in TASKS
        for name in ("plain", "asked")
    ]
    (pytester.path / "before.jsonl").write_text("".join(json.dumps(row) + "\n" for row in before))
    pytester.runpytest_subprocess(
        "--humaneval-experiment=all", "--humaneval-script=script.json", "--humaneval-cache-dir=cache",
        "--humaneval-output=out", "--humaneval-baseline=before.jsonl", "--humaneval-min-pass-at-1=0.5",
        "--humaneval-plan=plan.toml", "--humaneval-max-drop=0.1", "--humaneval-num-samples=2",
        *(f"--humaneval-task={task}" for task in TASKS),
        timeout=300,
    )  # fmt: skip
    out = pytester.path / "out"
    run = json.loads((out / "run.json").read_text())
    assert_documented("samples.jsonl", read_rows(out / "samples.jsonl"))
    assert_documented("results.jsonl", read_rows(out / "results.jsonl"))
    assert_documented("prompts.jsonl", read_rows(out / "prompts.jsonl"))
    assert_documented("run.json", [run])
    assert_documented("A comparison", [*run["pairs"]["comparisons"], *run["baseline"]["comparisons"]])
    assert_documented("Reliability", run["reliability"])
    assert_documented("Churn", run["baseline"]["churn"])
    assert_documented("A drop against its margin", run["baseline"]["margins"])
    assert_history(pytester.path / "cache" / "history.sqlite")
    assert_store(pytester.path / "cache" / "generations.sqlite")


def test_what_only_some_runs_write_has_the_keys_of_the_page() -> None:
    stopping = Stopping(TASKS, 0, ["a", "b"], "a")
    assert_documented("A run that stops early", [to_plain(stopping.stops((), "a"))])
    solutions = {task: Scored(-1.0, 2, 3) for task in TASKS}
    likelihood = likelihood_of(solutions, {"T/1": "why"}, {"likelihood": {"solutions": asdict_of(solutions)}})
    assert_documented("Likelihood", [likelihood.to_json()])


def asdict_of(solutions: dict[str, Scored]) -> dict[str, Any]:
    return {task: asdict(one) for task, one in solutions.items()}


def test_the_shipped_stronger_tests_have_the_keys_of_the_page() -> None:
    file = shipped.path_of("humaneval-strong")
    assert file is not None
    rows = [json.loads(line) for _, line in jsonl.lines(jsonl.read_text(file))]
    assert_documented("A dataset with stronger tests", rows)


def assert_store(file: Path) -> None:
    text = section(PAGE, "The store")
    with closing(sqlite3.connect(file)) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(generations)")]
        (application_id,) = store.execute("PRAGMA application_id").fetchone()
        (version,) = store.execute("PRAGMA user_version").fetchone()
    assert first_cells(text) == columns
    assert f"application id is `{application_id:#x}`" in text
    assert f"(SQLite's `user_version`) is {version}" in text


def test_every_key_of_a_plan_is_in_the_page() -> None:
    assert set(first_cells(section(PAGE, "A plan"))) == {*KEYS}


def assert_history(file: Path) -> None:
    text = section(PAGE, "The history")
    with closing(sqlite3.connect(file)) as history:
        columns = [row[1] for row in history.execute("PRAGMA table_info(runs)")]
        (application_id,) = history.execute("PRAGMA application_id").fetchone()
    assert first_cells(text) == columns
    assert f"application id is `{application_id:#x}`" in text


def test_every_kind_of_outcome_is_in_the_page() -> None:
    text = section(PAGE, "results.jsonl")
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


def test_every_key_of_the_experiments_file_is_in_the_page() -> None:
    top, _, experiment = section(PAGE, "humaneval.toml").partition("A table `[experiments.NAME]`")
    assert set(first_cells(top)) == {TIMEOUT.name, WORKERS.name, *FLAGS, "experiments.*"}
    assert set(first_cells(experiment)) == set(KEYS_OF_AN_EXPERIMENT)
