"""What people watch: a progress line, TensorBoard, and every step as a line of metrics.jsonl."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from pytest_humaneval.report.texttable import duration

METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Metrics:
    """One step of a training. ``step`` counts from 1; ``validation_loss`` is None between evaluations."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float  # before clipping
    tokens: int
    seconds: float
    validation_loss: float | None = None


def read_metrics(output: Path) -> list[Metrics]:
    """The steps of a training so far; a last line that a kill cut short is left out."""
    try:
        lines = (output / METRICS).read_text().split("\n")
    except FileNotFoundError:
        return []
    return [Metrics(**json.loads(line)) for line in lines[:-1]]


class Watch:
    """Writes down every step. A context manager."""

    def __init__(
        self, output: Path, total_steps: int, *, start: int = 0, spent: float = 0.0, stream: TextIO | None = None
    ) -> None:
        """``start``: the steps done before a resumed run; what was written beyond them will be done again.

        ``spent``: the share of a budget that those took.
        """
        output.mkdir(parents=True, exist_ok=True)
        self._total = total_steps
        self._stream = stream or sys.stderr
        self._begun, self._first, self._spent = time.monotonic(), start, spent
        self._validation_loss: float | None = None
        kept = [row for row in read_metrics(output) if row.step <= start]
        _write_atomically(output / METRICS, "".join(json.dumps(asdict(row)) + "\n" for row in kept))
        self._file = (output / METRICS).open("a")
        self._board = self._open_board(output / "tensorboard", start)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._stream.isatty():
            self._stream.write("\n")
        self._file.close()
        if self._board is not None:
            self._board.close()

    def say(self, text: str) -> None:
        """One line of its own."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def step(self, metrics: Metrics, spent: float = 0.0) -> None:
        """Take one step down; ``spent`` is the share of a budget so far, 0 without one."""
        self._file.write(json.dumps(asdict(metrics)) + "\n")
        self._file.flush()
        self._to_board(metrics)
        evaluated = metrics.validation_loss is not None
        self._validation_loss = metrics.validation_loss if evaluated else self._validation_loss
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{self.line(metrics, spent)}")
        elif evaluated or metrics.step in (1, self._total):  # a log is no place for a line a step
            self._stream.write(f"{self.line(metrics, spent)}\n")
        self._stream.flush()

    def line(self, metrics: Metrics, spent: float = 0.0) -> str:
        """The progress line after a step."""
        place, begun, done = f"/{self._total}", self._first / self._total, metrics.step / self._total
        if spent > done:
            place, begun, done = f", {min(spent, 1.0):.0%} of the budget", self._spent, spent
        left = (time.monotonic() - self._begun) / (done - begun) * max(0.0, 1 - done)
        validation = f"  validation {self._validation_loss:.4f}" if self._validation_loss is not None else ""
        speed = metrics.tokens / max(metrics.seconds, 1e-9)
        return (
            f"step {metrics.step}{place}  loss {metrics.loss:.4f}{validation}  "
            f"{speed:,.0f} tokens/s  {duration(left)} left"
        )

    def _to_board(self, metrics: Metrics) -> None:
        if self._board is None:
            return
        for name in ("loss", "learning_rate", "grad_norm", "validation_loss"):
            if (value := getattr(metrics, name)) is not None:
                self._board.add_scalar(name, value, metrics.step)

    def _open_board(self, folder: Path, start: int) -> Any:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.say("no TensorBoard logs: pip install 'pytest-humaneval[soft-prompt]'")
            return None
        return SummaryWriter(str(folder), purge_step=start + 1)


def _write_atomically(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
