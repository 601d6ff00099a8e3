"""The history as a page: one file without a script, a figure and a table for each strategy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from pytest_humaneval.report.trend import Trend, finding, interval_text
from pytest_humaneval.text.printable import printable
from pytest_humaneval.text.whole_file import write_whole

WIDTH, HEIGHT, LEFT, EDGE = 720, 200, 44, 14  # of a figure, in CSS pixels
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color-scheme:light dark}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:2px 10px;text-align:right}"
    "td,th{vertical-align:top;white-space:nowrap}:is(td,th):nth-child(-n+4){text-align:left}"
    "td:nth-child(4){white-space:normal;min-width:14em}svg{width:100%;height:auto}div{overflow-x:auto}"
    ".i{stroke:currentColor;opacity:.5}.l{stroke:#2a78d6;fill:none;stroke-width:2}.p{fill:#2a78d6}.c{fill:#c8322b}"
    "text{font-size:11px;fill:currentColor}.g{stroke:currentColor;opacity:.15}"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
HEAD = ("started", "commit", "model", "sampling", "pass@1", "95 % interval", "problems", "samples", "errors")


def write_trend_page(path: Path, shown: Sequence[Trend]) -> None:
    """Write it in one step.

    Raises:
        OSError: the file cannot be written.
    """
    parts = "".join(part for trend in shown for part in _section(trend))
    write_whole(
        path,
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>HumanEval history</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{STYLE}</style></head><body><main><h1>HumanEval history</h1>{parts}</main></body></html>\n"
        ],
    )


def _section(trend: Trend) -> Iterator[str]:
    yield f"<h2>{_text(trend.strategy)}</h2><p>{_text(trend.dataset)}: {_text(finding(trend))}.</p>"
    yield f"<div>{_figure(trend)}</div>"
    yield f"<div><table><thead><tr>{''.join(f'<th scope=col>{_text(head)}</th>' for head in HEAD)}</tr></thead><tbody>"
    for run in trend.runs:
        figure = "n/a" if run.pass_at_1 is None else f"{run.pass_at_1:.3f}"
        cells = (
            run.started, run.git_commit or "", run.model, run.sampling, figure, interval_text(run),
            run.problems, run.samples, run.errors,
        )  # fmt: skip
        yield f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div>"


def _figure(trend: Trend) -> str:
    """pass@1 of each run with its interval, from 0 to 1; a run that differs from its predecessor is another colour."""
    step = (WIDTH - LEFT - EDGE) / max(1, len(trend.runs) - 1)
    drawn = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        drawn.append(f'<line class="g" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(f'<text x="4" y="{y + 4:.1f}">{share:.2f}</text>')
    points = []
    for place, run in enumerate(trend.runs):
        if run.pass_at_1 is None or run.low is None or run.high is None:
            continue
        x = LEFT + EDGE / 2 + place * step
        points.append(f"{x:.1f},{_y(run.pass_at_1):.1f}")
        changed = place and (change := trend.changes[place - 1]) is not None and change.significant
        drawn.append(f'<line class="i" x1="{x:.1f}" x2="{x:.1f}" y1="{_y(run.low):.1f}" y2="{_y(run.high):.1f}"/>')
        drawn.append(
            f'<circle class="{"c" if changed else "p"}" cx="{x:.1f}" cy="{_y(run.pass_at_1):.1f}" r="4">'
            f"<title>{_text(f'{run.started}: {run.pass_at_1:.3f} {interval_text(run)}')}</title></circle>"
        )
    line = f'<polyline class="l" points="{" ".join(points)}"/>'
    label = _text(f"pass@1 of {trend.strategy} over {len(trend.runs)} runs, with 95 % intervals")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{line}{"".join(drawn)}</svg>'


def _y(share: float) -> float:
    return EDGE + (1 - share) * (HEIGHT - 2 * EDGE)


def _text(value: object) -> str:
    return escape(printable(str(value)))
