"""Our figures in --junitxml: properties of the suite and of each item."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.finish_reasons import is_own
from pytest_humaneval.marshalling.plain import from_plain
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.header_lines import identity_line
from pytest_humaneval.results.headline import counterexample
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.parts import is_pooled, parts_of
from pytest_humaneval.results.rows import Row, rows_of
from pytest_humaneval.results.run_json import plan_options
from pytest_humaneval.results.sampling import NOT_KNOWN, is_replay
from pytest_humaneval.sample import Sampling
from pytest_humaneval.text.printable import one_line, printable
from pytest_humaneval.text.wording import sampling_text

COMPLETION_CHARACTERS = 20_000  # of a completion; the files of --humaneval-output hold it whole

# Lines by which readers attach files of the build machine, or set properties: a model must not be able to.
_COMMAND = re.compile(r"\[\[(?=/?(?:ATTACHMENT|PROPERTY)\b)", re.IGNORECASE)


def item_properties(outcome: Outcome) -> list[tuple[str, str | int | float]]:
    """What an item's <properties> say; written last, when the verdict is known."""
    ended = [] if is_own(outcome.finish_reason) else [("finish_reason", printable(outcome.finish_reason))]
    strong = [("strong_verdict", outcome.strong_kind)] if outcome.strong_kind else []
    if outcome.passed and not outcome.passed_strong:
        example = counterexample(outcome.strong_kind, outcome.strong_detail, "candidate")
        strong.append(("counterexample", one_line(example)))
    return [
        ("task_id", one_line(outcome.task_id)),
        *([("dataset", one_line(outcome.dataset))] if outcome.dataset else []),
        *(
            [("rewrite", one_line(outcome.rewrite)), ("original", one_line(outcome.original))]
            if outcome.rewrite
            else []
        ),
        ("strategy", one_line(outcome.strategy)),
        ("sample_index", outcome.sample_index),
        ("verdict", outcome.kind),
        *([("cause", outcome.cause)] if outcome.cause else []),
        ("tokens", outcome.completion_tokens),
        *ended,
        *strong,
    ]


def add_suite_properties(config: pytest.Config, ledger: Ledger) -> None:
    """Add pass@k and what it was measured with, on the controller: record_testsuite_property is lost under xdist."""
    if (xml := config.stash.get(xml_key, None)) is not None:
        for name, value in suite_properties(plan_options(ledger.plan), ledger.sorted()):
            xml.add_global_property(name, value)


def suite_properties(run: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    """The properties of the suite; ``run`` is what run.json says of what was asked for."""
    for name, value in _suite_properties(run, outcomes):
        yield one_line(name), one_line(str(value))


def _suite_properties(run: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Iterator[tuple[str, object]]:
    identity = from_plain(Identity, run["identity"], "run.json")
    yield "humaneval.model", identity_line(identity)
    yield "humaneval.model_digest", identity.digest
    yield "humaneval.dataset_sha256", run["dataset"]["sha256"]
    yield "humaneval.sampling", _sampling(run, run)
    for experiment in run["experiments"]:
        name = experiment["name"]
        yield f"{name}.strategy", experiment["strategy"]
        yield f"{name}.sampling", _sampling(run, experiment)
        yield f"{name}.postprocess", experiment["postprocess"]
    for dataset in run.get("datasets", ()):
        yield f"humaneval.dataset_sha256.{dataset['name']}", dataset["sha256"]
    for name, some in parts_of(outcomes, pool=is_pooled(run)).items():
        for row in rows_of(some, run["k"]):
            for key, figure in _figures(row):
                yield f"{name}.{row.strategy}.{key}".lstrip("."), figure


def _sampling(run: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """That of the run, or of one of its experiments, as it was asked for; of a file of samples it is not known."""
    if is_replay(run):
        return NOT_KNOWN
    return sampling_text(from_plain(Sampling, row["sampling"], "run.json"), row["num_samples"])


def _figures(row: Row) -> Iterator[tuple[str, object]]:
    """One row of the table, by the names of its properties."""
    for k, value in row.pass_at_k.items():
        yield f"pass@{k}", "n/a" if value is None else f"{value:.6f}"
    if row.interval is not None:
        yield "pass@1.interval95", f"{row.interval[0]:.6f} {row.interval[1]:.6f}"
    for k, value in row.strong_pass_at_k.items():
        yield f"strong@{k}", "n/a" if value is None else f"{value:.6f}"
    if (interval := row.strong_intervals.get(1)) is not None:
        yield "strong@1.interval95", f"{interval[0]:.6f} {interval[1]:.6f}"
    if row.stopped:
        yield "ended_early", row.stopped
    yield "passed", row.passed
    yield "judged", row.judged
    yield "errors", row.errors
    for reason, count in sorted(row.ends.items()):
        yield f"ended_by.{reason}", count


def add_completion(config: pytest.Config, report: pytest.TestReport, outcome: Outcome) -> None:
    """Add the completion as the item's <system-out>, on the controller, while its test case is still open.

    Not by way of a captured section: those are left out unless junit_logging says otherwise, and the completion would
    be printed again with the failure.
    """
    xml = config.stash.get(xml_key, None)
    if xml is None or (report.passed and not xml.log_passing_tests):
        return
    if (element := completion_element(outcome)) is not None:
        xml.node_reporter(report).append(element)


def completion_element(outcome: Outcome) -> ElementTree.Element | None:
    """The completion as ``<system-out>``; None where there is none."""
    if not outcome.completion:
        return None
    text = printable(outcome.completion, COMPLETION_CHARACTERS)
    element = ElementTree.Element("system-out")
    element.text = _COMMAND.sub("[ [", text)
    return element
