"""How a run reads that ended its strategies early."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.results.rows import Row
from pytest_humaneval.results.stopping import Stop, Stops
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import p_text, signed_interval


def stops_lines(stops: Stops | None, width: int) -> list[str]:
    """Each strategy against the others' measure, by figures that hold whenever a run stops; nothing for other runs."""
    if stops is None:
        return []
    shown = stops.strategies
    columns = [
        Column("decision", [_decision(stop) for stop in shown], words=True),
        Column("problems", [f"{stop.problems} of {stop.available}" for stop in shown]),
        Column("difference", [f"{stop.difference:+.3f}" for stop in shown]),
        Column(
            "95 % interval",
            [signed_interval(stop.interval) for stop in shown],
            glued=True,
        ),
        Column("better", [str(stop.better) for stop in shown]),
        Column("worse", [str(stop.worse) for stop in shown]),
        Column("p", [p_text(stop.p_holm, "<.001") for stop in shown]),
    ]
    several = f", Holm-corrected over {len(shown)} strategies" if len(shown) > 1 else ""
    intro = (
        f"against {stops.against}, problems in the random order of seed {stops.seed}; p{several} and intervals are "
        f"valid whenever a strategy ends (bets, Waudby-Smith and Ramdas 2024); decided where p is at most {ALPHA:g}"
    )
    lines = [
        *wrapped(intro, width, "stopping  "),
        "",
        *text_table(Column("strategy", [stop.strategy for stop in shown]), columns, width),
    ]
    if stops.released:
        lines += wrapped(f"{stops.released} ended when nothing was left to compare with it", width)
    return lines


def stopped_notes(rows: Iterable[Row]) -> list[str]:
    """What a reader must know of the rows of the table that ended early, a sentence each without a full stop."""
    return [
        f"note: {row.strategy} ended early ({row.stopped}): its figures are those of "
        f"{counted(row.judged, 'sample', 'samples')} that happened to be judged and have no interval"
        for row in rows
        if row.stopped
    ]


def _decision(stop: Stop) -> str:
    return stop.decision if stop.stopped or stop.decision == "undecided" else f"{stop.decision} (ran to the end)"
