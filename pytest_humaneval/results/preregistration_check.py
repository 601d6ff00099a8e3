"""Whether what ran is what was planned: what is otherwise deviates, and what was added is exploratory.

All of it goes by one rule. Where the plan says something, the run has to be so. Where it says nothing, the run has to
be as runs are that are asked for nothing (``USUAL``): what is more may have been thought of after a look at results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.preregistration import SAMPLING, SHORTEST_DIGEST, Checked, Registration
from pytest_humaneval.results.sampling import drawn_by, is_replay
from pytest_humaneval.sample import Sampling
from pytest_humaneval.text.wording import short_digest

Judged = Mapping[tuple[str, str], int]
"""How many problems have a verdict, by strategy and dataset."""

_DEFAULT = Sampling()
USUAL: dict[str, Any] = {
    "temperature": _DEFAULT.temperature,
    "top-p": _DEFAULT.top_p,
    "max-tokens": _DEFAULT.max_tokens,
    "seed": _DEFAULT.seed,
    "num-samples": 1,
    "control": "",
    "pool": False,
    "postprocess": "auto",
    "stop": "",
    "likelihood": False,
    "margin": None,
    "fail-on-regression": False,
    "gate-on": "figure",
}
"""What a run does that is asked for nothing, by the plan's keys."""

ADDED = {
    "control": "the control {}",
    "pool": "figures of all datasets together",
    "postprocess": "the post-processor {}",
    "stop": "stopping early",
    "likelihood": "the likelihood",
    "margin": "the gate on a drop of {}",
    "fail-on-regression": "the gate on a significant drop",
    "gate-on": "the gate on the {} of the interval",
}
"""How something is called that was not planned."""


@dataclass(slots=True)
class _Findings:
    deviations: list[str] = field(default_factory=list)
    exploratory: list[str] = field(default_factory=list)

    def members(self, word: str, planned: Sequence[str], ran: Sequence[str]) -> None:
        """Of a list: each that was planned has to run, and each that ran to be planned."""
        wanted, there = ({name.casefold() for name in names} for names in (planned, ran))
        self.deviations += [
            f"{word} {name} was planned but did not run" for name in planned if name.casefold() not in there
        ]
        self.exploratory += [f"{word} {name}" for name in ran if name.casefold() not in wanted]

    def value(self, key: str, says: Mapping[str, Any], used: Any) -> None:
        """Of something that has one value in a run."""
        if key not in says:
            if used != USUAL[key]:
                self.exploratory.append(ADDED[key].format(_told(used)))
        elif says[key] != used:
            self.deviations.append(_otherwise(key, says[key], used))


def judged_problems(outcomes: Iterable[Outcome]) -> Judged:
    """How many problems of each strategy have a verdict, on each dataset; of a run on one, it has no name."""
    judged = {(outcome.strategy, outcome.dataset, outcome.task_id) for outcome in outcomes if not outcome.error}
    return Counter((strategy, dataset) for strategy, dataset, _ in judged)


def check_registration(
    planned: Registration, run: Mapping[str, Any], judged: Judged, gates: Mapping[str, Any]
) -> Checked:
    """Compare it with ``run``, what run.json says was asked for, and how many problems were judged.

    ``gates`` has what was asked of the run, by the plan's keys.
    """
    says, found = planned.says, _Findings()
    ran = {experiment["name"]: experiment for experiment in run["experiments"]}
    found.members("strategy", planned.strategies, list(ran))
    found.deviations += _model(says, run["identity"])
    names = _datasets(says, run, found)
    found.members("rewrite", says.get("rewrites", ()), _rewrites(run))
    there = [name for name in planned.strategies if name in ran]
    _samplings(says, run, [ran[name] for name in there], found)
    ends_early = "stop" in says and "stop" in run  # how many problems it takes is what the run finds out
    for name in there if not ends_early else ():
        _problems(name, says.get("problems", sum(names.values())), _count(name, names, run, judged), found)
    used = {**{key: run.get(key, USUAL[key]) for key in ADDED}, **gates}
    used["likelihood"] = bool(run.get("likelihood"))
    for key in ADDED:
        found.value(key, says, used[key])
    _least(says.get("min-pass-at-1"), gates.get("min-pass-at-1", {}), list(ran), found)
    return Checked(
        planned.file, planned.sha256, says.get("hypothesis", ""), tuple(found.deviations), tuple(found.exploratory)
    )


def _model(says: Mapping[str, Any], identity: Mapping[str, Any]) -> Sequence[str]:
    """The model may be planned by its name, or by the beginning of its digest."""
    wanted = says.get("model")
    name, digest = identity["model"], identity["digest"]
    if wanted is None or wanted == name:
        return ()
    if len(wanted) >= SHORTEST_DIGEST and wanted in (digest[: len(wanted)], digest.rpartition(":")[2][: len(wanted)]):
        return ()
    return (f"model {wanted} was planned, but {name} ({short_digest(digest)}) ran",)


def _datasets(says: Mapping[str, Any], run: Mapping[str, Any], found: _Findings) -> dict[str, int]:
    """The planned datasets of the run, with how many problems there are in each; by names, or by a digest.

    The digest may be of one dataset, or of all together.
    """
    rows = [row for row in run.get("datasets") or [run["dataset"]] if not row.get("rewrite")]
    names = [str(row.get("name", "")) for row in rows]
    begin, whole = says.get("dataset-sha256", "").lower(), run["dataset"]["sha256"]
    alike = [name for row, name in zip(rows, names, strict=True) if row["sha256"].startswith(begin)]
    if "datasets" in says:
        found.members("dataset", says["datasets"], names)
        named = {name.casefold() for name in says["datasets"]}
        names = [name for name in names if name.casefold() in named]
        alike = [name for name in alike if name in names]
    elif begin and alike:
        found.members("dataset", alike, names)
        names = alike
    elif not begin and len(names) > 1:
        found.exploratory.append(f"several datasets: {', '.join(names)}")
    if begin and not alike and not whole.startswith(begin):
        found.deviations.append(f"the dataset is a different one (sha256 {short_digest(whole)})")
    return {str(row.get("name", "")): row["available"] for row in rows if str(row.get("name", "")) in names}


def _rewrites(run: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(row["rewrite"] for row in run.get("datasets") or () if row.get("rewrite")))


def _samplings(
    says: Mapping[str, Any], run: Mapping[str, Any], experiments: Sequence[Mapping[str, Any]], found: _Findings
) -> None:
    """Only how many samples there are is known of those that come from a file."""
    added: dict[str, list[str]] = {}
    for experiment in experiments:
        name, chosen = experiment["name"], _chosen(run, experiment)
        used = {**experiment["sampling"], "num_samples": experiment["num_samples"]}
        for key in SAMPLING:
            value, otherwise = used[key.replace("-", "_")], ""
            if is_replay(run) and key != "num-samples":
                otherwise = "the samples come from a file"
            elif key in chosen:  # a part of what the strategy is, so none of it was added
                if chosen[key] != [says.get(key)]:
                    otherwise = f"it chooses its own: {' and '.join(f'{one:g}' for one in chosen[key])}"
            elif value != says.get(key, USUAL[key]):
                otherwise = f"{value:g} was used"
                if key not in says:
                    added.setdefault(f"{key} {value:g}", []).append(name)
            if key in says and otherwise:
                found.deviations.append(f"{name}: {key} {says[key]:g} was planned, but {otherwise}")
    found.exploratory += [f"{what} of {', '.join(names)}" for what, names in added.items()]


def _chosen(run: Mapping[str, Any], experiment: Mapping[str, Any]) -> dict[str, list[float]]:
    """What a guided strategy drew with, as it chose itself; nothing of others. Greedy draws have no top-p."""
    drawn = drawn_by(run, experiment)
    temperatures = sorted({temperature for temperature, _ in drawn})
    chosen = {"temperature": temperatures} if drawn else {}
    tops = sorted({top_p for temperature, top_p in drawn if temperature})
    return {**chosen, "top-p": tops} if tops else chosen


def _count(name: str, datasets: Iterable[str], run: Mapping[str, Any], judged: Judged) -> int:
    return sum(judged.get((name, dataset), 0) for dataset in (datasets if run.get("datasets") else [""]))


def _problems(name: str, planned: int, judged: int, found: _Findings) -> None:
    if planned != judged:
        found.deviations.append(f"{name}: {planned} problems were planned, but {judged} have a verdict")


def _least(planned: Any, given: Mapping[str, float], strategies: Iterable[str], found: _Findings) -> None:
    """What pass@1 is asked for; a number is planned for all strategies that have none of their own."""
    added: dict[float, list[str]] = {}
    for name in strategies:
        least = planned.get(name) if isinstance(planned, dict) else planned
        used = given.get(name)
        if least is None and used is not None:
            added.setdefault(used, []).append(name)
        elif least is not None and least != used:
            found.deviations.append(f"{name}: {_otherwise('min-pass-at-1', least, used)}")
    found.exploratory += [
        f"the gate on a pass@1 of at least {least:g} of {', '.join(names)}" for least, names in added.items()
    ]


def _otherwise(key: str, planned: Any, used: Any) -> str:
    if planned is False:
        return f"{key} was not planned, but given"
    what = key if planned is True else f"{key} {_told(planned)}"
    return f"{what} was planned, but {'none' if used in (None, False, '') else _told(used)} was given"


def _told(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)
