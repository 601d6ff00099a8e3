"""Original and rewritten problems in one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mini import RIGHT, Evaluate, distributed

from pytest_humaneval.commands import finished
from pytest_humaneval.contamination.contamination_arguments import probe
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.results.history import read
from pytest_humaneval.results.read import read_results

WRONG = "    return None\n"


@distributed
def test_rewritten_problems_stand_beside_the_original_ones(
    evaluate: Evaluate, workers: str, tmp_path: Path, pytester: pytest.Pytester
) -> None:
    named = ("comments", "sentence-after")
    script = {f"{task}+{name}": right for task, right in RIGHT.items() for name in named}
    script["Mini/0+sentence-after"] = WRONG
    run = [
        workers, "--humaneval-rewrite=comments,sentence-after,numerals", f"--humaneval-output={tmp_path / 'out'}",
        "--humaneval-max-drop=0.9", f"--junitxml={tmp_path / 'x.xml'}", "-v",
    ]  # fmt: skip
    result = evaluate(*run, script=script)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED *Mini/0+sentence-after-add-minimal*",
            "rewritten*6 problems with seed 0: 3 comments, 3 sentence-after; left out*numerals 3",
            "mini: 3 problems",
            "minimal, comments*3*1.000*1.000*+0.000*",
            "minimal, sentence-after*3*1.000*0.667*-0.333*",
            "minimal: worst case 0.667*",
            "minimal broken by sentence-after: Mini/0",
            "gate*minimal on mini: a drop of less than 0.9 under every rewrite*",
        ]
    )
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [row["task_id"] for row in rows][:3] == ["Mini/0", "Mini/0+comments", "Mini/0+sentence-after"]
    assert [row.get("original", "") for row in rows][:3] == ["", "Mini/0", "Mini/0"]
    told = json.loads((tmp_path / "out" / "run.json").read_text())
    assert told["rewrites"] == {
        "asked": "comments,sentence-after,numerals", "seed": 0, "unfit": {"numerals": ["Mini/0", "Mini/1", "Mini/10"]},
    }  # fmt: skip
    assert told["robustness"][0]["comparisons"][1]["worse"] == ["Mini/0"]
    assert [one.get("rewrite") for one in told["datasets"]] == [None, "comments", "sentence-after"]
    xml = (tmp_path / "x.xml").read_text()
    assert 'name="mini+sentence-after.minimal.pass@1" value="0.666667"' in xml
    assert '<property name="original" value="Mini/0"' in xml
    assert [line.dataset for line in read(tmp_path / "cache")] == ["mini"]  # a trend is about problems as they are
    again = evaluate(*run, "-k", "Mini/0+sentence-after", script=script)
    again.assert_outcomes(failed=1)


def test_one_rewrite_of_each_problem_at_random(evaluate: Evaluate, tmp_path: Path) -> None:
    result = evaluate("--humaneval-rewrite=random", "--humaneval-rewrite-seed=3", "--collect-only", "-q")
    ids = [line for line in result.outlines if "Mini/0" in line]
    assert len(ids) == 2
    assert "Mini/0+" in ids[1]


def test_a_finished_run_is_reported_with_its_rewrites(
    evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str], mini: Path
) -> None:
    evaluate("--humaneval-rewrite=comments", f"--humaneval-output={tmp_path / 'out'}", script={"*": WRONG})
    page = tmp_path / "page.html"
    assert finished.report(tmp_path / "out", None, html=page, dataset=str(mini), max_drop=0.2) == 11
    told = capsys.readouterr().out
    assert "minimal, comments" in told
    assert "problems  3 of mini (sha256" in told
    assert "rewritten 3 problems with seed 0: 3 comments\n" in told
    assert "selected" not in told
    assert "Mini/0+comments" in page.read_text()
    with pytest.raises(InputError, match="both have Mini/0"):
        probe(None, None, None, tmp_path / "out", tmp_path / "out")
    with pytest.raises(InputError, match=r"--pool: .*out has rewritten problems"):
        finished.report(tmp_path / "out", None, pool=True)
    with pytest.raises(InputError, match=r"--pool: .*out has rewritten problems"):
        finished.compare(tmp_path / "out", tmp_path / "out", pool=True)


@distributed
def test_what_rewrites_cost_beyond_a_control_is_in_every_report(
    evaluate: Evaluate, mini: Path, other: Path, tmp_path: Path, workers: str
) -> None:
    script = {"Other/0": RIGHT["Mini/0"], "Other/1": RIGHT["Mini/1"], "Other/10": RIGHT["Mini/10"]}
    script |= {f"{task}+comments": script[task] for task in script} | {f"{task}+comments": WRONG for task in RIGHT}
    out, page, summary = tmp_path / "out", tmp_path / "page.html", tmp_path / "summary.md"
    result = evaluate(
        workers, f"--humaneval-dataset={mini},{other}", "--humaneval-rewrite=comments", "--humaneval-control=other",
        f"--humaneval-output={out}", f"--humaneval-html={page}", f"--humaneval-markdown={summary}", script=script,
    )  # fmt: skip
    row = "minimal, mini*3, 3*1.000*0.000*+1.000*"
    result.stdout.fnmatch_lines(["drops in pass@1 under rewrites beyond those on other, the control*", row])
    pytest.LineMatcher(summary.read_text().splitlines()).fnmatch_lines([row])
    assert "Drops beyond the control" in page.read_text()
    run = json.loads((out / "run.json").read_text())
    assert run["control"] == "other"
    (excess,) = run["excess_drops"]
    assert (excess["strategy"], excess["dataset"], excess["difference"]) == ("minimal", "mini", 1.0)
    assert excess["by_rewrite"] == {"comments": [1.0, 0.0]}
    lines = finished.results_lines(read_results(out), finished.analysed(
        read_results(out), None, finished.ReportOptions(), pairs=True
    )[0], 120)  # fmt: skip
    pytest.LineMatcher(lines).fnmatch_lines([row])


def test_what_its_solution_does_not_pass_is_counted_as_unfit(evaluate: Evaluate, mini: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in mini.read_text().splitlines()]
    rows[0]["test"] += "    assert 'See above' not in candidate.__doc__\n"
    mini.write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = [
        "--humaneval-rewrite=comments",
        "--humaneval-skip-broken-problems",
        f"--humaneval-output={tmp_path / 'out'}",
    ]
    result = evaluate(*given, script={"*": WRONG})
    result.assert_outcomes(passed=3, failed=2)  # the script knows the original ones
    result.stdout.fnmatch_lines(
        [
            "rewritten*2 problems with seed 0: 2 comments; left out, as a rewrite does not fit: comments 1",
            "note: 1 problem cannot be judged here and is left out: Mini/0+comments",
        ]
    )
    assert json.loads((tmp_path / "out" / "run.json").read_text())["rewrites"]["unfit"] == {"comments": ["Mini/0"]}


USERS = """
from dataclasses import replace
from itertools import count as counting
from pytest_humaneval import Rewrite

count = counting()

def moody(problem):
    return replace(problem, prompt=f"# {next(count)}\\n{problem.prompt}")

def pytest_humaneval_rewrites():
    return [
        Rewrite("other", "nothing", lambda problem, chance: replace(problem, test=problem.test.replace("3", "4"))),
        Rewrite("raises", "nothing", lambda problem, chance: 1 / 0),
        Rewrite("untried", "nothing", lambda problem, chance: replace(problem, canonical_solution="")),
        Rewrite("moody", "nothing", lambda problem, chance: moody(problem)),
        Rewrite("a=b", "nothing", lambda problem, chance: None),
    ]
"""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["other"], "Mini/0+other: assertion"),
        (["raises"], "the rewrite 'raises' failed on Mini/0: ZeroDivisionError"),
        (["untried"], "the rewrite 'untried' left Mini/0 without a canonical solution"),
        (["moody"], "the rewrite 'moody' made of Mini/0 something else the second time"),
        (["a=b"], "a=b: fits none of the 3 problems"),
        (["typo"], "unknown rewrite 'typo'; did you mean 'typos'"),
        (["numerals"], "fits none of the 3 problems"),
        (["typos", "--humaneval-pool"], "exclude each other"),
        (["typos", "--humaneval-control=mini"], "--humaneval-control: unknown dataset 'mini'"),
        (["", "--humaneval-control=mini"], "--humaneval-control compares what rewrites cost; give --humaneval-rewrite"),
    ],
)
def test_what_cannot_be_rewritten_ends_the_run(
    refused: Evaluate, pytester: pytest.Pytester, given: list[str], told: str
) -> None:
    pytester.makeconftest(USERS)
    first, *others = given
    assert told in refused(f"--humaneval-rewrite={first}", *others).stderr.str()
