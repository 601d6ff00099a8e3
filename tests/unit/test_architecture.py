"""Imports point one way: glue -> verbs -> nouns."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pytest_humaneval

PACKAGE = Path(pytest_humaneval.__file__).parent
REPOSITORY = PACKAGE.parent
NOUNS = {"problem", "prompt", "sample", "verdict", "exceptions", "printable"}
GLUE = {
    "options", "hookspecs", "fixtures", "distributed", "plugin", "planning", "run", "items", "failure", "junit",
    "failure_list", "screen", "engine_settings",
    "ledger", "selection", "settings", "statusline", "timeouts", "test_humaneval", "report", "record", "publish",
    "markdown", "commands", "cluster.command", "__main__",
}  # fmt: skip
IMPORTS_PYTEST = GLUE - {
    "hookspecs", "markdown", "record", "report", "publish", "test_humaneval", "commands", "cluster.command",
    "__main__",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".")


def imported_by(path: Path) -> set[str]:
    """Names imported anywhere in a file, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def ours(path: Path) -> set[str]:
    prefix = "pytest_humaneval."
    return {name.removeprefix(prefix).split(".")[0] for name in imported_by(path) if name.startswith(prefix)}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_modules_import_only_downwards(path: Path) -> None:
    name = name_of(path)
    if name in NOUNS:
        assert ours(path) <= NOUNS
    elif name not in GLUE:
        assert not ours(path) & GLUE


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_glue_imports_pytest(path: Path) -> None:
    uses_pytest = any(
        name.split(".")[0] in ("pytest", "_pytest", "xdist", "pytest_timeout") for name in imported_by(path)
    )
    assert uses_pytest == (name_of(path) in IMPORTS_PYTEST)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_deep_learning_libraries_live_in_the_engines_and_models_only(path: Path) -> None:
    heavy = {name.split(".")[0] for name in imported_by(path)} & {"torch", "vllm", "transformers", "safetensors"}
    assert not heavy or name_of(path).startswith(("engine.", "soft_prompt.", "dequantise"))


@pytest.mark.parametrize("path", sorted((REPOSITORY / "soft_prompt").glob("*.py")), ids=lambda path: path.stem)
def test_training_knows_nothing_of_pytest(path: Path) -> None:
    assert not ours(path) & GLUE
    assert "pytest" not in imported_by(path)
