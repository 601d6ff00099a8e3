"""What was planned before a run, and whether what ran is that."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.results.stopping import DECIDED
from pytest_humaneval.text.wording import cannot_be_read, known_ones

SAMPLING = ("temperature", "top-p", "max-tokens", "seed", "num-samples")
KEYS: dict[str, tuple[type, ...]] = {
    "hypothesis": (str,),
    "strategies": (list,),
    "model": (str,),
    "dataset-sha256": (str,),
    "problems": (int,),
    "datasets": (list,),
    "rewrites": (list,),
    "control": (str,),
    "pool": (bool,),
    "postprocess": (str,),
    "stop": (str,),
    "likelihood": (bool,),
    "margin": (float, int),
    "fail-on-regression": (bool,),
    "min-pass-at-1": (float, int, dict),
    "gate-on": (str,),
    "temperature": (float, int),
    "top-p": (float, int),
    "max-tokens": (int,),
    "seed": (int,),
    "num-samples": (int,),
}
WORDS = {"stop": (DECIDED,), "gate-on": ("figure", "bound")}
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
    was not planned and is not what a run does unless it is asked to.
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
        kinds = KEYS[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds) or not _can_be(name, value):
            raise InputError(f"--humaneval-plan: {path}: {name} cannot be {value!r}")
    names = says.get("strategies")
    if not names or not all(isinstance(name, str) for name in names):
        raise InputError(
            f'--humaneval-plan: {path}: strategies must name what is compared, such as ["chat", "minimal"]'
        )
    if len(says.get("dataset-sha256", "0" * SHORTEST_DIGEST)) < SHORTEST_DIGEST:
        raise InputError(f"--humaneval-plan: {path}: dataset-sha256 needs at least {SHORTEST_DIGEST} characters")
    return Registration(str(path), hashlib.sha256(content).hexdigest(), says)


def recorded(value: object) -> Checked | None:
    """What run.json has of it; None where it has none, or another version's."""
    if not isinstance(value, dict) or {*value} != {part.name for part in fields(Checked)}:
        return None
    deviations, exploratory = value["deviations"], value["exploratory"]
    if not isinstance(deviations, list) or not isinstance(exploratory, list):
        return None
    file, sha256, hypothesis = (str(value[name]) for name in ("file", "sha256", "hypothesis"))
    return Checked(file, sha256, hypothesis, tuple(map(str, deviations)), tuple(map(str, exploratory)))


def _can_be(name: str, value: Any) -> bool:
    """Whether a run could ever be so."""
    if name == "margin":
        return bool(0 < value < 1)
    if name == "min-pass-at-1":
        numbers = value.values() if isinstance(value, dict) else [value]
        return all(isinstance(one, float | int) and not isinstance(one, bool) and 0 <= one <= 1 for one in numbers)
    if name in ("datasets", "rewrites"):
        return all(isinstance(one, str) for one in value)
    if name in WORDS:
        return value in WORDS[name]
    return name not in ("problems", "num-samples") or value > 0
