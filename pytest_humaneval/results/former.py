"""What a folder of results held before this run, none of which may be lost to a run that evaluated less."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.results.prompts import read_prompts
from pytest_humaneval.results.read import RESULTS_FILE, read_results
from pytest_humaneval.sample import ItemId

SETTINGS: Mapping[str, Sequence[str]] = {
    "identity": ("engine", "model", "digest"),
    "dataset": ("name", "sha256"),
    "sampling": (),
    "postprocess": (),
    "thinking_end": (),
    "experiments": (),
    "sandbox": (),
    "timeout": (),
    "shard": ("number", "of"),
    "stop": (),
}
"""The keys of run.json that are equal where results may stand in one file; of an object, which of its keys."""

WORDS = {
    "identity": "model",
    "thinking_end": "end of thinking",
    "experiments": "set of strategies or experiments",
    "shard": "part",
    "timeout": "time limit of checks",
}


@dataclass(frozen=True, slots=True)
class Former:
    """The outcomes of a former run, its run.json (empty where it was killed) and what it asked."""

    outcomes: tuple[Outcome, ...]
    run: dict[str, Any]
    prompts: dict[tuple[str, str], Prompt]

    def lost_to(self, outcomes: Sequence[Outcome]) -> set[ItemId]:
        """The samples that have a verdict here and none in ``outcomes``."""
        return _judged(self.outcomes) - _judged(outcomes)

    def kept_beside(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """What stands in the folder beside ``outcomes``: the samples that have no verdict there."""
        anew, lost = {outcome.item for outcome in outcomes}, self.lost_to(outcomes)
        return [outcome for outcome in self.outcomes if outcome.item in lost or outcome.item not in anew]

    def differs_from(self, plan: Plan, options: Mapping[str, Any]) -> str:
        """What makes this another plan's results, in a few words; empty where both may stand in one file.

        ``options`` is what run.json says of the plan.
        """
        if not self.run:
            return "it does not say what they were made with"
        plain = json.loads(json.dumps(options))
        for key, parts in SETTINGS.items():
            before, now = self.run.get(key), plain.get(key)
            if parts and isinstance(before, dict) and isinstance(now, dict):
                before, now = ([side.get(part) for part in parts] for side in (before, now))
            if before != now:
                return f"another {WORDS.get(key, key)}"
        names, tasks = ({strategy.name for strategy in plan.strategies}, {problem.task_id for problem in plan.problems})
        shared = [outcome for outcome in self.outcomes if outcome.strategy in names and outcome.task_id in tasks]
        changed = any(self.prompts.get(place, prompt) != prompt for place, prompt in plan.prompts_of(shared).items())
        return "other prompts" if changed else ""


def read_former(directory: Path) -> Former | None:
    """What is in the folder; None where there is no result.

    Raises:
        InputError: there is a results.jsonl that cannot be read, or samples that nothing has judged.
    """
    file = directory / RESULTS_FILE
    try:
        if not file.exists() or "\n" not in jsonl.read_text(file).strip(" "):
            _see_that_no_samples_are_lost(directory)
            return None
        read = read_results(directory)
        return Former(read.outcomes, read.run, read_prompts(directory))
    except DatasetError as error:
        raise InputError(
            f"--humaneval-output: {directory} holds results that cannot be read ({error}) and would be lost; "
            "give another folder, or remove it"
        ) from error


def _see_that_no_samples_are_lost(directory: Path) -> None:
    """See that a folder without results holds no samples either, as ``import`` writes them."""
    samples = directory / "samples.jsonl"
    if samples.exists() and samples.stat().st_size:
        raise InputError(
            f"--humaneval-output: {directory} holds samples that nothing has judged, and they would be lost; "
            "give another folder"
        )


def free_folder(directory: Path) -> Path:
    """The first of run-2, run-3, ... in ``directory`` that is not there."""
    number = 2
    while (folder := directory / f"run-{number}").exists():
        number += 1
    return folder


def _judged(outcomes: Sequence[Outcome]) -> set[ItemId]:
    return {outcome.item for outcome in outcomes if not outcome.error}
