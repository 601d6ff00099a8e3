"""Beside other plugins that report."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from mini import Evaluate, distributed, row_of
from warm_pytest import WarmPytest

WRONG = {"Mini/0": "    return a - b\n"}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPytest]:
    """All that are installed, as users have them."""
    process = WarmPytest(tmp_path_factory.mktemp("warm"), {})
    yield process
    process.close()


@pytest.fixture(autouse=True)
def plugins(pytester: pytest.Pytester, warm: WarmPytest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same."""
    warm.serve(pytester, monkeypatch)


@distributed
def test_pytest_html_shows_the_failures(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    result = evaluate(workers, "--html=other.html", "--self-contained-html", "--humaneval-html=ours.html", script=WRONG)
    result.assert_outcomes(passed=2, failed=1)
    assert "the verdict: assertion" in (pytester.path / "other.html").read_text()
    assert "HumanEval report" in (pytester.path / "ours.html").read_text()


@distributed
def test_pytest_json_report_has_every_item(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    evaluate(workers, "--json-report", "--json-report-file=out.json", script={**WRONG, "Mini/1": {"error": "broken"}})
    report = json.loads((pytester.path / "out.json").read_text())
    verdicts = {
        dict(kv for one in test["user_properties"] for kv in one.items())["verdict"] for test in report["tests"]
    }
    assert verdicts == {"assertion", "error", "passed"}


@distributed
def test_pytest_reportlog_has_every_item(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    evaluate(workers, "--report-log=out.jsonl", script=WRONG)
    rows = [json.loads(line) for line in (pytester.path / "out.jsonl").read_text().splitlines()]
    calls = [row for row in rows if row.get("when") == "call"]
    assert sorted(dict(row["user_properties"])["verdict"] for row in calls) == ["assertion", "passed", "passed"]


@distributed
@pytest.mark.parametrize("option", ["--reruns=3", "--force-reruns=3", "--override-ini=reruns=3", "mark"])
def test_pytest_rerunfailures_runs_an_evaluated_item_once(
    evaluate: Evaluate, workers: str, option: str, pytester: pytest.Pytester
) -> None:
    pytest.importorskip("pytest_rerunfailures")
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.flaky(reruns=3)
        def test_it(problem, completion, check_correctness, tmp_path_factory):
            times = tmp_path_factory.getbasetemp() / problem.entry_point
            again, _ = times.exists(), times.touch()
            assert again or check_correctness(problem, completion).passed

        def test_of_something_else(tmp_path_factory):
            times = tmp_path_factory.getbasetemp() / "else"
            again, _ = times.exists(), times.touch()
            assert again
        """
    )
    options = [option] if option != "mark" else []
    result = evaluate(workers, "test_mine.py", *options, script=WRONG)
    again = 1 if options else 0
    result.assert_outcomes(passed=2 + again, failed=2 - again)
    assert (f"{again} rerun" in result.stdout.str()) == bool(again)
    assert row_of(result, "minimal")["pass@1"] == "0.667"


def test_pytest_rerunfailures_takes_no_part_where_nobody_asks_for_reruns(
    evaluate: Evaluate, pytester: pytest.Pytester
) -> None:
    """With xdist it asks the controller about each item that it is to look after, a byte at a time."""
    pytest.importorskip("pytest_rerunfailures")
    pytester.makeconftest(
        """
        class Watch:
            def pytest_runtest_logreport(self, report):
                assert not hasattr(report, "rerun")

        def pytest_configure(config):
            config.pluginmanager.register(Watch())  # a conftest's own hooks do not hear of the bundled test
        """
    )
    evaluate("-n0", script=WRONG).assert_outcomes(passed=2, failed=1)


@distributed
def test_copies_of_pytest_repeat_are_no_samples(evaluate: Evaluate, workers: str) -> None:
    pytest.importorskip("pytest_repeat")
    result = evaluate(workers, "--count=3", script=WRONG)
    result.assert_outcomes(passed=6, failed=3)
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["interval"], row["passed"]) == ("0.667", "[0.208,0.939]", "2")
    result.stdout.fnmatch_lines(["further tests: 6 on samples that are counted already, outside pass@k*"])
