"""The command line of ``contamination``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_humaneval.exceptions import InfrastructureError, InputError
from pytest_humaneval.report.console import show, terminal_width

if TYPE_CHECKING:
    from pytest_humaneval.contamination.statement_ranks import StatementRanks
    from pytest_humaneval.statistics.two_samples import TwoSamples

INTERNAL_ERROR = 3  # as pytest's
DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct"


def add_contamination(subcommands: Any) -> None:
    """Add ``contamination`` and what it takes to the subcommands of ``python -m pytest_humaneval``."""
    probe = subcommands.add_parser(
        "contamination", help="probe whether a model has seen the problems, against a control"
    )
    add = probe.add_argument
    add(
        "--model", metavar="SPEC", help=f"as --humaneval-model; it is read with transformers (default: {DEFAULT_MODEL})"
    )
    add("--dataset", metavar="NAMES or FILES", help="the problems in question, if they are not HumanEval's")
    add("--control", metavar="NAMES or FILES", help="problems of the same kind, such as mbpp:validation:docstring=FILE")
    add("--results", type=Path, metavar="DIR", help="a run on the problems with --humaneval-rewrite")
    add("--control-results", type=Path, metavar="DIR", help="the same run on the control")
    probe.set_defaults(run=_run)


def _run(**given: Any) -> int:
    try:
        return probe(**given)
    except InfrastructureError as error:
        print(f"error: {error}", file=sys.stderr)
        return INTERNAL_ERROR


def probe(
    model: str | None, dataset: str | None, control: str | None, results: Path | None, control_results: Path | None
) -> int:
    """Print what the probes find that can be made of what is given.

    Raises:
        InputError: neither a control for the model nor two runs, or something that cannot be read.
        ModelError: the model cannot be had.
        EngineError: it cannot be read with.
    """
    from pytest_humaneval.contamination.probe_report import probe_lines
    from pytest_humaneval.contamination.probes import DROP, drop_probe, findings, read_probes
    from pytest_humaneval.dataset.requested import dataset_named
    from pytest_humaneval.engine.text_reading import read_texts
    from pytest_humaneval.models.find import default_cache_directory, find_model
    from pytest_humaneval.models.weights import materialise
    from pytest_humaneval.results.read import read_results

    if (results is None) != (control_results is None) or (results is None and control is None):
        raise InputError(
            "contamination: give --control=NAME, problems of the same kind that are not in question, or "
            "--results and --control-results, two runs with the same --humaneval-rewrite"
        )
    keep = default_cache_directory()
    read = control is not None  # the datasets; else only runs are known, and what they were on
    names = [dataset or ("humaneval" if read else str(results)), control or str(control_results)]
    figures: dict[str, TwoSamples] = {}
    ranks: Sequence[StatementRanks | None] = ()
    if control is not None:
        sets = [dataset_named(name, keep).problems for name in (dataset, control)]
        say = partial(print, file=sys.stderr, flush=True)
        directory = materialise(find_model(model or DEFAULT_MODEL, keep), keep, say)
        of_model = read_probes(sets[0], sets[1], partial(read_texts, directory, say=say))
        figures, ranks = dict(of_model.figures), of_model.ranks
    if results is not None and control_results is not None:
        sides = [read_results(path).outcomes for path in (results, control_results)]
        if both := {each.task_id for each in sides[0]} & {each.task_id for each in sides[1]}:
            raise InputError(
                f"{results} and {control_results}: both have {min(both)}; a control has problems of its own "
                "(--humaneval-control compares the datasets of one run)"
            )
        drop = drop_probe(*sides)
        if drop is None:
            raise InputError(
                f"{results} and {control_results}: there are no two problems on either side that are rewritten by a "
                "rewrite which both runs have, and have a verdict as they were, of a strategy which both have"
            )
        figures[DROP] = drop
    ours, theirs = (name.partition("=")[0] for name in names)
    show(probe_lines(findings(figures), ours, theirs, terminal_width(), ranks))
    return 0
