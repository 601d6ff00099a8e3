"""Judge samples, compare runs, read and write other people's formats, serve a model: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_humaneval.background.service.service_arguments import add_service
from pytest_humaneval.cluster.ray_arguments import add_evaluate_on_ray, asks_for_ray, without_blanks
from pytest_humaneval.commands import conversion, evaluation, finished, merging, studies
from pytest_humaneval.contamination.contamination_arguments import add_contamination
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.generating.generate import asks_to_generate, generate
from pytest_humaneval.option import argument, count, drop, gate_on, least
from pytest_humaneval.report.console import let_go_of_stdout
from pytest_humaneval.results import interchange
from pytest_humaneval.strengthen.strengthen_arguments import add_strengthen

USAGE_ERROR = 4  # as pytest's
INTERRUPTED = 130  # as shells have it
CUT_OFF = 141  # the same, for what ended as nobody read its output any longer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if asks_to_generate(words):
        given: dict[str, Any] = {"words": words[1:], "run": generate}
    else:
        given = vars(_parser(on_ray=asks_for_ray(words)).parse_args(without_blanks(words)))
    run = given.pop("run")
    try:
        status: int = run(**given)
        sys.stdout.flush()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough
        let_go_of_stdout()
        return CUT_OFF
    return status


def _parser(*, on_ray: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m pytest_humaneval", description=(__doc__ or "").replace("``", ""))
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)

    if on_ray:
        add_evaluate_on_ray(subcommands)
    else:
        _add_evaluate(subcommands)

    subcommands.add_parser("generate", help="generate samples into a file, for evaluate to judge", add_help=False)

    compare = subcommands.add_parser("compare", help="what changed from one run to another")
    compare.add_argument("before", type=Path, help="a folder of --humaneval-output, or a file of results")
    compare.add_argument("now", type=Path, help="the same, for the run to be judged")
    _add_files_and_gates(compare)
    compare.set_defaults(run=finished.compare)

    report = subcommands.add_parser("report", help="the summary of a finished run, and its page")
    report.add_argument("results", type=Path, metavar="DIR", help="a folder of --humaneval-output, or a results file")
    report.add_argument("--baseline", type=Path, metavar="PATH", help="compare with this earlier run")
    _add_files_and_gates(report)
    report.set_defaults(run=finished.report)

    _add_merge(subcommands)
    _add_plan(subcommands)

    history = subcommands.add_parser("history", help="how earlier runs did, and when that changed")
    history.add_argument("--strategy", metavar="NAME", help="show this strategy only")
    history.add_argument("--html", type=Path, metavar="FILE", help="write a page with a figure of each strategy")
    history.add_argument("--cache-dir", type=Path, metavar="DIR", help="the --humaneval-cache-dir of the runs")
    history.set_defaults(run=studies.history)

    export = subcommands.add_parser("export", help="write results in another format")
    _add_format(export, sorted(conversion.EXPORTS))
    export.add_argument("results", type=Path, help="a folder of --humaneval-output, or a results file")
    export.add_argument("out", type=Path, help="the file to write")
    export.add_argument("--strategy", metavar="NAME", help="which one, if the results have several")
    _add_dataset(export)
    export.set_defaults(run=conversion.export)

    take_in = subcommands.add_parser("import", help="read samples, or results, in another format")
    _add_format(take_in, sorted(interchange.READERS))
    take_in.add_argument("file", type=Path, help="samples, EvalPlus' folder of them, or an evaluator's results")
    take_in.add_argument(
        "out", type=Path, metavar="DIR", help="where to write samples.jsonl, and results.jsonl if there are verdicts"
    )
    take_in.add_argument("--strategy", metavar="NAME", help="the strategy of rows that name none")
    _add_dataset(take_in)
    take_in.set_defaults(run=conversion.take_in)

    add_service(subcommands)
    add_strengthen(subcommands)
    add_contamination(subcommands)
    return parser


def _add_evaluate(subcommands: Any) -> None:
    evaluate = subcommands.add_parser(
        "evaluate",
        help="judge a file of samples, with pytest or on a Ray cluster",
        epilog="With --ray, a file of millions of samples is judged on a Ray cluster: see evaluate --ray --help.",
    )
    evaluate.add_argument("samples", type=Path, help="samples, or a folder of --humaneval-output")
    evaluate.add_argument("options", nargs=argparse.REMAINDER, help="options for pytest, such as -n auto")
    evaluate.set_defaults(run=evaluation.evaluate)


def _add_merge(subcommands: Any) -> None:
    merge = subcommands.add_parser("merge", help="join the results of the parts of a run (--humaneval-shard)")
    merge.add_argument("parts", type=Path, nargs="+", metavar="DIR", help="the folder of --humaneval-output of a part")
    merge.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder to write, a new one")
    merge.add_argument(
        "--partial", action="store_true", help="join what is there, although parts or samples are missing"
    )
    merge.add_argument("--baseline", type=Path, metavar="PATH", help="compare with this earlier run")
    merge.add_argument("--plan", type=Path, metavar="FILE", help="a plan made before: say what deviates from it")
    merge.add_argument("--junitxml", type=Path, metavar="FILE", help="write pytest's XML report")
    merge.add_argument("--no-history", action="store_true", help="leave no line in the history of the cache folder")
    merge.add_argument("--cache-dir", type=Path, metavar="DIR", help="where --humaneval-cache-dir was elsewhere")
    _add_files_and_gates(merge)
    merge.set_defaults(run=merging.merge)


def _add_plan(subcommands: Any) -> None:
    plan = subcommands.add_parser("plan", help="how many problems and samples a study needs, and what they cost")
    inside, times = argument(drop), argument(count)
    plan.add_argument("--difference", type=inside, metavar="X", help="the true difference in pass@1 to detect")
    plan.add_argument("--width", type=inside, metavar="X", help="the width that an interval should have")
    plan.add_argument("--margin", type=inside, metavar="X", help="the drop to rule out, as with --max-drop")
    plan.add_argument(
        "--discordance", type=inside, default=0.2, metavar="X",
        help="the share of problems that differ between two runs with one sample (default: 0.2)",
    )  # fmt: skip
    plan.add_argument("--power", type=inside, default=0.8, metavar="X", help="the chance of showing it (default: 0.8)")
    plan.add_argument("--samples", type=times, default=1, metavar="K", help="samples of each problem (default: 1)")
    plan.add_argument(
        "--like",
        type=Path,
        metavar="DIR",
        help="estimate tokens and hours from this earlier run (default: the last one)",
    )
    _add_dataset(plan)
    plan.set_defaults(run=studies.plan)


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
    parser.add_argument(
        "--gate-on", type=argument(gate_on), default="figure", metavar="WHAT", dest="gate_on",
        help="what --min-pass-at-1 compares: figure (default), or bound, the lower end of its interval",
    )  # fmt: skip
    parser.add_argument(
        "--max-drop", type=argument(drop), metavar="X", dest="max_drop",
        help="a gate: the exit status says whether pass@1 is shown to have dropped by less than X",
    )  # fmt: skip
    parser.add_argument(
        "--pool",
        action="store_true",
        help="with several datasets: figures, comparisons and gates also over all together",
    )
    _add_dataset(parser)


def _add_format(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    parser.add_argument("--format", required=True, choices=names, dest="style")


def _add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", metavar="NAMES or FILES", help="the problems, if they are not HumanEval's")


if __name__ == "__main__":
    sys.exit(main())
