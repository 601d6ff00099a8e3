"""What the report page weighs and how fast it opens, at 31 strategies x 164 problems.

    python -m benchmarks.page --runs 7

The outcomes are those of the measured main job, repeated under the names of the bundled strategies, with their words
and verdicts varied (seeded), so that neither the deduplication nor the compression finds more to save than in a run.
Chromium opens the file; seconds run from the start of the navigation to the load event, by when the whole grid stands,
and from there to the moment when the first cell that is opened shows its texts.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine_measure import RESULTS, write_result
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.prompting.registry import register
from pytest_humaneval.report.page import write_page
from pytest_humaneval.results.read import Results, read_results
from strategies import bundled

WRONG = ("assertion", "assertion", "assertion", "exception", "timed out", "syntax error", "empty")


def main() -> None:
    """Measure size and times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="write the page here, and keep it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = given.keep or Path(folder, "page.html")
        results, prompts = varied()
        start = time.process_time()
        write_page(page, results, read_problems(), None, prompts)
        written = time.process_time() - start
        times = [opened(page) for _ in range(given.runs)]
        size = page.stat().st_size
    load, cell = zip(*times, strict=True)
    write_result(
        "page",
        {
            "strategies": len(results.strategies),
            "problems": len({outcome.task_id for outcome in results.outcomes}),
            "bytes": size,
            "cpu_seconds_to_write": round(written, 2),
            "seconds_to_load": {"median": round(median(load), 3), "all": load},
            "seconds_to_first_cell_after_load": {"median": round(median(cell), 3), "all": cell},
        },
    )


def varied() -> tuple[Results, dict[tuple[str, str], Prompt]]:
    """The main job's results under many names, and the prompts of the bundled strategies."""
    measured = read_results(RESULTS / "main_job" / "results.jsonl")
    problems = {problem.task_id: problem for problem in read_problems()}
    outcomes, prompts = [], {}
    for place, (name, strategy) in enumerate(register(bundled()).items()):
        draw = random.Random(place)
        skill = draw.uniform(0.35, 1.0)
        for outcome in measured.outcomes:
            outcomes.append(_varied(outcome, name, draw, skill))
            problem = problems[outcome.task_id]
            prompts[outcome.task_id, name] = strategy.build_prompt(problem.visible())
    run = {key: value for key, value in measured.run.items() if key not in ("strategies", "human_eval_agrees")}
    return Results(tuple(outcomes), run, "the main job, varied"), prompts


def _varied(outcome: Outcome, strategy: str, draw: random.Random, skill: float) -> Outcome:
    names = {name: f"{name}{draw.choice(['', '_', 's', '_list', '_value'])}" for name in _names(outcome.generation)}
    text = re.sub(r"\b[a-z_]{3,}\b", lambda word: names.get(word.group(), word.group()), outcome.generation)
    talk = " ".join(draw.choices(sorted(names) or ["well"], k=draw.randrange(60)))
    passed = (outcome.passed and draw.random() < skill) or (not outcome.passed and draw.random() < 0.25 * skill)
    kind = "passed" if passed else outcome.kind if not outcome.passed else draw.choice(WRONG)
    detail = "" if passed else outcome.detail or "assert candidate(2) == 3\narguments: 2\nexpected: 3\ngot: 2"
    return replace(
        outcome,
        strategy=strategy,
        kind=kind,
        detail=detail,
        generation=f"{text}\n# {talk}",
        completion="" if kind == "empty" else text,
        completion_tokens=int(outcome.completion_tokens * draw.uniform(0.7, 1.6)) + len(talk) // 5,
        generation_seconds=outcome.generation_seconds * draw.uniform(0.6, 1.3),
    )


def _names(text: str) -> Iterator[str]:
    yield from sorted(
        set(re.findall(r"\b[a-z_]{3,}\b", text)) - {"def", "for", "return", "while", "not", "and", "else"}
    )


def browser() -> Callable[..., AbstractContextManager[Any]]:
    """The headless Chromium of tests/browser, which is no package."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
    from chromium import chromium

    return chromium


def opened(page: Path) -> tuple[float, float]:
    """Seconds until the page's load event, and from the press of Enter until the first cell shows its completion."""
    with browser()() as driver:
        driver.get(page.as_uri())
        load: float = driver.execute_script(
            "const n = performance.getEntriesByType('navigation')[0]; return (n.loadEventEnd - n.startTime) / 1000"
        )
        first: Any = driver.execute_async_script(
            "const done = arguments[0], start = performance.now();"
            "document.querySelector('#grid td').click();"
            "const look = () => document.querySelector('#cell-completion').textContent"
            " ? done((performance.now() - start) / 1000) : requestAnimationFrame(look);"
            "look();"
        )
    return round(load, 3), round(float(first), 3)


if __name__ == "__main__":
    main()
