"""A verdict is kept under everything that can change it, and is given back only then."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.store import keeping_sandbox, verdicts
from pytest_humaneval.store.keeping_sandbox import KeepingSandbox
from pytest_humaneval.store.self_contained import is_self_contained
from pytest_humaneval.store.verdicts import Verdicts, circumstances_of, key_of
from pytest_humaneval.testing import ADD, ScriptedSandbox
from pytest_humaneval.verdict import Verdict

OPTIONS = SandboxOptions("lockdown")
PASSED = Verdict("passed", "", 0.25, strong=Verdict("assertion", "got: \ud800", 0.5))


class Confined(ScriptedSandbox):
    """Says what it was told to, and calls itself by a name whose verdicts are kept."""

    name = "lockdown"
    layers = ("lockdown",)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "verdicts.sqlite"


def judged(path: Path, sandbox: ScriptedSandbox, problem: Problem = ADD, *, read: bool = True) -> tuple[Verdict, bool]:
    """A verdict, and whether it was kept."""
    with KeepingSandbox(sandbox, OPTIONS, path, read=read) as keeping:
        verdict = keeping.check(problem, "    return a + b\n", timeout=3.0)
        assert keeping.notices == []
        return verdict, keeping.last_from_store


def test_what_was_judged_once_is_not_judged_again(path: Path) -> None:
    assert judged(path, Confined(lambda *_: PASSED)) == (PASSED, False)
    other = Confined(lambda *_: Verdict("empty"))
    assert judged(path, other) == (PASSED, True)
    assert other.checks == []


def test_anew_means_anew_and_is_kept_in_turn(path: Path) -> None:
    judged(path, Confined(lambda *_: PASSED))
    assert judged(path, Confined(lambda *_: Verdict("empty")), read=False) == (Verdict("empty"), False)
    assert judged(path, Confined()) == (Verdict("empty"), True)


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict("timed out"),
        Verdict("out of memory"),
        Verdict("refused"),
        Verdict("passed", strong=Verdict("timed out")),
    ],
)
def test_what_a_machine_decides_is_not_kept(path: Path, verdict: Verdict) -> None:
    for _ in range(2):
        assert judged(path, Confined(lambda *_: verdict)) == (verdict, False)


def test_other_sandboxes_keep_nothing(path: Path) -> None:
    for name in ("docker", "unsafe-process", "of a user"):
        sandbox = Confined(lambda *_: PASSED)
        sandbox.name = name
        for _ in range(2):
            assert judged(path, sandbox) == (PASSED, False)
        assert not path.exists()


CHANGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda given: given.update(problem=replace(ADD, test=ADD.test + "\n")),
    lambda given: given.update(problem=replace(ADD, prompt=ADD.prompt + "\n")),
    lambda given: given.update(problem=replace(ADD, strong_test=ADD.test)),
    lambda given: given.update(problem=replace(ADD, entry_point="plus")),
    lambda given: given.update(completion=""),
    lambda given: given.update(timeout=3.5),
    lambda given: given.update(options=SandboxOptions("lockdown", memory_mb=512)),
    lambda given: given.update(name="bubblewrap"),
    lambda given: given.update(layers=("oracle",)),
]


def key(
    problem: Problem = ADD,
    completion: str = "    pass\n",
    timeout: float = 3.0,
    options: SandboxOptions = OPTIONS,
    name: str = "lockdown",
    layers: tuple[str, ...] = ("oracle", "rlimits"),
) -> str:
    return key_of(problem, completion, timeout, circumstances_of(options, name, layers))


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_verdict_changes_its_key(change: Callable[[dict[str, Any]], Any]) -> None:
    given: dict[str, Any] = {}
    change(given)
    assert key(**given) != key() == key(timeout=3)


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("pytest_humaneval.store.verdicts.grader_digest", lambda: "another"),
        ("pytest_humaneval.store.verdicts.installed", lambda: "another"),
        ("sys.version", sys.version.replace("3.", "4.", 1)),
    ],
)
def test_another_grader_python_or_package_is_another_key(
    monkeypatch: pytest.MonkeyPatch, where: str, what: Any
) -> None:
    before = key()
    monkeypatch.setattr(where, what)
    assert key() != before


def test_the_grader_is_all_that_the_sandbox_imports() -> None:
    """What it imports of the package beside its own folder is in the digest, too, or says nothing of programs."""
    import ast

    folder = Path(verdicts.__file__).parents[1] / "sandbox"
    imported = {
        "/".join(str(node.module).split(".")[1:]) + ".py"
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_humaneval.")
        if not f"{node.module}.".startswith("pytest_humaneval.sandbox.")
    }
    says_nothing = {"exceptions.py", "registration.py", "text/wording.py"}
    assert imported - says_nothing == {*verdicts.SHARED}


def test_a_problem_by_another_name_is_the_same_problem() -> None:
    renamed = replace(ADD, task_id="Another/7", canonical_solution="")
    assert key(renamed) == key()


def test_a_damaged_row_is_judged_again_and_told(path: Path) -> None:
    judged(path, Confined(lambda *_: PASSED))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE verdicts SET verdict = CAST(replace(verdict, 'passed', 'passeb') AS BLOB)")
    with KeepingSandbox(Confined(lambda *_: Verdict("empty")), OPTIONS, path, read=True) as keeping:
        assert keeping.check(ADD, "    return a + b\n", timeout=3.0) == Verdict("empty")
    assert keeping.notices == [f"{path}: 1 or more stored verdicts are damaged and are judged again"]
    assert judged(path, Confined()) == (Verdict("empty"), True)


@pytest.mark.parametrize("fields", [{"kind": "timed out"}, {"kind": "excellent"}, {"kind": "passed", "x": 1}, [], 5])
def test_a_row_that_is_no_verdict_is_none(path: Path, fields: object) -> None:
    store, _ = Verdicts.open(path)
    assert store.decode(fields) is None
    store.close()


def test_a_store_that_cannot_be_had_costs_no_verdict(path: Path) -> None:
    path.write_bytes(b"something else" * 1000)
    with KeepingSandbox(Confined(lambda *_: PASSED), OPTIONS, path, read=True) as keeping:
        assert keeping.check(ADD, "", timeout=3.0) == PASSED
        assert "it was set aside as" in keeping.notices[0]


def test_verdicts_are_written_in_the_end_and_now_and_then(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping_sandbox, "WRITTEN_TOGETHER", 2)
    with KeepingSandbox(Confined(lambda *_: PASSED), OPTIONS, path, read=True) as keeping:
        for text in "abc":
            keeping.check(ADD, text, timeout=3.0)
        assert keeping.check(ADD, "c", timeout=3.0) == PASSED
        assert keeping.last_from_store
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM verdicts").fetchone() == (2,)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM verdicts").fetchone() == (3,)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"test": "import math\nfrom numpy import array\n" + ADD.test}, True),
        ({"test": "from beside import THREE\n" + ADD.test}, False),
        ({"test": "import pytest_humaneval\n" + ADD.test}, False),  # an editable package, in the tests
        ({"strong_test": "import beside\n" + ADD.test}, False),
        ({"test": "ROWS = open('rows.json').read()\n" + ADD.test}, False),
        ({"test": "import random\n" + ADD.test}, False),
        ({"prompt": "from datetime import date\n" + ADD.prompt}, False),
        ({"test": "THREE = __import__('beside').THREE\n" + ADD.test}, False),
        ({"test": "import builtins\nread = getattr(builtins, 'open')\n" + ADD.test}, False),
        ({"test": "from os import environ as given\n" + ADD.test}, False),
        ({"test": "import importlib.util\n" + ADD.test}, False),
        ({"test": "# for open and closed intervals: eval them\n" + ADD.test}, True),
        ({"prompt": 'def add(a, b):\n    """Each open brace counts; you may exec it."""\n'}, True),
    ],
)
def test_a_verdict_that_depends_on_more_than_texts_and_packages_is_not_kept(change: dict[str, Any], kept: bool) -> None:
    assert is_self_contained(replace(ADD, **change), "    return a + b\n") is kept


def test_what_depends_on_a_file_is_judged_every_time(path: Path) -> None:
    problem = replace(ADD, test="from beside import THREE\n" + ADD.test)
    assert judged(path, Confined(lambda *_: PASSED), problem) == (PASSED, False)
    assert judged(path, Confined(lambda *_: Verdict("empty")), problem) == (Verdict("empty"), False)
