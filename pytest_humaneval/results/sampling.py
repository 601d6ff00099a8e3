"""How the tokens of a run were drawn, as far as it is known: from what run.json says, or is going to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_humaneval.marshalling.plain import from_plain
from pytest_humaneval.sample import Sampling
from pytest_humaneval.text.wording import sampling_text

REPLAY = "replay"
NOT_KNOWN = "not known: the samples come from a file"


def sampling_told(run: Mapping[str, Any]) -> str:
    """The run's sampling, and by name the strategies that drew otherwise: experiments, and what guided ones asked for.

    Raises:
        InputError, TypeError, KeyError, ValueError, AttributeError: the record is another version's.
    """
    if is_replay(run):
        return NOT_KNOWN
    plain = sampling_text(from_plain(Sampling, run["sampling"], "run.json"), run.get("num_samples", 1))
    named: dict[str, list[str]] = {}
    for experiment in run.get("experiments", ()):
        named.setdefault(sampling_of_row(run, experiment), []).append(experiment["name"])
    others = [f"{', '.join(names)}: {sampling}" for sampling, names in named.items() if sampling != plain]
    if plain in named and any(experiment["name"] != experiment["strategy"] for experiment in run["experiments"]):
        others.insert(0, f"{', '.join(named[plain])}: {plain}")  # no row of an experiments file is the run's own
    elif plain in named or not named:
        others.insert(0, plain)
    return "; ".join(others)


def sampling_of_row(run: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """The same of one of the record's ``experiments``."""
    if is_replay(run):
        return NOT_KNOWN
    return sampling_text(from_plain(Sampling, row["sampling"], "run.json"), row["num_samples"], drawn_by(run, row))


def drawn_by(run: Mapping[str, Any], row: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Temperatures and top-p that a guided strategy chose itself; of others, and before any was drawn, none."""
    drawn = ((run.get("engine_process") or {}).get("guided_sampling") or {}).get(row["name"], ())
    return [(temperature, top_p) for temperature, top_p in drawn]


def is_replay(run: Mapping[str, Any]) -> bool:
    """Whether the run judged the samples of a file."""
    engine = run.get("engine")
    return isinstance(engine, Mapping) and engine.get("name") == REPLAY
