"""Whether a run of pytest evaluated as many items as it should have, whatever the verdicts: judged.py LOG STATUS ITEMS.

A model that fails a problem makes pytest's exit status 1, which is no fault. Errors, another status, another number of
items, or a log that does not end as such a run does are.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CLOSING_LINE = re.compile(r"^=+ (.*\d+ (?:passed|failed|error).*) in [\d.]+s", re.MULTILINE)


def fault(log: str, status: int, items: int) -> str:
    """What is wrong with this run; empty where nothing is."""
    if status not in (0, 1):
        return f"exit status {status}"
    closing = CLOSING_LINE.findall(log)
    if len(closing) != 1 or "pass@1" not in log:
        return "its summary is missing"
    if not re.search(r"^precision (float32|bfloat16): ", log, re.MULTILINE):
        return "its summary does not say what it computed in, and why"
    counts = {kind.rstrip("s"): int(number) for number, kind in re.findall(r"(\d+) (\w+)", closing[0])}
    if counts.get("error"):
        return f"errors: {closing[0]}"
    if (judged := counts.get("passed", 0) + counts.get("failed", 0)) != items:
        return f"{judged} items were judged, not {items}: {closing[0]}"
    return ""


if __name__ == "__main__":
    if found := fault(Path(sys.argv[1]).read_text(errors="replace"), int(sys.argv[2]), int(sys.argv[3])):
        sys.exit(f"the evaluation did not work: {found}")
