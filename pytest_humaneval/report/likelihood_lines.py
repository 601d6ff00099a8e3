"""How the likelihood of the canonical solutions reads."""

from __future__ import annotations

from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results.scored_solutions import Likelihood
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import p_text


def likelihood_lines(likelihood: Likelihood | None, width: int) -> list[str]:
    """Bits per byte with its interval, and what changed since the baseline; nothing where it was not asked for."""
    if likelihood is None:
        return []
    lines: list[str] = []
    if likelihood.bits_per_byte is not None:
        low, high = likelihood.interval or (likelihood.bits_per_byte,) * 2
        solutions = counted(len(likelihood.solutions), "canonical solution", "canonical solutions")
        figure = f"{likelihood.bits_per_byte:.4f} bits per byte [{low:.4f}, {high:.4f}] of {solutions}"
        lines += wrapped(f"{figure} after their prompts; less is likelier", width, "likelihood ")
    if (change := likelihood.change) is not None:
        between = f" [{change.interval[0]:+.6f}, {change.interval[1]:+.6f}]" if change.interval else ""
        figure = (
            f"{change.before:.4f} before: {change.difference:+.6f}{between} over "
            f"{counted(change.problems, 'problem', 'problems')}, {change.better} likelier and {change.worse} less so, "
            f"p {p_text(change.p)} of the exact sign-flip test"
        )
        lines += wrapped(figure, width)
    if likelihood.errors:
        first = next(iter(likelihood.errors.values()))
        figure = counted(len(likelihood.errors), "canonical solution has", "canonical solutions have")
        lines += wrapped(f"warning: {figure} no likelihood: {first}", width)
    return lines
