"""Puts the page together and writes it in one step."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pytest_humaneval.problem import Problem
from pytest_humaneval.report.page.facts import changes, compared, facts, reliability, tiles
from pytest_humaneval.report.page.figures import figures
from pytest_humaneval.report.page.page_data import page_data, shown
from pytest_humaneval.report.page.requirements import need_page_extra
from pytest_humaneval.report.page.summary import kinds_of, summaries
from pytest_humaneval.report.partial import partial_notes
from pytest_humaneval.report.stopping_lines import stopped_notes
from pytest_humaneval.results.parts import control_of
from pytest_humaneval.results.preregistration import recorded
from pytest_humaneval.results.prompts import PromptsByItem, read_prompts
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.stopping import recorded_stops
from pytest_humaneval.statistics.excess_drop import LIMIT, excess_drops
from pytest_humaneval.statistics.robustness import robustness_of
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import p_text, three_decimals

SCRIPTS = ("data.js", "grid.js", "diff.js", "cell.js", "main.js")


def write_page(
    path: Path,
    results: Results,
    problems: Sequence[Problem],
    baseline: Results | None = None,
    prompts: PromptsByItem | None = None,
) -> None:
    """Write the report page of ``results`` to ``path``: one file, nothing beside it, nothing to be loaded.

    ``problems`` give the grid its order and its names. ``prompts`` are the prompts; left out, they are read from the
    prompts.jsonl beside the results, where there is one.

    Raises:
        InputError: the packages of the extra ``report`` are missing, or prompts.jsonl is damaged.
        OSError: the file cannot be written.
    """
    need_page_extra("a report page")
    if prompts is None:
        prompts = read_prompts(results.source) if results.source else {}
    write_whole(path, [render(results, problems, baseline, prompts)])


def render(results: Results, problems: Sequence[Problem], baseline: Results | None, prompts: PromptsByItem) -> str:
    """The page as text."""
    import jinja2
    from markupsafe import Markup

    rows = summaries(results, baseline)
    kinds = kinds_of(results.outcomes)
    data = page_data(results, problems, rows, baseline, prompts)
    style, script = _static("page.css"), "".join(map(_static, SCRIPTS))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_humaneval.report.page", "static"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"three": three_decimals, "signed": _signed, "p": p_text, "shown": shown}
    values: Mapping[str, Any] = {
        "policy": _policy(style, script),
        "style": Markup(style),
        "script": Markup(script),
        "index": jinja2.utils.htmlsafe_json_dumps(data.index, separators=(",", ":")),
        "texts": data.texts,
        "rows": rows,
        "kinds": kinds,
        "drawings": {
            name: {kind: Markup(getattr(figure, kind)) for kind in ("wide", "narrow")}
            for name, figure in (figures(rows, kinds) if rows else {}).items()
        },
        "reliability": reliability(results, list(rows[0].row.pass_at_k) if rows else []),
        "facts": facts(results, problems),
        "tiles": tiles(results, rows),
        "notes": [*results.notes, *partial_notes(results), *stopped_notes(row.row for row in rows)],
        "changes": changes(results, baseline),
        "compared": compared(results),
        "robustness": robustness_of(results.outcomes),
        "gates": (results.run.get("gates") or {}).get("answer", ""),
        "excess": excess_drops(results.outcomes, control_of(results.run)),
        "excess_limit": LIMIT,
        "stops": recorded_stops(results.run.get("stopping")),
        "plan": recorded(results.run.get("plan")),
    }
    return environment.get_template("page.html.j2").render(values)


def _static(name: str) -> str:
    return files("pytest_humaneval.report.page").joinpath("static", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """What the browser may do: run this script and apply this style. No other one, no connection, no frame, no form.

    Trusted types make it refuse text that is turned into elements, should the script ever try.
    """
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
