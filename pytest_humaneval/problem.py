"""One HumanEval problem."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of HumanEval, its fields spelt as in the dataset.

    ``test`` and ``canonical_solution`` are hidden from everything that writes code: strategies and
    post-processors receive :meth:`visible`, in which both are empty. ``shown`` are the assertions of the test that the
    prompt has in it: those are no secret.
    """

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str
    shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Short, and without what is hidden: other plugins (Allure) show an item's parameters."""
        return f"Problem({self.task_id!r})"

    def visible(self) -> Problem:
        """The problem as a model may see it: without its test and its canonical solution."""
        return replace(self, canonical_solution="", test="")
