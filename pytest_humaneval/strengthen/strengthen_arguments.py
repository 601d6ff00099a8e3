"""The command line of ``strengthen``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import InfrastructureError
from pytest_humaneval.option import argument, count
from pytest_humaneval.sandbox.sandboxes import SANDBOXES

INTERNAL_ERROR = 3  # as pytest's


def add_strengthen(subcommands: Any) -> None:
    """Add ``strengthen`` and what it takes to the subcommands of ``python -m pytest_humaneval``."""
    made = subcommands.add_parser("strengthen", help="make a dataset with stronger tests, once")
    add = made.add_argument
    add("--dataset", metavar="NAMES or FILES", help="the problems, if they are not HumanEval's")
    add(
        "--samples", type=Path, metavar="PATH", action="append", default=[],
        help="samples whose programs must agree on an input: a folder of --humaneval-output, a folder of those, or a "
        "file (repeatable)",
    )  # fmt: skip
    add("--output", type=Path, metavar="FILE", required=True, help="the new dataset; a partial one is continued")
    add(
        "--inputs",
        type=argument(count),
        metavar="N",
        default=40,
        help="inputs to keep for each problem at most (default: 40)",
    )
    add(
        "--draws",
        type=argument(count),
        metavar="N",
        default=150,
        help="inputs to draw of each of three kinds (default: 150)",
    )
    add(
        "--leave-out",
        metavar="NAME",
        action="append",
        default=[],
        help="leave out this strategy's samples (repeatable)",
    )
    add("--sandbox", choices=SANDBOXES, default="auto", help="as --humaneval-sandbox")
    add("--jobs", type=argument(count), metavar="N", default=1, help="problems to work on at a time (default: 1)")
    add(
        "--skip-broken-problems",
        action="store_true",
        dest="skip_broken",
        help="leave problems that cannot be judged here as they are",
    )
    made.set_defaults(run=_run)


def _run(inputs: int, draws: int, **options: Any) -> int:
    from pytest_humaneval.strengthen.problems import Settings
    from pytest_humaneval.strengthen.strengthening import strengthen

    try:
        return strengthen(settings=Settings(draws, inputs), **options)
    except InfrastructureError as error:
        print(f"error: {error}; the same command continues after what has been written", file=sys.stderr)
        return INTERNAL_ERROR
