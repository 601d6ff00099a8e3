"""``python -m pytest_humaneval evaluate --ray``: a file of any size, judged on a Ray cluster."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_humaneval.cluster import chunking
from pytest_humaneval.cluster.chunking import Sample, Survey
from pytest_humaneval.cluster.folder import Folder
from pytest_humaneval.cluster.judging import Judged, JudgingProgress, judge_all
from pytest_humaneval.cluster.nodes import Nodes
from pytest_humaneval.cluster.ray_cluster import need_ray, package_version
from pytest_humaneval.cluster.totals import Figures, FiguresApart
from pytest_humaneval.cluster.workbench import Setup
from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.dataset.requested import dataset_named
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.exceptions import InfrastructureError
from pytest_humaneval.interruption import sigterm_as_interruption
from pytest_humaneval.marshalling.top_level import TopLevel
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plugin.outside import extensions_here
from pytest_humaneval.report.analysis import Analysis, comparisons_between
from pytest_humaneval.report.console import show, terminal_width
from pytest_humaneval.report.header_lines import check_lines, dataset_line, identity_line
from pytest_humaneval.report.remarks import remark_lines
from pytest_humaneval.report.terminal import analysis_lines, results_lines
from pytest_humaneval.report.texttable import duration, wrapped
from pytest_humaneval.results.record import result_row
from pytest_humaneval.results.run_json import run_record
from pytest_humaneval.sandbox import SANDBOXES, SandboxOptions, self_check
from pytest_humaneval.sandbox.interface import SANDBOX_SORT
from pytest_humaneval.statistics.metrics import default_ks
from pytest_humaneval.store.shared_address import SharedAddress
from pytest_humaneval.store.shared_server import check_shared
from pytest_humaneval.text.printable import counted

PASSED, NOT_PASSED, INTERRUPTED, BROKEN = range(4)  # exit statuses, as pytest's
TOLD_EVERY = 10.0  # seconds


@dataclass(frozen=True)
class _Run:
    """One call of the command: what is judged, how, and what came of it."""

    samples: Path
    survey: Survey
    dataset: Dataset
    sandbox: SandboxOptions
    timeout: float
    figures: FiguresApart
    progress: JudgingProgress
    source: TopLevel | None = None  # of a sandbox of the user's own
    read_store: bool = True
    shared: SharedAddress | None = None

    @property
    def setup(self) -> Setup:
        """What every node needs."""
        return Setup(self.dataset.problems, self.sandbox, self.timeout, self.source, self.read_store, self.shared)

    @property
    def parts(self) -> Mapping[str, Dataset]:
        """Each of several datasets by its name; a single one under no name."""
        return {part.name: part for part in self.dataset.parts} or {"": self.dataset}

    @cached_property
    def dataset_of(self) -> Mapping[str, str]:
        """The dataset of each problem, where there are several."""
        return {problem.task_id: part.name for part in self.dataset.parts for problem in part.problems}

    @property
    def identity(self) -> Identity:
        return Identity("replay", self.samples.name, self.survey.sha256, by_item=True)

    @property
    def ks(self) -> tuple[int, ...]:
        return default_ks(self.survey.num_samples)

    def settings(self) -> dict[str, Any]:
        """Everything that a verdict depends on."""
        return {
            "samples_sha256": self.survey.sha256,
            "dataset_sha256": self.dataset.sha256,
            "timeout": self.timeout,
            **{f"sandbox_{name}": value for name, value in asdict(self.sandbox).items()},
            **({"sandbox_source": self.source.sha256} if self.source else {}),
            "pytest-humaneval": package_version(),
            "python": platform.python_version(),
        }


def evaluate(
    samples: Path,
    address: str,
    output: Path,
    dataset: str | None,
    timeout: float,
    sandbox: str,
    sandbox_image: str,
    memory: int,
    no_cache: bool = False,
    shared: SharedAddress | None = None,
) -> int:
    """Judge what is not judged yet, then print the summary; returns the exit status.

    Raises:
        InputError: something that cannot be read, written or reached.
    """
    need_ray()
    figures = FiguresApart()
    try:
        with sigterm_as_interruption():
            problems = dataset_named(dataset, default_cache_directory())
            survey = chunking.survey(samples, (problem.task_id for problem in problems.problems))
            options = SandboxOptions(sandbox, memory, sandbox_image)
            source = _source_of(sandbox)
            check_shared(shared)
            run = _Run(
                samples, survey, problems, options, timeout, figures, JudgingProgress(), source, not no_cache, shared
            )  # fmt: skip
            return _evaluate(run, address, output)
    except KeyboardInterrupt:
        reason, status = "interrupted", INTERRUPTED
    except InfrastructureError as error:
        reason, status = f"error: {error}", BROKEN
    judged = counted(figures.outcomes, "sample has", "samples have")
    print(f"{reason}\n{judged} been judged; the same command continues after them", file=sys.stderr)
    return status


def _source_of(sandbox: str) -> TopLevel | None:
    """Where nodes find a sandbox that is not bundled: a conftest.py here, or a plugin, has registered it.

    Raises:
        InputError: there is none of this name, or nodes could not import it.
    """
    if sandbox in SANDBOXES:
        return None
    kind = SANDBOX_SORT.find(sandbox, extensions_here().sandboxes, "--sandbox")
    return TopLevel.of(kind.open, f"--sandbox: {sandbox!r}")


def _evaluate(run: _Run, address: str, output: Path) -> int:
    with run.setup.open_sandbox() as opened:
        self_check(opened, run.dataset.problems)
        # `auto` is settled here, once: a node opens this sandbox too, or says that it cannot.
        run = replace(run, sandbox=replace(run.sandbox, name=opened.name))
        run.progress.layers.add(opened.layers)
    with Folder(output, run.settings()) as folder:
        samples = chunking.read(run.samples, {problem.task_id for problem in run.dataset.problems})
        for outcome in folder.resume(samples):
            run.figures.add(replace(outcome, dataset=run.dataset_of.get(outcome.task_id, "")))
        cluster = _judge(run, address, folder, samples) if run.figures.outcomes < run.survey.samples else {}
        status = BROKEN if run.figures.errors else PASSED if run.figures.passed == run.survey.samples else NOT_PASSED
        analysis = _analysis(run)
        folder.finish(_record(run, folder.started, cluster, status, analysis))
    show([*_summary(run, cluster, analysis, terminal_width()), "", f"results and run.json are in {output}"])
    return status


def _judge(run: _Run, address: str, folder: Folder, samples: Iterator[Sample]) -> dict[str, Any]:
    """Judge the rest of the samples; returns what is told of the cluster."""
    if run.figures.outcomes:
        print(f"continuing after {counted(run.figures.outcomes, 'sample', 'samples')} judged already", file=sys.stderr)
    # Within the cluster once more, as Ray takes the signal for itself.
    with Nodes(address, run.setup) as nodes, sigterm_as_interruption():
        if not nodes.cpus:
            print("the cluster has no CPU; waiting for a node that has one", file=sys.stderr)
        clock = _Clock(run.survey.samples, run.figures.outcomes)
        for chunk in judge_all(chunking.chunks(samples), nodes, run.progress):
            outcomes = [_outcome(sample, judged, run.dataset_of.get(sample.task_id, "")) for sample, judged in chunk]
            run.progress.from_store += sum(judged.from_store for _, judged in chunk)
            folder.append(map(result_row, outcomes))
            for outcome in outcomes:
                run.figures.add(outcome)
            clock.tell(run.figures.outcomes)
        return {
            "nodes": nodes.count,
            "cpus": nodes.cpus,
            "worker_crashes": run.progress.crashes,
            "pieces_of_lost_nodes": run.progress.lost_nodes,
            "judged": clock.judged(run.figures.outcomes),
            "seconds": clock.seconds,
        }


def _analysis(run: _Run) -> Analysis:
    """The comparisons of strategies, on each dataset apart."""
    parts = {
        name: Analysis(*comparisons_between(part.passes())) for name, part in run.figures.parts([*run.parts]).items()
    }
    return parts.get("") or Analysis(parts=parts)


def _outcome(sample: Sample, judged: Judged, dataset: str) -> Outcome:
    return Outcome(
        *sample.item, judged.kind, judged.detail, judged.seconds, completion=sample.completion,
        strong_kind=judged.strong_kind, strong_detail=judged.strong_detail, cause=judged.cause, dataset=dataset,
    )  # fmt: skip


class _Clock:
    """Says now and then how far it is."""

    def __init__(self, total: int, before: int) -> None:
        self._total, self._before = total, before
        self._started = self._line_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since this call began to judge."""
        return time.monotonic() - self._started

    def judged(self, num_judged: int) -> int:
        """How many of ``num_judged`` this call has judged."""
        return num_judged - self._before

    def tell(self, num_judged: int) -> None:
        """Print a line where the last one is some time ago."""
        if time.monotonic() - self._line_at < TOLD_EVERY:
            return
        self._line_at = time.monotonic()
        rate = self.judged(num_judged) / self.seconds
        left = duration((self._total - num_judged) / rate)
        print(f"{num_judged:,} of {self._total:,} judged, {rate:,.1f} a second, about {left} left", file=sys.stderr)


def _record(run: _Run, started: str, cluster: dict[str, Any], status: int, analysis: Analysis) -> dict[str, Any]:
    """run.json, with the names of a run under pytest where it knows the same."""
    options = {
        "identity": asdict(run.identity),
        "dataset": {
            "name": run.dataset.name,
            "sha256": run.dataset.sha256,
            "problems": run.survey.problems,
            "available": len(run.dataset.problems),
        },
        **_several_datasets(run),
        "num_samples": run.survey.num_samples,
        "k": run.ks,
        "postprocess": "none",
        "sandbox": asdict(run.sandbox),
        "layers": [list(layers) for layers in sorted(run.progress.layers)],
        "timeout": run.timeout,
        "arguments": sys.argv[1:],
    }
    figures = run.figures
    items = {"expected": run.survey.samples, "finished": figures.outcomes, "errors": figures.errors}
    items |= {"verdicts_from_store": run.progress.from_store}
    rows = [
        ({"dataset": name} if name else {}) | asdict(row)
        for name, part in figures.parts([*run.parts]).items()
        for row in part.rows(run.ks)
    ]
    return run_record(started, status, options, items, rows, analysis.to_json(), ray=cluster)


def _several_datasets(run: _Run) -> dict[str, Any]:
    """Each dataset, where there are several."""
    if not run.dataset.parts:
        return {}
    recorded = [
        {
            "name": name,
            "sha256": part.sha256,
            "problems": len(figures.tasks),
            "available": len(part.problems),
            "source": part.source,
        }
        for name, part, figures in _with_figures(run)
    ]
    return {"datasets": recorded, "pool": False}


def _with_figures(run: _Run) -> Iterator[tuple[str, Dataset, Figures]]:
    for name, figures in run.figures.parts([*run.parts]).items():
        yield name, run.parts[name], figures


def _summary(run: _Run, cluster: dict[str, Any], analysis: Analysis, width: int) -> list[str]:
    header = [
        *wrapped(identity_line(run.identity), width, "model     "),
        *_dataset_lines(run, width),
        *check_lines(run.timeout, run.sandbox.memory_mb, sorted(run.progress.layers), width, run.progress.from_store),
        *wrapped(_cluster_line(cluster), width, "ray       "),
    ]
    lines = header
    for name, _, figures in _with_figures(run):
        rows = figures.rows(run.ks)
        remarks = remark_lines(rows, width)
        if figures.errors:
            warning = "warning: errors of sandbox or cluster, outside every denominator: "
            remarks += wrapped(warning + counted(figures.errors, "sample", "samples"), width)
        head = ["", *wrapped(f"{name}: {counted(len(figures.tasks), 'problem', 'problems')}", width)] if name else []
        lines = [*lines, *results_lines(head, rows, run.ks, remarks, width, generated=False)]
        lines += analysis_lines(analysis.parts.get(name, analysis), width, kept=True)
    return lines


def _dataset_lines(run: _Run, width: int) -> list[str]:
    """A line for each dataset."""
    datasets = [dataset_line(len(figures.tasks), part.name, part.sha256) for _, part, figures in _with_figures(run)]
    return [line for text in datasets for line in wrapped(text, width, "problems  ")]


def _cluster_line(cluster: dict[str, Any]) -> str:
    if not cluster:
        return "not needed: everything was judged before"
    parts = [
        f"{counted(cluster['nodes'], 'node', 'nodes')}, {counted(cluster['cpus'], 'CPU', 'CPUs')}",
        f"{cluster['judged']:,} judged in {cluster['seconds']:.1f} s",
    ]
    if again := cluster["pieces_of_lost_nodes"] + cluster["worker_crashes"]:
        parts.append(f"{counted(again, 'task', 'tasks')} lost their node or process and had to be done again")
    return "; ".join(parts)
