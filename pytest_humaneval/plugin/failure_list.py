"""Many failures on the terminal: a line for each, instead of the pages that pytest prints of a failure.

A report keeps its full text, which the XML, the page and other plugins show. pytest's own sections are printed from
``terminalreporter.stats``, so that is where the reports are held back while pytest prints them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results.headline import columns, cut
from pytest_humaneval.results.ledger import Ledger

FEW = 5  # failures that are shown in full, about thirty lines each
WHERE_ELSE = "Each in full: -v or --tb=short here, and what --junitxml, --humaneval-html and --humaneval-output write."


@dataclass(frozen=True, slots=True)
class AskedToShow:
    """What the user said about pytest's own sections, in whichever place: command line, ini file, environment."""

    traceback_style: bool = False  # --tb
    summary_lines: bool = False  # -r


ASKED = pytest.StashKey[AskedToShow]()


def note_options(config: pytest.Config, parser: pytest.Parser, arguments: list[str]) -> None:
    """Find out which options were given, whatever their values: a default stands where the namespace has none."""
    given = parser.parse_known_args(arguments, argparse.Namespace(tbstyle=None, reportchars=None))
    config.stash[ASKED] = AskedToShow(given.tbstyle is not None, given.reportchars is not None)


@dataclass
class FailureList:
    """The reports of one run that are not to be shown in full."""

    ledger: Ledger
    reporter: pytest.TerminalReporter
    _held: dict[str, list[pytest.TestReport]] = field(default_factory=dict)  # by category, as pytest calls them

    def wanted(self) -> bool:
        """Whether the user left it to us how failures are shown."""
        option, requested = self.reporter.config.option, self._requested
        return not (option.verbose > 0 or requested.traceback_style or option.maxfail == 1 or self.reporter.no_summary)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Keep pytest from printing them: all failures, and all errors but the first, where there are many."""
        stats = self.reporter.stats
        before: dict[str, list[Any]] = {name: stats[name] for name in ("failed", "error") if name in stats}
        self._held = self._many(before)
        try:
            self._take_out(before)
            yield
        finally:
            stats.update(before)

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """For others than pytest to see: every report is where it belongs; for pytest's short summary too with -r."""
        stats = self.reporter.stats
        during = {category: stats[category] for category in self._held}
        for category, held in self._held.items():
            stats[category] = [*stats[category], *held]
        yield
        if not self._requested.summary_lines:
            stats.update(during)

    def write(self, width: int) -> None:
        """A line for each, problems in the dataset's order."""
        for category, title in (("error", "MORE ERRORS"), ("failed", "FAILURES")):
            if reports := self._held.get(category):
                outcomes = self.ledger.in_order(self.ledger.outcome_of(report.nodeid) for report in reports)
                self.reporter.section(f"{len(outcomes)} {title}", sep="=")
                self._write_lines(outcomes, width)
        if self._held:
            for line in wrapped(WHERE_ELSE, width):
                self.reporter.write_line(line)

    def _write_lines(self, outcomes: Iterable[Outcome], width: int) -> None:
        for outcome in outcomes:
            sample = f" sample {outcome.sample_index}" if outcome.sample_index else ""
            item, kind = f"{outcome.task_id} {outcome.strategy}{sample} ", f"{outcome.kind}:"
            room = width - columns(item) - columns(kind) - 1
            line = self.ledger.headline(outcome).within(max(1, room))
            self.reporter.ensure_newline()
            self.reporter.write(item)
            self.reporter.write(kind, red=True)
            self.reporter.line(cut(f" {line}", room + 1))

    def _many(self, reports: dict[str, list[pytest.TestReport]]) -> dict[str, list[pytest.TestReport]]:
        ours = {name: [report for report in some if hasattr(report, "humaneval")] for name, some in reports.items()}
        many = {name: some for name, some in ours.items() if len(some) > FEW}
        if "error" in many:
            many["error"] = many["error"][1:]
        return many

    def _take_out(self, reports: dict[str, list[pytest.TestReport]]) -> None:
        for category, held in self._held.items():
            identities = set(map(id, held))
            self.reporter.stats[category] = [report for report in reports[category] if id(report) not in identities]

    @property
    def _requested(self) -> AskedToShow:
        return self.reporter.config.stash.get(ASKED, AskedToShow())


FAILURES = pytest.StashKey[FailureList]()  # while pytest prints its sections without them
