"""Imports point one way, and the rules are by folder: glue -> verbs -> nouns."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest_humaneval

PACKAGE = Path(pytest_humaneval.__file__).parent
REPOSITORY = PACKAGE.parent
PREFIX = "pytest_humaneval."
# What a file at the package's top, or a folder, may import of the package, besides itself and what that may import.
NOUNS = (
    *("exceptions", "problem", "prompt", "sample", "verdict", "strategy", "finish_reasons", "registration"),
    *("marshalling", "text"),
)
PYTEST = ("pytest", "_pytest", "xdist", "pytest_timeout")
LIST = 3  # files; a docstring that names fewer gives examples
HEAVY = ("torch", "vllm", "transformers", "safetensors")


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imported_by(path: Path) -> set[str]:
    """Full names imported anywhere in a file, also inside functions; relative ones resolved."""
    found: set[str] = set()
    folder = list(path.relative_to(REPOSITORY).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


def folders_of(names: Iterable[str]) -> set[str]:
    """The first level below the package that each of our names belongs to."""
    return {name.removeprefix(PREFIX).split(".")[0] for name in names if name.startswith(PREFIX)}


def offenders(paths: Iterable[Path], wrong: Callable[[set[str]], Iterable[str]]) -> list[str]:
    """A line for each import that breaks a rule."""
    return [f"{module_of(path)} imports {name}" for path in paths for name in sorted(wrong(imported_by(path)))]


def ours_in(*folders: str) -> Callable[[set[str]], Iterable[str]]:
    return lambda names: (name for name in names if name.startswith(tuple(f"{PREFIX}{folder}" for folder in folders)))


def libraries(*wanted: str) -> Callable[[set[str]], Iterable[str]]:
    return lambda names: {name.split(".")[0] for name in names} & set(wanted)


def test_the_map_of_the_package_names_every_folder() -> None:
    named = re.findall(r"^ {4,8}(\w+)/ ", pytest_humaneval.__doc__ or "", re.MULTILINE)
    parents = {path.parent for path in sources(PACKAGE) if path.name == "__init__.py"} - {PACKAGE}
    there = {folder.name for folder in parents if folder.parent == PACKAGE or folder.parent.name == "sandbox"}
    assert sorted(named) == sorted(there)


def test_a_folder_that_lists_its_files_lists_all_of_them() -> None:
    wrong = {}
    for top in (PACKAGE, REPOSITORY / "strategies", REPOSITORY / "soft_prompt"):
        for init in top.rglob("__init__.py"):
            docstring = ast.get_docstring(ast.parse(init.read_text())) or ""
            named = set(re.findall(r"(?<![\w/.])(\w+)\.py\b", docstring))
            there = {path.stem for path in init.parent.glob("*.py")} - {"__init__", "__main__"}
            if len(named & there) >= LIST and named != there:
                wrong[init.parent.name] = sorted(named ^ there)
    assert wrong == {}


def test_a_wheel_has_every_folder() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent.relative_to(REPOSITORY) for path in sources(PACKAGE) if path.name == "__init__.py"}
    there = {".".join(folder.parts) for folder in folders}
    assert set(settings["packages"]) == there | settings["package-dir"].keys()


def test_no_two_files_have_one_name() -> None:
    folders = (PACKAGE, REPOSITORY / "strategies", REPOSITORY / "soft_prompt")
    names = Counter(path.name for folder in folders for path in sources(folder))
    assert {name for name, count in names.items() if count > 1} <= {"__init__.py", "__main__.py"}


def test_nouns_import_nouns_only() -> None:
    paths = [path for path in sources(PACKAGE) if path.relative_to(PACKAGE).with_suffix("").parts[0] in NOUNS]
    wrong = lambda names: folders_of(names) - set(NOUNS)  # noqa: E731
    assert offenders(paths, wrong) == []


def test_hardly_anything_imports_the_plugin() -> None:
    outside = [path for path in sources(PACKAGE) if PACKAGE / "plugin" not in path.parents]
    glue = {
        PACKAGE / name
        for name in ("commands/merging.py", "cluster/evaluate.py", "generating/generate.py", "test_humaneval.py")
    }
    assert offenders([path for path in outside if path not in glue], ours_in("plugin")) == []


def test_only_the_plugin_imports_pytest() -> None:
    outside = [path for path in sources(PACKAGE) if PACKAGE / "plugin" not in path.parents]
    assert offenders(outside, libraries(*PYTEST)) == []


def test_the_confined_side_imports_the_wire_and_the_standard_library_only() -> None:
    sandbox = f"{PREFIX}sandbox"
    wire = (f"{sandbox}.wire",)
    confined = (*wire, f"{sandbox}.confined")

    def beyond(allowed: tuple[str, ...]) -> Callable[[set[str]], Iterable[str]]:
        return lambda names: (n for n in names if n.startswith("pytest_humaneval") and not n.startswith(allowed))

    assert offenders(sources(PACKAGE / "sandbox" / "wire"), beyond(wire)) == []
    assert offenders(sources(PACKAGE / "sandbox" / "confined"), beyond(confined)) == []


def test_statistics_are_pure() -> None:
    allowed = {"statistics", *NOUNS, "outcome"}
    assert offenders(sources(PACKAGE / "statistics"), lambda names: folders_of(names) - allowed) == []


def test_deep_learning_libraries_live_in_the_engines_and_models_only() -> None:
    outside = [path for path in sources(PACKAGE) if path.relative_to(PACKAGE).parts[0] not in ("engine", "models")]
    assert offenders(outside, libraries(*HEAVY)) == []


def test_bundled_strategies_import_what_users_import() -> None:
    public = {"pytest_humaneval", *(f"{PREFIX}{name}" for name in pytest_humaneval.__all__)}
    private = lambda names: (n for n in names if n.startswith("pytest_humaneval") and n not in public)  # noqa: E731
    assert offenders(sources(REPOSITORY / "strategies"), private) == []


def test_training_knows_nothing_of_pytest() -> None:
    training = sorted((REPOSITORY / "soft_prompt").glob("*.py"))
    assert offenders(training, ours_in("plugin")) == []
    assert offenders(training, libraries(*PYTEST)) == []


def test_folders_do_not_import_each_other_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in sources(PACKAGE):
        home = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        edges.setdefault(home, set()).update(folders_of(imported_by(path)) - {home})
    assert circle_in(edges) == {}


def test_files_do_not_import_each_other_in_a_circle() -> None:
    """Also not inside of functions; a package's ``__init__`` may name what lies in it."""
    paths = [path for path in (*sources(PACKAGE), *sources(REPOSITORY / "soft_prompt")) if path.stem != "__init__"]
    modules = {module_of(path) for path in paths}
    assert circle_in({module_of(path): imported_by(path) & modules - {module_of(path)} for path in paths}) == {}


def circle_in(edges: dict[str, set[str]]) -> dict[str, list[str]]:
    """What is left when everything that needs nothing of what is left is taken away, again and again."""
    edges = dict(edges)
    while free := [name for name, needs in edges.items() if not needs & edges.keys()]:
        for name in free:
            del edges[name]
    return {name: sorted(needs & edges.keys()) for name, needs in edges.items()}
