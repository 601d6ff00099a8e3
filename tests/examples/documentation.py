"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def snippet(name: str) -> str:
    """The code below ``<!-- example: NAME -->``, which stands in one page only."""
    pattern = rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?\n)```\n"
    found: list[str] = []
    for page in (README, *PAGES):
        found += re.findall(pattern, page.read_text(), re.DOTALL)
    assert len(found) == 1, f"{len(found)} examples are called {name}"
    return found[0]


def section(page: str, heading: str) -> str:
    """The text between a heading of the second level and the next one."""
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE
    )
    assert found, f"docs/{page} has no chapter {heading}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """What stands as code in the first cell of the rows of tables."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
