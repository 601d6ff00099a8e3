"""What the page is made with, and how to have it."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_humaneval.exceptions import InputError

NEEDED = ("jinja2",)
INSTALL = "pip install 'pytest-humaneval[report]'"


def need_page_extra(option: str) -> None:
    """Make sure that a page can be written, before anything is generated for it. Imports nothing heavy.

    Raises:
        InputError: a package is missing; says how to install it.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise InputError(f"{option} needs {' and '.join(missing)}: {INSTALL}")
