"""The folders of a run's parts, joined into what one run of everything would have written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome, in_order
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.results.former import SETTINGS, WORDS
from pytest_humaneval.results.prompts import read_prompts
from pytest_humaneval.results.read import RESULTS_FILE, RUN_FILE, read_results
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.printable import counted

HINT = "; join parts of one command, run with one version of everything"
SHOWN = 3  # samples that are named where many are meant
SHOWN_VALUE = 60  # characters of a setting
OF_ALL = ("num_samples", "k", "timeout", "versions", "python")  # equal in all parts, as SETTINGS are
SUMS = (
    *("total", "finished", "from_store", "tokens", "prompt_tokens", "cached_prompt_tokens"),
    *("loading_seconds", "generating_seconds"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one folder holds; ``number`` and ``of`` say which part it is."""

    folder: Path
    number: int
    of: int
    run: dict[str, Any]
    outcomes: tuple[Outcome, ...]
    prompts: dict[tuple[str, str], Prompt]

    @property
    def expected(self) -> int:
        """How many samples it was to evaluate."""
        return int(self.run["items"]["expected"])

    def __str__(self) -> str:
        return f"{self.folder} (part {self.number} of {self.of})"


@dataclass(frozen=True, slots=True)
class Joined:
    """All parts together. ``run`` is run.json but for what is worked out of the outcomes; ``lacking`` says what is not
    there, in sentences without a full stop.
    """

    outcomes: list[Outcome]
    run: dict[str, Any]
    prompts: dict[tuple[str, str], Prompt]
    lacking: tuple[str, ...]


def read_part(folder: Path) -> Part:
    """Read the folder of one part, which may have no sample: there can be more parts than samples.

    Raises:
        InputError: it is none, or its run was killed; DatasetError: a file in it cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: not a folder; name the folders that --humaneval-output of the parts wrote")
    if not (folder / RUN_FILE).exists():
        raise InputError(
            f"{folder}: has no {RUN_FILE}, so its run has not finished; run that part again: it continues from "
            "the store"
        )
    run, outcomes = _read(folder)
    try:
        shard, items = run["shard"], run["items"]
        number, of = int(shard["number"]), int(shard["of"])
        known = isinstance(shard["plan"], str) and isinstance(shard["tasks"], list) and "expected" in items
    except (KeyError, TypeError, ValueError):
        known = False
    if not known:
        raise InputError(f"{folder}: is not part of a run: it was not written with --humaneval-shard")
    return Part(folder, number, of, run, outcomes, read_prompts(folder))


def join(parts: Sequence[Part]) -> Joined:
    """The parts together, in the order in which one run writes its results.

    Raises:
        InputError: they do not belong together, or something is in two of them; names what, and where.
    """
    first, *others = sorted(parts, key=lambda part: part.number)
    for other in others:
        _check_together(first, other)
    _refuse_doubled(parts)
    outcomes = in_order((outcome for part in parts for outcome in part.outcomes), first.run["shard"]["tasks"])
    prompts = {place: prompt for part in parts for place, prompt in part.prompts.items()}
    ordered = sorted(parts, key=lambda part: part.number)
    lacking = tuple(_lacking(ordered))
    return Joined(outcomes, _run(ordered) | ({"lacking": lacking} if lacking else {}), prompts, lacking)


def _read(folder: Path) -> tuple[dict[str, Any], tuple[Outcome, ...]]:
    file = folder / RESULTS_FILE
    if file.exists() and not file.stat().st_size:
        run = jsonl.parse(str(folder / RUN_FILE), jsonl.read_text(folder / RUN_FILE))
        return (run if isinstance(run, dict) else {}), ()
    results = read_results(folder)
    return results.run, results.outcomes


def _check_together(first: Part, other: Part) -> None:
    if first.of != other.of:
        raise InputError(f"{first} and {other} are not parts of one whole{HINT}")
    for name, before, now in _settings(first.run, other.run):
        if before != now:
            raise InputError(
                f"{first} and {other} do not belong together: {name} is {_shown(before)} there and {_shown(now)} here"
                f"{HINT}"
            )
    if first.run["shard"]["plan"] != other.run["shard"]["plan"]:
        raise InputError(f"{first} and {other} do not belong together: problems, strategies or prompts differ{HINT}")


def _settings(first: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each setting by its name, in both."""
    for key in (*SETTINGS, *OF_ALL):
        if key == "shard":
            continue
        before, now, name = first.get(key), other.get(key), WORDS.get(key, key)
        if not isinstance(before, dict) or not isinstance(now, dict):
            yield name, before, now
            continue
        for part in SETTINGS.get(key) or sorted({*before, *now}):
            yield f"{name} {part}", before.get(part), now.get(part)


def _refuse_doubled(parts: Sequence[Part]) -> None:
    numbers: dict[int, Part] = {}
    places: dict[ItemId, Part] = {}
    for part in parts:
        if (other := numbers.setdefault(part.number, part)) is not part:
            raise InputError(f"part {part.number} of {part.of} was given twice: {other.folder} and {part.folder}")
        doubled = [outcome.item for outcome in part.outcomes if places.setdefault(outcome.item, part) is not part]
        if doubled:
            raise InputError(
                f"{counted(len(doubled), 'sample is', 'samples are')} both in {places[doubled[0]]} and in {part}: "
                f"{_named(doubled)}"
            )


def _lacking(parts: Sequence[Part]) -> Iterator[str]:
    of, numbers = parts[0].of, {part.number for part in parts}
    if missing := [number for number in range(1, of + 1) if number not in numbers]:
        named = ", ".join(map(str, missing[:20])) + (", ..." if len(missing) > 20 else "")
        yield f"part {named} of {of} is missing" if len(missing) == 1 else f"parts {named} of {of} are missing"
    unfinished = [part for part in parts if len(part.outcomes) < part.expected]
    for part in unfinished:
        lack = part.expected - len(part.outcomes)
        yield f"{part} lacks {lack} of its {counted(part.expected, 'sample', 'samples')}"
    if unfinished and not missing:
        have = {outcome.item for part in parts for outcome in part.outcomes}
        not_there = [item for item in _planned(parts[0].run) if item not in have]
        if len(not_there) == sum(part.expected for part in parts) - len(have):  # else -k or the like chose among them
            yield f"these are {_named(not_there)}"


def _planned(run: Mapping[str, Any]) -> Iterator[ItemId]:
    for task_id in run["shard"]["tasks"]:
        for experiment in run["experiments"]:
            for index in range(experiment["num_samples"]):
                yield ItemId(task_id, experiment["name"], index)


def _run(parts: Sequence[Part]) -> dict[str, Any]:
    """run.json of the whole, from those of its parts."""
    runs = [part.run for part in parts]
    items = Counter[str]()
    for run in runs:
        items.update({name: count for name, count in run["items"].items() if isinstance(count, int)})
    return runs[0] | {
        "started": min(str(run["started"]) for run in runs),
        "finished": max(str(run["finished"]) for run in runs),
        "shard": None,
        "items": dict(items) | {"kept": 0},
        "layers": _each(layers for run in runs for layers in run.get("layers") or ()),
        "engine_process": _process([run.get("engine_process") or {} for run in runs]),
        "git_commit": runs[0].get("git_commit") if len(_each(run.get("git_commit") for run in runs)) == 1 else None,
        "parts": [
            {name: run.get(name) for name in ("started", "finished", "platform", "cpus", "machine", "items")}
            for run in runs
        ],
    }


def _process(processes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the parts' engines did together. Counts and seconds are sums: some may have run side by side."""
    processes = [process for process in processes if process]
    if not processes:
        return {}

    def last(name: str) -> Any:
        return max((process[name] for process in processes if process.get(name)), default=None)

    return dict(processes[0]) | {
        **{name: sum(process.get(name) or 0 for process in processes) for name in SUMS},
        "phase": "failed"
        if any(process.get("phase") == "failed" for process in processes)
        else processes[0].get("phase", ""),
        "ready_at": min((process["ready_at"] for process in processes if process.get("ready_at")), default=0.0),
        "warm": all(process.get("warm") for process in processes),
        "notices": _each(notice for process in processes for notice in process.get("notices") or ()),
        "guided_sampling": {
            name: drawn for process in processes for name, drawn in (process.get("guided_sampling") or {}).items()
        },
        "ready_to_last_outcome_seconds": last("ready_to_last_outcome_seconds"),
    }


def _each(values: Iterable[Any]) -> list[Any]:
    """Every value once, in the order in which they come."""
    return [json.loads(text) for text in dict.fromkeys(map(json.dumps, values))]


def _named(items: Sequence[ItemId]) -> str:
    names = ", ".join(" ".join(map(str, item)) for item in items[:SHOWN])
    return names + (f" and {len(items) - SHOWN} more" if len(items) > SHOWN else "")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 3] + "..."
