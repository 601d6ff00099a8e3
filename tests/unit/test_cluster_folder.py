from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.cluster.chunking import Sample
from pytest_humaneval.cluster.folder import Folder
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.record import result_row

SETTINGS = {"samples_sha256": "abc", "timeout": 3.0}
SAMPLES = [Sample("T/0", "chat", index, f"a{index} \u2028\ud800") for index in range(4)]


def judged(sample: Sample) -> Outcome:
    return Outcome(sample.task_id, sample.strategy, sample.sample_index, "passed", completion=sample.completion)


def judge_some(directory: Path, count: int) -> list[Outcome]:
    """Resume, judge up to ``count`` more; what was there before."""
    with Folder(directory, SETTINGS) as folder:
        samples = iter(SAMPLES)
        before = list(folder.resume(samples))
        for _, sample in zip(range(count), samples, strict=False):
            folder.append([result_row(judged(sample))])
    return before


@given(st.integers(0, 10_000))
def test_a_run_that_was_killed_anywhere_goes_on_after_its_last_whole_line(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    directory = tmp_path_factory.mktemp("out")
    judge_some(directory, 4)
    results = directory / "results.jsonl"
    whole = results.read_bytes()
    results.write_bytes(torn := whole[: cut % (len(whole) + 1)])
    assert judge_some(directory, 4) == [judged(sample) for sample in SAMPLES[: torn.count(b"\n")]]
    assert results.read_bytes() == whole


def test_a_finished_run_is_no_longer_finished_when_it_is_called_again(tmp_path: Path) -> None:
    with Folder(tmp_path, SETTINGS) as folder:
        folder.finish({"exit_status": 0})
        started = folder.started
    assert json.loads((tmp_path / "run.json").read_text()) == {"exit_status": 0}
    with Folder(tmp_path, SETTINGS) as folder:
        assert folder.started == started
        assert not (tmp_path / "run.json").exists()


def test_other_settings_are_refused(tmp_path: Path) -> None:
    judge_some(tmp_path, 1)
    with pytest.raises(InputError, match=r"to another run: timeout is 3\.0 there and 5\.0 here; give another folder"):
        Folder(tmp_path, SETTINGS | {"timeout": 5.0})


def test_results_of_something_else_are_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="holds the results of something else; give another folder"):
        Folder(tmp_path, SETTINGS)
    assert (tmp_path / "results.jsonl").read_text() == "{}\n"


def test_results_that_are_not_of_these_samples_are_named(tmp_path: Path) -> None:
    judge_some(tmp_path, 2)
    with (
        Folder(tmp_path, SETTINGS) as folder,
        pytest.raises(DatasetError, match=r"results.jsonl:2: not the result of the file's sample 2"),
    ):
        list(folder.resume(iter([SAMPLES[0], SAMPLES[2]])))


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with (
        Folder(tmp_path, SETTINGS),
        pytest.raises(InputError, match=r"another run is writing to .*; wait for it, or give another folder"),
    ):
        Folder(tmp_path, SETTINGS)
    Folder(tmp_path, SETTINGS).__exit__(None, None, None)


def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(InputError, match="--output: /proc/nowhere cannot be written"):
        Folder(Path("/proc/nowhere"), SETTINGS)


def test_damaged_settings_are_told(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text("{")
    with pytest.raises(InputError, match=r"evaluation.json is damaged; give another folder"):
        Folder(tmp_path, SETTINGS)
