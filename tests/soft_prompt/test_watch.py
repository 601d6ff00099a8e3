from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from soft_prompt.report import draw_figure
from soft_prompt.watch import Metrics, Watch, read_metrics

pytestmark = pytest.mark.filterwarnings("default")  # of TensorBoard and matplotlib


def metrics(step: int, validation_loss: float | None = None) -> Metrics:
    return Metrics(step, 1.0 / step, 0.01, 2.0, 1000, 0.5, validation_loss)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_shows_loss_speed_and_time_left(tmp_path: Path) -> None:
    with Watch(tmp_path, 4, stream=io.StringIO()) as watch:
        watch.step(metrics(1, 0.75))
        line = watch.line(metrics(2))
    assert line.startswith("step 2/4  loss 0.5000  validation 0.7500  2,000 tokens/s  ")
    assert line.endswith(" s left")


def test_of_a_budget_the_line_shows_what_is_spent(tmp_path: Path) -> None:
    with Watch(tmp_path, 1_000_000, start=4, spent=0.5, stream=io.StringIO()) as watch:
        time.sleep(0.05)
        line = watch.line(metrics(5), 0.501)
    assert line.startswith("step 5, 50% of the budget  loss 0.2000")
    left = float(line.split("  ")[-1].removesuffix(" s left"))
    assert 24 < left < 120, "0.05 s took 0.1 % of it, and 49.9 % are left"


def test_a_terminal_has_one_line_and_a_log_one_for_each_evaluation(tmp_path: Path) -> None:
    terminal, log = Terminal(), io.StringIO()
    for name, stream in (("terminal", terminal), ("log", log)):
        with Watch(tmp_path / name, 9, stream=stream) as watch:
            for step in range(1, 10):
                watch.step(metrics(step, 0.5 if step % 4 == 0 else None))
    assert terminal.getvalue().count("\r") == 9
    shown = [line.split("  ")[0] for line in log.getvalue().splitlines() if line.startswith("step")]
    assert shown == ["step 1/9", "step 4/9", "step 8/9", "step 9/9"]


def test_steps_beyond_the_checkpoint_are_written_anew(tmp_path: Path) -> None:
    with Watch(tmp_path, 9, stream=io.StringIO()) as watch:
        for step in (1, 2, 3):
            watch.step(metrics(step))
    with Watch(tmp_path, 9, start=2, stream=io.StringIO()) as watch:
        watch.step(metrics(3, 0.5))
    assert read_metrics(tmp_path) == [metrics(1), metrics(2), metrics(3, 0.5)]


def test_the_figure_has_all_curves(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = draw_figure([metrics(step, 0.5 if step % 2 else None) for step in range(1, 6)], tmp_path / "figure.png")
    assert path is not None
    assert path.read_bytes().startswith(b"\x89PNG")
