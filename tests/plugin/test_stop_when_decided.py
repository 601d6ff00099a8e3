"""--humaneval-stop=decided: strategies end when they are decided, in one process and in several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from mini import ADD, RIGHT, Evaluate, distributed, row_of

from pytest_humaneval.__main__ import main
from pytest_humaneval.results.read import read_results
from pytest_humaneval.results.stopping import problem_order

WRONG, GOOD = "    return None\n", RIGHT[ADD["task_id"]]
PROBLEMS = 40
TASKS = [f"Sum/{number}" for number in range(PROBLEMS)]
ORDER = problem_order(TASKS, seed=0)
STRATEGIES = ("minimal", "minimal_v3", "minimal_v5", "minimal_v6")


@pytest.fixture
def many(mini: Path) -> Path:
    """The file has one problem forty times, under forty names."""
    mini.write_text("".join(json.dumps(ADD | {"task_id": task}) + "\n" for task in TASKS))
    return mini


def script() -> dict[str, Any]:
    """minimal_v3 is always right, the others never.

    The last answers never come: who waits for one waits for ever, unless somebody says that it is not needed.
    """
    late = {f"{task} {name}": {"hang": True} for task in ORDER[30:] for name in STRATEGIES}
    return {"*": WRONG, "* minimal_v3": GOOD} | late


@distributed
def test_a_strategy_ends_when_it_is_decided(
    evaluate: Evaluate, workers: str, many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, xml, page, text = (tmp_path / name for name in ("out", "out.xml", "page.html", "out.md"))
    files = (
        f"--humaneval-output={out}",
        f"--junitxml={xml}",
        f"--humaneval-html={page}",
        f"--humaneval-markdown={text}",
    )
    gates = ("--humaneval-min-pass-at-1=minimal_v3=0.1",)
    result = evaluate(
        workers, "--humaneval-stop=decided", *files, *gates, script=script(), strategy=",".join(STRATEGIES)
    )
    table = [
        "note: minimal_v3 ended early (better): its figures are those of * that happened to be judged and have no*",
        "stopping  against minimal, problems in the random order of seed 0; *Holm-corrected over 3 strategies*",
        "minimal_v3 *better * of 40 *+1.000 * 0*",
        "minimal_v5 *futile * 20 of 40 *+0.000 *",
        "minimal ended when nothing was left to compare with it",
        "gate      minimal_v3: pass@1 of at least 0.1: NOT JUDGED: it ended early*",
    ]
    result.stdout.fnmatch_lines(table)
    result.stdout.no_fnmatch_line("*figures are partial*")
    result.stdout.no_fnmatch_line("*exact McNemar*")
    assert result.ret == 11
    assert row_of(result, "minimal_v3")["pass@1"] == "1.000"
    assert "interval" not in row_of(result, "minimal_v3")  # nobody has one
    _see_the_files(out, xml)
    told = (text.read_text(), page.read_text())
    assert all("minimal" in one and "ended when nothing was left" in " ".join(one.split()) for one in told)
    capsys.readouterr()
    assert main(["report", str(out)]) == 0
    shown = capsys.readouterr().out
    assert all(line.split("*")[0] in shown for line in table[:-1])
    assert "McNemar" not in shown
    assert main(["compare", str(out), str(out)]) == 0
    assert "minimal_v3: ended early in the baseline" in " ".join(capsys.readouterr().out.split())


def _see_the_files(out: Path, xml: Path) -> None:
    run, outcomes = json.loads((out / "run.json").read_text()), read_results(out).outcomes
    by_name = {one["strategy"]: one for one in run["stopping"]["strategies"]}
    assert {name: one["decision"] for name, one in by_name.items()} == {
        "minimal_v3": "better",
        "minimal_v5": "futile",
        "minimal_v6": "futile",
    }
    right = by_name["minimal_v3"]
    assert right["problems"] < 20  # so many in a row need about a dozen
    assert 0 < right["interval"][0] < right["interval"][1] == pytest.approx(1, abs=1e-6)
    assert right["p_holm"] <= 0.05
    counts = run["items"]
    assert counts["decided"] > 0
    assert counts["finished"] + counts["decided"] == counts["expected"] == 4 * PROBLEMS
    # What never comes of the strategy that ended first; of the others, the run may end before the engine hears of it.
    assert run["engine_process"]["dropped"] >= 10
    assert {one.stopped for one in outcomes if one.strategy == "minimal_v3"} == {"better"}
    assert {one.stopped for one in outcomes if one.strategy == "minimal"} == {"no longer needed"}
    assert all(row["interval"] is None for row in run["strategies"])
    skipped = [case.find("skipped") for case in ElementTree.parse(xml).iter("testcase")]
    messages = {one.get("message") for one in skipped if one is not None}
    assert "decided: better, against minimal" in messages


def test_a_run_stops_against_a_baseline_and_its_gates_hold_by_what_is_valid_then(
    evaluate: Evaluate, workers: str, many: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before.jsonl"
    rows = ({"task_id": task, "strategy": "minimal", "passed": False, "completion": "x"} for task in TASKS)
    before.write_text("".join(json.dumps(row) + "\n" for row in rows))
    late: dict[str, Any] = {task: {"hang": True} for task in ORDER[30:]}
    asked = ("--humaneval-stop=decided", f"--humaneval-baseline={before}", "--humaneval-max-drop=0.05")
    result = evaluate(workers, *asked, "--humaneval-fail-on-regression", script={"*": GOOD} | late)
    result.stdout.fnmatch_lines(
        [
            f"stopping  against the baseline {before}, *",
            "minimal *better * of 40 *+1.000 *",
            "gate      minimal: no drop against the baseline (p below 0.05): holds: better: +1.000, *",
            "gate      minimal: a drop of less than 0.05 against the baseline: holds: *",
        ]
    )
    assert result.ret == 0


def test_what_is_compared_with_nothing_cannot_be_decided(refused: Evaluate, mini: Path) -> None:
    refused("--humaneval-stop=decided").stderr.fnmatch_lines(["*: minimal has nothing to be compared with; *"])
    refused("--humaneval-stop=soon").stderr.fnmatch_lines(["*--humaneval-stop: 'soon' is not one of decided*"])


def test_an_engine_that_cannot_score_a_text_is_refused(refused: Evaluate) -> None:
    refused("--humaneval-likelihood").stderr.fnmatch_lines(
        ["*--humaneval-likelihood: the scripted engine cannot say how likely *; it goes with vllm, *"]
    )


GUIDED = """
from pytest_humaneval import completion_prompt, draw, guided_strategy, try_out

def second_try(problem):
    (first,) = yield from draw(completion_prompt(problem.prompt))
    (trial,) = yield from try_out([first])
    if trial.passed:
        return first
    (second,) = yield from draw(completion_prompt(problem.prompt), temperature=0.8)
    yield from try_out([second])
    return second

STRATEGIES = [guided_strategy(name, "asks again")(second_try) for name in ("again", "in_vain")]

def pytest_humaneval_strategies():
    return STRATEGIES
"""


@distributed
def test_guided_strategies_end_as_others_do_and_ask_no_more(
    evaluate: Evaluate, workers: str, many: Path, tmp_path: Path, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(GUIDED)
    late = {f"{task} {name}": {"hang": True} for task in ORDER[30:] for name in ("minimal", "again", "in_vain")}
    answers = {"*": WRONG, "* again": [WRONG, GOOD]} | late
    out = tmp_path / "out"
    options = (workers, "--humaneval-stop=decided", f"--humaneval-output={out}")
    result = evaluate(*options, script=answers, strategy="minimal,again,in_vain")
    result.stdout.fnmatch_lines(["again * better * of 40 *+1.000 *", "in_vain * futile * of 40 *+0.000 *"])
    assert row_of(result, "again")["errors"] == row_of(result, "in_vain")["errors"] == "0"
    assert result.ret == 1  # minimal fails
    outcomes = read_results(out).outcomes
    assert {outcome.stopped for outcome in outcomes if outcome.strategy == "again"} == {"better"}
    run = json.loads((out / "run.json").read_text())
    counts = run["items"]
    assert counts["finished"] + counts["decided"] == counts["expected"] == 3 * PROBLEMS
    assert run["engine_process"]["dropped"] >= 10
