"""The programs that samples hold, each once: those that differ in names, layout and comments only are one."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval.dataset.foreign import SAMPLES_FILE
from pytest_humaneval.engine.replay import read_samples
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import NOT_PYTHON, parse


@dataclass(frozen=True, slots=True)
class Program:
    """One completion, and who wrote it: the strategies of its samples."""

    completion: str
    strategies: tuple[str, ...]


def sample_files(path: Path) -> list[Path]:
    """The files of samples in a folder and the folders in it, or the file itself.

    Raises:
        DatasetError: there is none.
    """
    files = sorted(path.rglob(SAMPLES_FILE)) if path.is_dir() else [path]
    if not files:
        raise DatasetError(f"--samples: {path} holds no {SAMPLES_FILE}; give a folder of --humaneval-output, or a file")
    return files


def read_programs(
    paths: Iterable[Path], leave_out: Iterable[str] = (), known: Container[str] = ()
) -> dict[str, list[tuple[str, str]]]:
    """Strategy and completion of every sample, by task_id, as the ``known`` ones are called.

    Raises:
        DatasetError: a file that cannot be read.
    """
    programs: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in paths:
        for file in sample_files(path):
            for (task_id, strategy, _), completion in sorted(read_samples(file, known).items()):
                if strategy not in leave_out:
                    programs[task_id].append((strategy, completion))
    return programs


def independent(problem: Problem, samples: Iterable[tuple[str, str]]) -> list[Program]:
    """The programs that are different, in the order in which they come; what does not parse is none."""
    writers: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for strategy, completion in samples:
        try:
            form = _form(problem.prompt + completion)
        except NOT_PYTHON:
            continue
        first.setdefault(form, completion)
        writers.setdefault(form, []).append(strategy)
    return [Program(first[form], tuple(sorted(set(names)))) for form, names in writers.items()]


def _form(source: str) -> str:
    """The program without what does not matter: docstrings, imports, annotations, and the names of its variables."""
    tree = parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module, ast.ClassDef)):
            node.body = [each for each in node.body if not _is_idle(each)] or [ast.Pass()]
        if isinstance(node, ast.arg):
            node.annotation = None
    names = {name: f"name{number}" for number, name in enumerate(dict.fromkeys(_variables(tree)))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
        elif isinstance(node, ast.arg):
            node.arg = names[node.arg]
    return ast.dump(tree)


def _is_idle(node: ast.stmt) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, (ast.Import, ast.ImportFrom))


def _variables(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
