"""How a plan reads beside what ran."""

from __future__ import annotations

from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results.preregistration import Checked
from pytest_humaneval.text.wording import short_digest


def registration_lines(checked: Checked | None, width: int) -> list[str]:
    """The hypothesis, what deviates from the plan, and what is exploratory; nothing where there was no plan."""
    if checked is None:
        return []
    lines = wrapped(f"{checked.file} (sha256 {short_digest(checked.sha256)})", width, "plan      ")
    if checked.hypothesis:
        lines += wrapped(checked.hypothesis, width, "hypothesis ")
    if not checked.deviations:
        lines += wrapped("everything ran as planned", width)
    for deviation in checked.deviations:
        lines += wrapped(f"not as planned: {deviation}", width)
    for added in checked.exploratory:
        lines += wrapped(f"exploratory, since it was not planned: {added}", width)
    return lines
