"""Calls that are known before the test makes them: they go to the child together.

Most tests are tables: one assertion an input, and hundreds of inputs where the test is a stronger one. Sent one by one,
most of their time goes on the way. The child learns nothing from having inputs early: what is expected stays here, and
each answer is judged when the test comes to it. Answers come one by one, so that it is known which call a program does
not survive.
"""

from __future__ import annotations

import ast
import builtins
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from ..wire.codec import CodecError
from ..wire.encoder import Encoder
from .channel import Channel
from .test_tree import TestTree, tree_of

TOGETHER = 64  # calls in one message
LARGEST = 64 << 10  # bytes of a message, after which no more calls are added


@dataclass(frozen=True, slots=True)
class Batch:
    """A message, and how many calls it asks for."""

    message: bytes
    count: int


class Ahead:
    """Hands out the replies to foreseen calls in their order.

    The child ends a message with its first call where that is an error, or lends something: the calls behind are then
    not foreseen any more, as what a generator yields may depend on when it is asked.
    """

    def __init__(self, batches: Iterable[Batch], channel: Channel) -> None:
        self._batches = iter(batches)
        self._channel = channel
        self._asked = 0  # calls of the last message
        self._due = 0  # replies to it that are to come
        self._kept: deque[bytes] = deque()  # that have come before the test wanted them

    def ask(self, *, early: bool = False) -> bool:
        """Ask for the next calls; whether there are any. ``early``: something else is still to be answered."""
        batch = next(self._batches, None)
        if batch is not None:
            self._asked = self._due = batch.count
            self._channel.say(batch.message, batch.count, early=early)
        return batch is not None

    def reply(self) -> bytes | None:
        """What comes of the next call; None where none is foreseen any more.

        Raises:
            Stop: the program did not survive it.
        """
        if self._kept:
            return self._kept.popleft()
        if not self._due and not self.ask():
            return None
        self._due -= 1
        return self._channel.reply()

    def is_first(self) -> bool:
        """Whether the last reply was that to the first call of a message."""
        return self._due == self._asked - 1

    def settle(self) -> None:
        """Wait for what is under way, so that something else can be asked."""
        while self._due:
            self._due -= 1
            self._kept.append(self._channel.reply())


@lru_cache(maxsize=1024)
def batches_of(test: str, entry_point: str) -> tuple[Batch, ...]:
    """All calls of a test that makes the same whatever comes of them; nothing for any other test."""
    with suppress(*_UNREADABLE, CodecError):
        return tuple(_batches(_calls(tree_of(test), entry_point)))
    return ()


def _calls(test: TestTree, entry_point: str) -> list[tuple[Any, ...]]:
    """The arguments of each call.

    Raises:
        ValueError: one of them is not known before it is made.
    """
    module = test.module
    check = module.body[-1] if module.body else None
    if not isinstance(check, ast.FunctionDef) or check.name != "check" or check.decorator_list:
        raise ValueError("no check")
    function = check.args.args[0].arg
    if any(isinstance(node, ast.Name) and node.id == function for part in module.body[:-1]
           for node in ast.walk(part)):  # fmt: skip
        raise ValueError("other calls")
    if _names_of_others(test, entry_point):
        raise ValueError("what is not the test's own may call")
    calls: list[tuple[Any, ...] | ast.Tuple] = []
    tables: dict[str, Any] = {}
    for statement in check.body:
        match statement:
            case ast.Assign([ast.Name(name)], value) if name != function and name not in tables:
                tables[name] = _value(value)
            case _ if _calls_nothing(statement):
                pass
            case ast.For():
                calls += _calls_of_loop(statement, tables, function)
            case _:
                calls.append(_tuple(_arguments(statement, function)))
    values = iter(_value(_tuple([each for each in calls if isinstance(each, ast.Tuple)])))
    return [next(values) if isinstance(each, ast.Tuple) else each for each in calls]


def _calls_of_loop(loop: ast.For, tables: Mapping[str, Any], function: str) -> list[tuple[Any, ...]]:
    """Of a loop over tables of inputs and results, as EvalPlus writes it: the one call that each turn makes.

    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
    """
    target, rows = loop.target, loop.iter
    match target, rows:
        case ast.Tuple([ast.Name(), target]), ast.Call(ast.Name("enumerate"), [rows], []):
            pass
    match target, rows:
        case ast.Tuple([ast.Name(name), ast.Name(other)]), ast.Call(
            ast.Name("zip"), [ast.Name(inputs), ast.Name(results)], []
        ) if name != other:
            length = min(len(tables[inputs]), len(tables[results]))
        case ast.Name(name), ast.Name(inputs):
            length = len(tables[inputs])
        case _:
            raise ValueError("no loop over tables")
    (statement,) = loop.body
    arguments = _arguments(statement, function)
    # The input goes to the call and nowhere else: what else had it could change it before.
    names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
    if names.count(name) + names.count(inputs) != 1 or loop.orelse:
        raise ValueError("more than the call")
    taken = tables[inputs][:length]  # which neither a dictionary nor a set has
    match arguments:
        case [ast.Starred(ast.Name(given))] if given == name:
            return [tuple(each) for each in taken]
        case [ast.Name(given)] if given == name:
            return [(each,) for each in taken]
    raise ValueError("arguments beside the input")


def _tuple(expressions: Sequence[ast.expr]) -> ast.Tuple:
    return ast.Tuple([*expressions], ast.Load(), lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)


def _value(expression: ast.expr) -> Any:
    """Of literals, and of what arithmetic makes of them.

    Raises:
        ValueError: there is something else in it.
        ArithmeticError, TypeError: it has no value.
    """
    code = compile(ast.Expression(expression), "<test>", "eval", dont_inherit=True)
    if code.co_names or any(isinstance(constant, CodeType) for constant in code.co_consts):
        raise ValueError("no constant")  # without a name or a function there is nothing else that it could depend on
    return eval(code, {"__builtins__": {}})


def _arguments(statement: ast.stmt, function: str) -> list[ast.expr]:
    """Those of the one call of an assertion, or of a helper's that asserts, which is made whenever it is reached."""
    match statement:
        case ast.Assert(expression, message):
            if message is not None and not isinstance(message, ast.Constant):
                raise ValueError("a message that may call")
        case ast.Expr(ast.Call(ast.Name()) as expression):
            pass
        case _:
            raise ValueError("no assertion")
    nodes = list(ast.walk(expression))
    if any(isinstance(node, _CONDITIONAL) or (isinstance(node, ast.Compare) and len(node.ops) > 1) for node in nodes):
        raise ValueError("a condition")
    named = [node for node in nodes if isinstance(node, ast.Name) and node.id == function]
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.func in named]
    if len(named) != 1 or len(calls) != 1 or calls[0].keywords:
        raise ValueError("not one call")
    return calls[0].args


def _names_of_others(test: TestTree, entry_point: str) -> set[str]:
    """Names that are neither the test's own nor Python's; the functions of a prompt may call the program's.

    The entry point's is among them whatever else has it: it may be the program's where it is used.
    """
    used: set[str] = set()
    bound: set[str] = set()
    for node in test.nodes:
        match node:
            case ast.Name(name, ast.Load()):
                used.add(name)
            case ast.Name(name) | ast.arg(name) | ast.FunctionDef(name) | ast.ClassDef(name):
                bound.add(name)
            case ast.alias(name, other):
                bound.add(other or name.partition(".")[0])
    return used - ((bound | _PYTHONS) - {entry_point})


def _calls_nothing(statement: ast.stmt) -> bool:
    """Such as ``assert True``, which many tests of HumanEval have."""
    return isinstance(statement, ast.Assert) and not any(
        isinstance(node, (ast.Call, ast.Name)) for node in ast.walk(statement)
    )


_CONDITIONAL = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.comprehension, ast.NamedExpr, ast.Await, ast.Yield)
_UNREADABLE = (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError)
_PYTHONS = {*dir(builtins)} - {"eval", "exec", "globals", "locals", "vars", "__import__"}  # these call without a name


def _batches(calls: Sequence[tuple[Any, ...]]) -> Iterator[Batch]:
    """As few as may be."""
    if 0 < len(calls) <= TOGETHER and len((batch := _batch(calls)).message) <= LARGEST:
        yield batch  # most tests
        return
    together: list[tuple[Any, ...]] = []
    size = 0
    for call in calls:
        together.append(call)
        size += len(Encoder.of(call, True))
        if len(together) == TOGETHER or size > LARGEST:
            yield _batch(together)
            together, size = [], 0
    if together:
        yield _batch(together)


def _batch(calls: Sequence[tuple[Any, ...]]) -> Batch:
    return Batch(Encoder.of(([(call, {}) for call in calls],), True), len(calls))
