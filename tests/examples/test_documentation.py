"""The pages can be found, their links lead somewhere, and README.md stays short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from documentation import DOCS, PAGES, README, ROOT, first_cells, section
from markdown_it import MarkdownIt
from markdown_it.token import Token

import pytest_humaneval
from pytest_humaneval import testing
from pytest_humaneval.plugin import hookspecs

EVERY_PAGE = pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)


def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures."""
    for token in tokens(page):
        for child in token.children or ():
            if target := child.attrGet("href") or child.attrGet("src"):
                yield str(target)


def anchors(page: Path) -> set[str]:
    """What a heading can be reached by, as mkdocs and GitHub spell it."""
    found = tokens(page)
    headings = [found[place + 1].content for place, token in enumerate(found) if token.type == "heading_open"]
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-") for heading in headings}


def names_in(nav: object) -> Iterator[str]:
    """The files in the nav of mkdocs."""
    if isinstance(nav, str):
        yield nav
    for inner in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from names_in(inner)


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= 10_240


def test_the_readme_can_be_read_on_a_package_index() -> None:
    assert [link for link in links(README) if not link.startswith("https://")] == []


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if not link.startswith("https://"):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.is_file(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


@EVERY_PAGE
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"(?:docs|benchmarks|tests|docker|strategies|\.ci)/[\w./-]*\w", page.read_text())
    assert [name for name in named if not (ROOT / name).exists() and not name.endswith("/.env")] == []


@EVERY_PAGE
def test_no_page_names_a_path_of_a_machine_or_a_registry(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|opt)/|pypi\.org|download\.pytorch", page.read_text())


def test_every_page_is_in_the_index_and_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / ".ci" / "mkdocs.yml").read_text())["nav"]
    assert sorted(names_in(nav)) == [page.name for page in PAGES]
    assert sorted(set(links(DOCS / "index.md"))) == [page.name for page in PAGES if page.name != "index.md"]


def test_contributors_are_told_of_every_folder() -> None:
    where = section("CONTRIBUTING.md", "Where things live")
    inner = {init.parent.name for init in (ROOT / "pytest_humaneval").glob("*/__init__.py")}
    outer = {"strategies", "soft_prompt", "benchmarks", "docker", "docs", "tests"}
    assert sorted(name for name in inner | outer if f"`{name}/`" not in where) == []


def test_everything_public_is_in_the_page_about_it() -> None:
    text = (DOCS / "python-api.md").read_text()
    named = set(first_cells(text.partition("## Fixtures")[0]))
    hooks = {name for name in vars(hookspecs) if name.startswith("pytest_humaneval_")}
    assert named == {*pytest_humaneval.__all__, *hooks}


def test_everything_for_tests_is_in_the_page_about_it() -> None:
    assert set(first_cells((DOCS / "extending.md").read_text())) == set(testing.__all__)
