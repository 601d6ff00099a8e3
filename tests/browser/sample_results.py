"""Results small enough to know by heart, and prompts for them, for tests of the page."""

from __future__ import annotations

from dataclasses import replace

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt, chat_prompt, completion_prompt
from pytest_humaneval.results.read import Results

PROBLEMS = [
    Problem("Mini/0", "def add(a, b):\n", "add", "", ""),
    Problem("Mini/1", "def shout(text):\n", "shout", "", ""),
    Problem("Mini/10", "def first(items):\n", "first", "", ""),
]

# By task, what two strategies made of it: "minimal" 1 of 3, "chat" 2 of 3.
KINDS = {
    "Mini/0": {"minimal": "assertion", "chat": "passed"},
    "Mini/1": {"minimal": "passed", "chat": "passed"},
    "Mini/10": {"minimal": "exception", "chat": "timed out"},
}
DETAIL = "assert candidate(1, 2) == 3\nexpected: 3\ngot: -1"
CODE = {"minimal": "    total = a - b\n    return total\n", "chat": "    total = a + b\n    return total\n"}


def outcome(task_id: str, strategy: str, kind: str, sample_index: int = 0, **texts: str) -> Outcome:
    """One outcome with texts that say whose they are, unless others are given."""
    one = Outcome(
        task_id, strategy, sample_index, kind, detail="" if kind == "passed" else DETAIL, seconds=0.004,
        generation=f"```python\n{CODE[strategy]}```", completion=CODE[strategy], prompt_tokens=7, completion_tokens=20,
        generation_seconds=1.5, finish_reason="stop",
    )  # fmt: skip
    return replace(one, **texts)  # type: ignore[arg-type]


def results(kinds: dict[str, dict[str, str]] = KINDS) -> Results:
    """The results as a run has them."""
    outcomes = [outcome(task, strategy, kind) for task, row in kinds.items() for strategy, kind in row.items()]
    run = {"identity": {"model": "tiny", "engine": "scripted", "digest": "sha256:0"}, "k": [1]}
    return Results(tuple(outcomes), run, "here/results.jsonl")


def asked() -> dict[tuple[str, str], Prompt]:
    """A prompt to continue for one strategy, a conversation for the other."""
    found = {}
    for problem in PROBLEMS:
        found[problem.task_id, "minimal"] = completion_prompt(problem.prompt)
        found[problem.task_id, "chat"] = chat_prompt(f"Please: {problem.prompt}", system="You write Python.")
    return found


def baseline() -> Results:
    """A former run: "minimal" had solved Mini/0 and Mini/10, and not Mini/1; "chat" is new."""
    former = {"Mini/0": "passed", "Mini/1": "assertion", "Mini/10": "passed"}
    return Results(tuple(outcome(task, "minimal", kind) for task, kind in former.items()), {}, "former/results.jsonl")
