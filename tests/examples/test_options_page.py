"""docs/options.md is what the code gives."""

from __future__ import annotations

from options_page import PAGE, page


def test_the_page_is_what_the_code_gives() -> None:
    assert PAGE.read_text() == page(), "write it anew: python tests/examples/options_page.py"
