"""What a run leaves: its outcomes as they come, and at the end the files, the summary and the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import Analysis, Looked, analyse, judge_gates, with_stops
from pytest_humaneval.report.comparisons import gate_lines
from pytest_humaneval.report.gates import INTERNAL_ERROR, OK, TESTS_FAILED, Gates, GateVerdict, answer
from pytest_humaneval.report.publish import Publisher
from pytest_humaneval.report.terminal import summary_lines
from pytest_humaneval.results.history import append, lines_of
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.parts import row_records
from pytest_humaneval.results.preregistration import Checked, Registration
from pytest_humaneval.results.preregistration_check import check_registration, judged_problems
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.record import Record
from pytest_humaneval.results.run_json import plan_options, run_record
from pytest_humaneval.results.scored_solutions import Likelihood
from pytest_humaneval.text.whole_file import Written

INTERRUPTED = 2  # pytest's exit status
WHILE_IT_RUNS = ("rate", "share", "seconds_left")  # what the status line is told and no record needs


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known of a run that is over; ``notes`` are the last lines of its summary."""

    exit_status: int
    progress: dict[str, Any]  # of the engine
    analysis: Analysis
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """Where the outcomes of one run go; ``record`` is there where a folder was asked for."""

    ledger: Ledger
    record: Record | None
    publisher: Publisher
    gates: Gates
    baseline: Results | None
    started: datetime
    registration: Registration | None = None  # what was planned before
    history: Path | None = None  # the folder with the history of all runs, where this one is to add to it
    layers: tuple[str, ...] = ()  # of the sandbox
    timeout: float = 0.0  # seconds of CPU time for a check, where an item has no other

    def add(self, outcome: Outcome) -> None:
        """Take in an outcome that the ledger has."""
        if self.record is not None:
            self.record.add(outcome)

    def finish(
        self,
        exit_status: int,
        elsewhere: int,
        progress: dict[str, Any],
        last_outcome_at: float,
        notes: Sequence[str],
        likelihood: Likelihood | None = None,
    ) -> Finished:
        """Draw the conclusions and write the files.

        A run with errors of engine or sandbox ends with INTERNAL_ERROR: its figures lack items, whatever passed. Else,
        with gates, it is their answer. ``elsewhere`` is the number of failures that are no item's verdict.
        """
        if self.ledger.errors and exit_status in (OK, TESTS_FAILED):
            exit_status = INTERNAL_ERROR
        analysis, exit_status = self._analyse(exit_status, elsewhere, progress)
        analysis = replace(analysis, likelihood=likelihood)
        written = self._write(exit_status, _lasting(progress, last_outcome_at), analysis)
        if not all(file.whole for file in written) and exit_status in (OK, TESTS_FAILED):
            exit_status = INTERNAL_ERROR  # also with failures: those are no news, a lost file is
        return Finished(exit_status, progress, analysis, (*notes, *(file.line for file in written)))

    def summary(self, finished: Finished, width: int) -> list[str]:
        """The lines of the terminal summary, for a terminal of ``width`` columns."""
        if not self.ledger.outcomes:
            notes = finished.notes if finished.exit_status == INTERRUPTED else ()
            return [*gate_lines(finished.analysis, width), *notes]
        kept = self.record is not None
        lines = summary_lines(self.ledger, finished.progress, self.layers, self.timeout, finished.analysis, width, kept)
        return [*lines, *(["", *finished.notes] if finished.notes else [])]

    def _write(self, exit_status: int, engine: dict[str, Any], analysis: Analysis) -> list[Written]:
        """Write every file that was asked for."""
        now = datetime.now(UTC).isoformat(timespec="seconds")  # once: run.json and page say the same second

        def run_of(outcomes: Sequence[Outcome], kept: int) -> dict[str, Any]:
            """What run.json says of these outcomes, so many of them a former run's."""
            plan = self.ledger.plan
            options = plan_options(plan)
            options["dataset"]["problems"] = max(
                options["dataset"]["problems"], len({outcome.task_id for outcome in outcomes})
            )
            if plan.shard is not None:
                options["shard"] |= {
                    "plan": plan.fingerprint(),
                    "tasks": [problem.task_id for problem in plan.problems],
                }
            options |= {"timeout": self.timeout, "layers": [list(self.layers)]}
            return run_record(
                self.started.isoformat(timespec="seconds"),
                exit_status,
                options,
                self.ledger.in_numbers() | {"kept": kept},
                row_records(outcomes, plan.ks, pool=plan.pool),
                (self._compare(outcomes, analysis, engine) if kept else analysis).to_json(),
                finished=now,
                engine_process=engine,
            )

        written = [self.record.finish(run_of)] if self.record is not None else []
        if self.ledger.outcomes:
            run = run_of(self.ledger.sorted(), 0)
            written += self.publisher.write(self.ledger, run, self.baseline, analysis)
            if self.history is not None and (trouble := append(self.history, lines_of(run, self.ledger.sorted()))):
                written.append(Written(trouble))  # nobody asked for it
        return written

    def _compare(self, outcomes: Sequence[Outcome], judged: Analysis, engine: dict[str, Any]) -> Analysis:
        """Strategies with each other and with the baseline; the gates' answers stay."""
        plan = self.ledger.plan
        looked = Looked(plan.ks, self.gates.max_drop, plan.pool, not plan.stop, plan.control)
        made = analyse(Results(tuple(outcomes), plan_options(plan)), self.baseline, looked)
        made = with_stops(made, self.ledger.stops)
        checked = self._check_registration(outcomes, engine)
        return replace(
            made, gates=judged.gates, answer=judged.answer, registration=checked, likelihood=judged.likelihood
        )

    def _check_registration(self, outcomes: Sequence[Outcome], engine: dict[str, Any]) -> Checked | None:
        if self.registration is None:
            return None
        plan = self.ledger.plan
        run = plan_options(plan) | {"engine_process": engine, "likelihood": plan.likelihood}
        return check_registration(self.registration, run, judged_problems(outcomes), self.gates.asked())

    def _analyse(self, exit_status: int, elsewhere: int, engine: dict[str, Any]) -> tuple[Analysis, int]:
        outcomes = self.ledger.sorted()
        analysis = self._compare(outcomes, Analysis(), engine)
        verdicts: list[GateVerdict] = []
        conclusion = ""
        if self.gates:
            errors, missing = len(self.ledger.errors), self.ledger.missing
            if not errors and not missing:
                verdicts = judge_gates(self.gates, outcomes, analysis, pool=self.ledger.plan.pool)
            exit_status, conclusion = answer(exit_status, verdicts, errors, missing, elsewhere)
        return replace(analysis, gates=verdicts, answer=conclusion), exit_status


def _lasting(progress: dict[str, Any], last_outcome_at: float) -> dict[str, Any]:
    """What the engine did, with the seconds from when it could generate to the last outcome; None if it had not to."""
    ready = progress.get("ready_at")
    lasting = {name: value for name, value in progress.items() if name not in WHILE_IT_RUNS}
    return lasting | {"ready_to_last_outcome_seconds": last_outcome_at - ready if ready else None}
