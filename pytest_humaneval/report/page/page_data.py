"""The outcomes as the page's script reads them: an index of small numbers, and every text once, compressed."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.report.page.summary import Summary, former, kinds_of
from pytest_humaneval.report.rejected import rejection_text
from pytest_humaneval.results.cause import CAUSES
from pytest_humaneval.results.prompts import PromptsByItem
from pytest_humaneval.results.read import Results
from pytest_humaneval.text.printable import printable


@dataclass(frozen=True, slots=True)
class PageData:
    """``index`` goes into the page as JSON; ``texts`` as base64 of gzipped JSON, a list that the index points into."""

    index: dict[str, Any]
    texts: str


def page_data(
    results: Results,
    problems: Sequence[Problem],
    summaries: Sequence[Summary],
    baseline: Results | None,
    prompts: PromptsByItem,
) -> PageData:
    """Everything the grid and its cells show; strategies in the order of ``summaries``, problems as given."""
    strategies = list(dict.fromkeys(row.strategy for row in summaries))
    known = {problem.task_id: problem for problem in problems}
    tasks = list(dict.fromkeys(problem.task_id for problem in problems))
    tasks += sorted({outcome.task_id for outcome in results.outcomes} - known.keys())
    before = former(results, baseline) if baseline is not None else {}
    kinds = kinds_of([*results.outcomes, *before.values()])
    causes = ["", *(cause for cause in CAUSES if any(outcome.cause == cause for outcome in results.outcomes))]
    place = {name: at for at, name in enumerate(strategies)}, {task: at for at, task in enumerate(tasks)}
    texts = _Texts()
    # By strategy: neighbours in the list that are alike compress well.
    ordered = sorted(results.outcomes, key=lambda outcome: (place[0][outcome.strategy], place[1][outcome.task_id]))
    cells = [
        {
            "strategy": place[0][outcome.strategy],
            "problem": place[1][outcome.task_id],
            **_cell(outcome, before.get(outcome.item), kinds, texts),
            "cause": causes.index(outcome.cause) if outcome.cause in causes else 0,
            "prompt": texts.add(_prompt_text(prompts.get((outcome.task_id, outcome.strategy)))),
        }
        for outcome in ordered
    ]
    index = {
        "strategies": [printable(name) for name in strategies],
        "problems": [
            {
                "id": printable(task),
                "name": printable(known[task].entry_point) if task in known else "",
                "text": texts.add(_with_gap(known[task]) if task in known else ""),
            }
            for task in tasks
        ],
        "kinds": [printable(kind) for kind in kinds],
        "causes": causes,
        "baseline": baseline is not None,
        # Columns instead of rows: the names of the fields are written once.
        "cells": {name: [cell[name] for cell in cells] for name in cells[0]} if cells else {},
    }
    return PageData(index, texts.packed())


def _cell(outcome: Outcome, before: Outcome | None, kinds: Sequence[str], texts: _Texts) -> dict[str, Any]:
    return {
        "sample": outcome.sample_index,
        "kind": kinds.index(outcome.kind),
        "before": -1 if before is None else kinds.index(before.kind),
        "generation": texts.add(outcome.generation),
        "reasoning": texts.add(outcome.reasoning),
        "completion": texts.add(outcome.completion),
        "detail": texts.add(_detail(outcome)),
        "steps": texts.add(", ".join(outcome.steps)),
        "finish": texts.add(outcome.finish_reason),
        "asked": outcome.prompt_tokens,
        "tokens": outcome.completion_tokens,
        "latency": round(outcome.generation_seconds, 2),
        "seconds": round(outcome.seconds, 3),
    }


def _detail(outcome: Outcome) -> str:
    if outcome.passed_strong or not outcome.passed:
        return outcome.detail
    return f"The plain test passes; the stronger one rejects it: {rejection_text(outcome)}\n\n{outcome.strong_detail}"


def _with_gap(problem: Problem) -> str:
    return f"{problem.prompt}[the gap]{problem.suffix}" if problem.has_gap else problem.prompt


def _prompt_text(prompt: Prompt | None) -> str:
    """What was asked, as people read it: the text, or each message under its role."""
    if prompt is None:
        return ""
    if prompt.mode == "completion":
        return prompt.text
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in prompt.messages)


def shown(text: str) -> str:
    """``text`` with what a browser would hide or obey made visible: control characters, and those that reorder."""
    return printable(text)


class _Texts:
    """Each text once; 0 is the empty one."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        return self._places.setdefault(shown(text), len(self._places))

    def packed(self) -> str:
        whole: Iterable[str] = self._places
        return base64.b64encode(gzip.compress(json.dumps(list(whole)).encode(), mtime=0)).decode()
