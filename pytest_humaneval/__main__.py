"""``python -m pytest_humaneval``: judge samples, compare runs, read and write other people's formats, serve a model."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_humaneval import commands
from pytest_humaneval.background.service.service_arguments import add_service
from pytest_humaneval.cluster.ray_arguments import add_evaluate_on_ray, asks_for_ray, without_blanks
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.strengthen.strengthen_arguments import add_strengthen
from pytest_humaneval.values import argument, least

USAGE_ERROR = 4  # as pytest's


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = vars(_parser(on_ray=asks_for_ray(words)).parse_args(without_blanks(words)))
    run = given.pop("run")
    try:
        status: int = run(**given)
        sys.stdout.flush()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return 0
    return status


def _parser(*, on_ray: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m pytest_humaneval", description=__doc__)
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)

    if on_ray:
        add_evaluate_on_ray(subcommands)
    else:
        _add_evaluate(subcommands)

    compare = subcommands.add_parser("compare", help="what one run changed against another")
    compare.add_argument("before", type=Path, help="a folder of --humaneval-output, or a file of results")
    compare.add_argument("now", type=Path, help="the same, of the run that is to be judged")
    _add_files_and_gates(compare)
    compare.set_defaults(run=commands.compare)

    report = subcommands.add_parser("report", help="the summary of a finished run, and its page")
    report.add_argument("results", type=Path, metavar="DIR", help="a folder of --humaneval-output, or a results file")
    report.add_argument("--baseline", type=Path, metavar="PATH", help="compare with this former run")
    _add_files_and_gates(report)
    report.set_defaults(run=commands.report)

    export = subcommands.add_parser("export", help="write results in another format")
    _add_format(export)
    export.add_argument("results", type=Path, help="a folder of --humaneval-output, or a results file")
    export.add_argument("out", type=Path, help="the file to write")
    export.add_argument("--strategy", metavar="NAME", help="which one, where the results have several")
    _add_dataset(export)
    export.set_defaults(run=commands.export)

    take_in = subcommands.add_parser("import", help="read samples, or results, in another format")
    _add_format(take_in)
    take_in.add_argument("file", type=Path, help="samples (.jsonl), or what the evaluator made of them")
    take_in.add_argument("out", type=Path, metavar="DIR", help="gets samples.jsonl, and results.jsonl with verdicts")
    take_in.add_argument("--strategy", metavar="NAME", help="the strategy to call rows by that name none")
    _add_dataset(take_in)
    take_in.set_defaults(run=commands.take_in)

    add_service(subcommands)
    add_strengthen(subcommands)
    return parser


def _add_evaluate(subcommands: Any) -> None:
    evaluate = subcommands.add_parser(
        "evaluate",
        help="judge a file of samples: runs pytest underneath, or Ray",
        epilog="With --ray, a file of millions of samples is judged on a Ray cluster: see evaluate --ray --help.",
    )
    evaluate.add_argument("samples", type=Path, help="samples, or a folder of --humaneval-output")
    evaluate.add_argument("options", nargs=argparse.REMAINDER, help="options for pytest, such as -n auto")
    evaluate.set_defaults(run=commands.evaluate)


def _add_files_and_gates(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the summary here, for a pull request")
    parser.add_argument(
        "--min-pass-at-1", type=argument(least), default=(), metavar="[NAME=]X", dest="least",
        help="a gate: the exit status says whether pass@1 is at least X, for every strategy or for NAME",
    )  # fmt: skip
    parser.add_argument(
        "--fail-on-regression", action="store_true", dest="on_regression",
        help="a gate: the exit status says whether a strategy is significantly worse than before",
    )  # fmt: skip
    _add_dataset(parser)


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", required=True, choices=sorted(commands.FORMATS), dest="style")


def _add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", type=Path, metavar="FILE", help="the problems, where they are not HumanEval's")


if __name__ == "__main__":
    sys.exit(main())
