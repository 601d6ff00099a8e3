"""--humaneval-html: the page is written, or its absence is told before anything is generated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mini import Evaluate, distributed

from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.report.page import write_page
from pytest_humaneval.results.prompts import read_prompts
from pytest_humaneval.results.read import read_results


def test_the_page_is_one_file_of_the_run(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "report.html"
    result = evaluate(workers, f"--humaneval-html={page}", script={"Mini/0": "    return 0\n"}, strategy="minimal,chat")
    result.stdout.fnmatch_lines([f"the report page is in {page}"])
    assert [one.name for one in page.parent.iterdir()] == ["report.html"]
    text = page.read_text()
    assert re.search(r'<th scope="row">minimal</th>\s*<td>0.667</td>', text)
    assert not re.search(r"(src|href)=[\"']?(http|//)", text)


def test_the_page_is_written_relative_to_where_pytest_was_called(evaluate: Evaluate, pytester: pytest.Pytester) -> None:
    evaluate("-n0", "--humaneval-html=report.html")
    assert (pytester.path / "report.html").stat().st_size > 10_000


def test_a_missing_package_is_told_before_anything_is_generated(
    evaluate: Evaluate, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    pytester.makeconftest("import sys\nsys.modules['jinja2'] = None\n")
    page = tmp_path / "report.html"
    result = evaluate("-n0", f"--humaneval-html={page}", script={"start": {"exit": 3}})
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--humaneval-html needs jinja2: pip install 'pytest-humaneval[[]report]'"])
    assert not page.exists()


def test_a_page_that_cannot_be_written_is_told_before_anything_is_generated(refused: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = refused(f"--humaneval-html={tmp_path / 'file' / 'report.html'}")
    result.stderr.fnmatch_lines(["*--humaneval-html: *report.html cannot be written (*); choose another file"])


def test_a_page_that_fails_at_the_end_costs_nothing_else(evaluate: Evaluate, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    (tmp_path / "report.html.partial").mkdir()
    result = evaluate("-n0", f"--humaneval-html={page}", f"--humaneval-output={tmp_path / 'out'}")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"warning: {page} cannot be written (*"])
    assert (tmp_path / "out" / "run.json").exists()


def test_a_run_that_evaluates_nothing_leaves_the_former_page(evaluate: Evaluate, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("former")
    evaluate("-n0", f"--humaneval-html={page}", "-k", "nothing")
    assert page.read_text() == "former"


@distributed
def test_the_output_folder_holds_what_a_page_needs(
    evaluate: Evaluate, workers: str, tmp_path: Path, mini: Path
) -> None:
    out, page = tmp_path / "out", tmp_path / "report.html"
    evaluate(workers, f"--humaneval-output={out}", f"--humaneval-html={page}", strategy="minimal,expert_v00,chat")
    assert {place: prompt.mode for place, prompt in read_prompts(out).items() if place[0] == "Mini/0"} == {
        ("Mini/0", "minimal"): "completion",
        ("Mini/0", "expert_v00"): "completion",
        ("Mini/0", "chat"): "chat",
    }
    assert len((out / "prompts.jsonl").read_text().splitlines()) < 9  # equal prompts are written once
    again = tmp_path / "again.html"
    write_page(again, read_results(out), read_dataset(mini).problems)
    assert again.read_text() == page.read_text()
