"""What was planned before a run, and whether what ran is that."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.sampling import is_replay
from pytest_humaneval.text.wording import cannot_be_read, known_ones, short_digest

SAMPLING = ("temperature", "top-p", "max-tokens", "seed", "num-samples")
KEYS: dict[str, tuple[type, ...]] = {
    "hypothesis": (str,),
    "strategies": (list,),
    "model": (str,),
    "dataset-sha256": (str,),
    "problems": (int,),
    "margin": (float, int),
    "temperature": (float, int),
    "top-p": (float, int),
    "max-tokens": (int,),
    "seed": (int,),
    "num-samples": (int,),
}
SHORTEST_DIGEST = 12  # characters: what the summary shows


@dataclass(frozen=True, slots=True)
class Registration:
    """A plan as its file says it: ``says`` has only what it says, ``sha256`` is of the file."""

    file: str
    sha256: str
    says: Mapping[str, Any] = field(default_factory=dict)

    @property
    def strategies(self) -> tuple[str, ...]:
        return tuple(self.says["strategies"])


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan against what ran.

    ``deviations`` are sentences without a full stop about what was planned and is otherwise; ``exploratory`` names what
    was not planned: strategies, and a gate on the drop.
    """

    file: str
    sha256: str
    hypothesis: str
    deviations: tuple[str, ...]
    exploratory: tuple[str, ...]


def read_registration(path: Path) -> Registration:
    """Read the file.

    Raises:
        InputError: it cannot be read, or says something that cannot be; names the key.
    """
    try:
        content = path.read_bytes()
        says = tomllib.loads(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--humaneval-plan: {cannot_be_read(path, error)}") from error
    for name, value in says.items():
        if name not in KEYS:
            raise InputError(f"--humaneval-plan: {path}: unknown key {name!r}; {known_ones(name, KEYS)}")
        if not isinstance(value, KEYS[name]) or isinstance(value, bool) or not _can_be(name, value):
            raise InputError(f"--humaneval-plan: {path}: {name} cannot be {value!r}")
    names = says.get("strategies")
    if not names or not all(isinstance(name, str) for name in names):
        raise InputError(
            f'--humaneval-plan: {path}: strategies must name what is compared, such as ["chat", "minimal"]'
        )
    if len(says.get("dataset-sha256", "0" * SHORTEST_DIGEST)) < SHORTEST_DIGEST:
        raise InputError(f"--humaneval-plan: {path}: dataset-sha256 needs at least {SHORTEST_DIGEST} characters")
    return Registration(str(path), hashlib.sha256(content).hexdigest(), says)


def judged_problems(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many problems of each strategy have a verdict."""
    judged = {(outcome.strategy, outcome.task_id) for outcome in outcomes if not outcome.error}
    return Counter(strategy for strategy, _ in judged)


def check_registration(
    planned: Registration, run: Mapping[str, Any], judged: Mapping[str, int], max_drop: float | None
) -> Checked:
    """Compare it with ``run``, what run.json says was asked for, and how many problems of each strategy were judged."""
    says = planned.says
    ran = {experiment["name"]: experiment for experiment in run["experiments"]}
    deviations = [f"{name} was planned but did not run" for name in planned.strategies if name not in ran]
    deviations += _model(says, run["identity"])
    sha256 = run["dataset"]["sha256"]
    if not sha256.startswith(says.get("dataset-sha256", sha256).lower()):
        deviations.append(f"the dataset is a different one (sha256 {short_digest(sha256)})")
    for name in planned.strategies:
        if name in ran:
            deviations += _sampling(name, says, ran[name], known=not is_replay(run))
            deviations += _problems(name, says.get("problems", run["dataset"]["available"]), judged.get(name, 0))
    exploratory = [f"strategy {name}" for name in ran if name not in planned.strategies]
    margin = says.get("margin")
    if margin is not None and margin != max_drop:
        given = "none was given" if max_drop is None else f"{max_drop:g} was given"
        deviations.append(f"a margin of {margin:g} was planned, but {given}")
    elif margin is None and max_drop is not None:
        exploratory.append(f"the gate on a drop of {max_drop:g}")
    return Checked(planned.file, planned.sha256, says.get("hypothesis", ""), tuple(deviations), tuple(exploratory))


def recorded(value: object) -> Checked | None:
    """What run.json has of it; None where it has none, or another version's."""
    if not isinstance(value, dict) or {*value} != {part.name for part in fields(Checked)}:
        return None
    deviations, exploratory = value["deviations"], value["exploratory"]
    if not isinstance(deviations, list) or not isinstance(exploratory, list):
        return None
    file, sha256, hypothesis = (str(value[name]) for name in ("file", "sha256", "hypothesis"))
    return Checked(file, sha256, hypothesis, tuple(map(str, deviations)), tuple(map(str, exploratory)))


def _model(says: Mapping[str, Any], identity: Mapping[str, Any]) -> Sequence[str]:
    """The model may be planned by its name, or by the beginning of its digest."""
    wanted = says.get("model")
    name, digest = identity["model"], identity["digest"]
    if wanted is None or wanted == name:
        return ()
    if len(wanted) >= SHORTEST_DIGEST and wanted in (digest[: len(wanted)], digest.rpartition(":")[2][: len(wanted)]):
        return ()
    return (f"model {wanted} was planned, but {name} ({short_digest(digest)}) ran",)


def _sampling(name: str, says: Mapping[str, Any], experiment: Mapping[str, Any], *, known: bool) -> list[str]:
    """Only how many samples there are is ``known`` of those that come from a file."""
    ran = {**experiment["sampling"], "num_samples": experiment["num_samples"]}
    asked = [key for key in SAMPLING if key in says]
    unknown = [key for key in asked if key != "num-samples" and not known]
    return [
        f"{name}: {key} {says[key]:g} was planned, but {ran[key.replace('-', '_')]:g} was used"
        for key in asked
        if key not in unknown and says[key] != ran[key.replace("-", "_")]
    ] + [f"{name}: {key} {says[key]:g} was planned, but the samples come from a file" for key in unknown]


def _can_be(name: str, value: Any) -> bool:
    """Whether a run could ever be so."""
    if name == "margin":
        return bool(0 < value < 1)
    return name not in ("problems", "num-samples") or value > 0


def _problems(name: str, planned: int, judged: int) -> Sequence[str]:
    return () if planned == judged else (f"{name}: {planned} problems were planned, but {judged} have a verdict",)
