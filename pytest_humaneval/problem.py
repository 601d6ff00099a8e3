"""One HumanEval problem."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of HumanEval, its fields spelt as in the dataset.

    ``test``, ``canonical_solution`` and ``strong_test`` are hidden from everything that writes code: strategies and
    post-processors receive :meth:`visible`, in which they are empty. ``strong_test`` is a second test with a function
    ``check``, empty where the dataset has none: it is run on what has passed ``test``, and gives a figure of its own.
    ``shown`` are the assertions of the test that the prompt has in it: those are no secret. ``suffix`` is code that
    follows the completion, where there is a gap to fill: no secret either.
    """

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str
    shown: tuple[str, ...] = ()
    strong_test: str = ""
    suffix: str = ""

    def __repr__(self) -> str:
        """Short, and without what is hidden: other plugins (Allure) show an item's parameters."""
        return f"Problem({self.task_id!r})"

    @property
    def has_gap(self) -> bool:
        """Whether code follows the completion; blank lines are none."""
        return bool(self.suffix.strip())

    def program(self, completion: str) -> str:
        """The whole program with this completion, as it is judged."""
        return self.prompt + completion + self.suffix

    def visible(self) -> Problem:
        """The problem as a model may see it: without its tests and its canonical solution."""
        return replace(self, canonical_solution="", test="", strong_test="")
