from __future__ import annotations

import json
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.__main__ import main
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.report.study import cost_of_last
from pytest_humaneval.report.trend import BARS, finding, sparkline, trend_lines, trends
from pytest_humaneval.results import history
from pytest_humaneval.results.history import FILE, HistoryLine, append, read
from pytest_humaneval.statistics.metrics import wilson_interval


def line(day: int, good: int, drawn: int = 40, strategy: str = "chat", start: int = 0) -> HistoryLine:
    """A run in which the first ``good`` of ``drawn`` problems pass."""
    low, high = wilson_interval(good, drawn)
    counts = {f"T/{start + number}": [int(number < good), 1] for number in range(drawn)}
    return HistoryLine(
        started=f"2026-01-{day:02d}T00:00:00+00:00", git_commit="a1b2c3d4e5f6-dirty", engine="scripted", model="tiny",
        digest="sha256:0", dataset="T", dataset_sha256="abc", strategy=strategy, sampling="greedy",
        pass_at_1=good / drawn, pass_at_k=json.dumps({"1": good / drawn}), low=low, high=high, problems=drawn,
        samples=drawn, errors=0, tokens=100, seconds=0.5, passed=json.dumps(counts),
    )  # fmt: skip


def test_lines_are_read_as_they_were_written_in_the_order_of_their_runs(tmp_path: Path) -> None:
    assert append(tmp_path / "cache", [line(2, 20)]) == ""
    assert append(tmp_path / "cache", [line(1, 10), replace(line(3, 30), git_commit=None, low=None)]) == ""
    found = read(tmp_path / "cache")
    assert [one.started[8:10] for one in found] == ["01", "02", "03"]
    assert found[1] == line(2, 20)
    assert sum(passed for samples in found[0].passes().values() for passed in samples.values()) == 10


def test_no_line_is_lost_where_several_runs_begin_the_file_at_once(tmp_path: Path) -> None:
    """Without a lock 41 of 150 such files lacked one: a run saw the table before it had its mark."""
    begin = threading.Barrier(8)

    def append_at_once(place: int) -> list[str]:
        told = []
        for number in range(20):
            begin.wait()
            told.append(append(tmp_path / str(number), [line(place + 1, 10)]))
        return told

    with ThreadPoolExecutor(8) as pool:
        assert {note for notes in pool.map(append_at_once, range(8)) for note in notes} == {""}
    assert {len(read(tmp_path / str(number))) for number in range(20)} == {8}


def test_a_file_of_somebody_else_s_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TABLE mine (a)")
    other.close()
    assert "history.sqlite: it is not a history that this version can read" in append(tmp_path, [line(1, 1)])
    with pytest.raises(InputError, match="it is not a history that this version can read"):
        read(tmp_path)
    (tmp_path / FILE).write_text("not a database, and long enough to be seen as none" * 40)
    assert "this run was not added to" in append(tmp_path, [line(1, 1)])
    assert main(["history", "--cache-dir", str(tmp_path)]) == 4
    (tmp_path / "file").touch()
    assert "this run was not added to" in append(tmp_path / "file", [line(1, 1)])


def test_the_first_run_that_differs_is_named_and_not_the_later_ones() -> None:
    (trend,) = trends([line(1, 30), line(2, 29), line(3, 12), line(4, 12), line(5, 30)])
    assert trend.first_change == 2
    text = finding(trend)
    assert text.startswith(
        "the first run that differs significantly from the one before it is 2026-01-03T00:00:00+00:00 (a1b2c3d4-"
    )
    assert "-0.425 [" in text
    assert text.endswith("40 problems (p below 0.05, Holm-corrected over 4 changes)")


def test_without_a_difference_or_a_second_run_that_is_said() -> None:
    assert finding(trends([line(1, 30)])[0]) == "there is nothing to compare yet"
    assert finding(trends([line(1, 30), line(2, 31)])[0]).startswith("no run differs significantly")
    apart = trends([line(1, 30), line(2, 30, start=100)])[0]
    assert apart.changes == (None,)


def test_equal_runs_are_found_to_differ_in_five_percent_at_most() -> None:
    """Histories of 8 runs of one model, whose answers are drawn anew every time."""
    generator, found = np.random.default_rng(5), 0
    for _ in range(80):
        chances = generator.beta(0.5, 0.5, 60)
        runs = []
        for day in range(1, 9):
            passed = {f"T/{n}": [int(one), 1] for n, one in enumerate(generator.random(60) < chances)}
            runs.append(replace(line(day, 1), passed=json.dumps(passed)))
        found += trends(runs)[0].first_change is not None
    assert found / 80 < 0.05 + 3 * (0.05 * 0.95 / 80) ** 0.5


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=20))
def test_a_sparkline_has_a_bar_for_each_value_and_rises_with_them(values: list[float | None]) -> None:
    bars = sparkline(values)
    assert len(bars) == len(values)
    pairs = [(value, BARS.index(bar)) for value, bar in zip(values, bars, strict=True) if value is not None]
    assert [bar for _, bar in sorted(pairs)] == sorted(bar for _, bar in pairs)


def test_a_trend_has_a_row_for_each_run_and_fits_the_terminal() -> None:
    lines = trend_lines(trends([line(1, 10), line(2, 30), line(1, 5, strategy="cot")]), 100)
    assert lines[0] == "chat on T (sha256 abc): 2 runs  ▁█"
    assert any("0.750  [0.598, 0.858]" in one for one in lines)
    assert any("+0.500  <.001*" in one for one in lines)
    assert max(map(len, lines)) <= 100


def test_the_command_shows_them_and_writes_a_page_without_a_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(tmp_path, [replace(line(1, 10), model="<script>x</script>"), line(2, 30), line(2, 30, strategy="cot")])
    page = tmp_path / "trend.html"
    assert main(["history", "--cache-dir", str(tmp_path), "--strategy", "chat", "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert "chat on T" in told
    assert "cot on T" not in told
    text = page.read_text()
    assert "<script" not in text
    assert len(re.findall("<circle", text)) == 2
    assert 'class="c"' in text
    assert main(["history", "--cache-dir", str(tmp_path), "--strategy", "chta"]) == 4
    assert "no run of 'chta' in the history; did you mean 'chat'? known: chat, cot" in capsys.readouterr().err


def test_a_study_costs_what_the_last_run_took() -> None:
    assert cost_of_last([]) is None
    cost = cost_of_last([line(1, 10), replace(line(2, 10), tokens=200), replace(line(3, 10), tokens=0)])
    assert cost is not None
    assert (cost.tokens, cost.seconds, cost.answers, cost.engine) == (5, 0.5, 40, "scripted")
    assert cost.source == "the run of 2026-01-02T00:00:00+00:00 with chat"


def test_a_damaged_line_is_told_and_a_file_in_use_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BUSY_TIMEOUT", 0)
    append(tmp_path, [line(1, 1)])
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match="another program holds it; try again later"):
            read(tmp_path)
        other.execute("UPDATE runs SET passed = 'x'")
        other.commit()
    with pytest.raises(InputError, match="and the next run starts a new one"):
        read(tmp_path)


def test_no_history_yet_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--cache-dir", str(tmp_path)]) == 4
    assert "there is no history yet" in capsys.readouterr().err
