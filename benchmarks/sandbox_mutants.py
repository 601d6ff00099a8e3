"""Programs that are nearly right: canonical solutions with one thing changed.

A grader is told apart by such programs, not by right ones. Three families, all drawn from a seed: one change in the
syntax tree; the right result in another type; another way to end.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_humaneval import Problem
from pytest_humaneval.strengthen.mutants import changed_tree


@dataclass(frozen=True, slots=True)
class Mutant:
    """One completion to be judged, and what was done to it."""

    problem: Problem
    change: str
    completion: str


def mutants(problem: Problem, count: int, seed: int = 0) -> Iterator[Mutant]:
    """``count`` different mutants of the canonical solution, always the same ones for a seed."""
    chance = random.Random(f"{seed} {problem.task_id}")
    seen: set[str] = set()
    for _ in range(20 * count):
        change, completion = chance.choice((changed_tree, changed_tree, _other_type, _other_end))(problem, chance)
        if completion not in seen:
            seen.add(completion)
            yield Mutant(problem, change, completion)
        if len(seen) == count:
            return


# --- the right result in another type: right, wrong or an error, as the test's comparison has it

_TYPES = {
    "list": "list(r) if hasattr(r, '__iter__') else [r]",
    "tuple": "tuple(r) if hasattr(r, '__iter__') else (r,)",
    "deeply tuple": "deep(r)",
    "iterator": "iter(r) if hasattr(r, '__iter__') else iter([r])",
    "generator": "(item for item in r) if hasattr(r, '__iter__') else r",
    "map": "map(lambda item: item, r) if hasattr(r, '__iter__') else r",
    "set": "set(r) if isinstance(r, (list, tuple, str)) else r",
    "frozenset": "frozenset(r) if isinstance(r, (list, tuple, str)) else r",
    "deque": "collections.deque(r) if isinstance(r, (list, tuple)) else r",
    "text": "str(r)",
    "bytes": "r.encode() if isinstance(r, str) else r",
    "bytearray": "bytearray(r.encode()) if isinstance(r, str) else r",
    "subclass of str": "type('S', (str,), {})(r) if isinstance(r, str) else r",
    "subclass of list": "type('L', (list,), {})(r) if isinstance(r, list) else r",
    "subclass of tuple": "type('T', (tuple,), {})(r) if isinstance(r, tuple) else r",
    "subclass of dict": "type('D', (dict,), {})(r) if isinstance(r, dict) else r",
    "subclass of int": "type('I', (int,), {})(r) if isinstance(r, int) else r",
    "subclass of float": "type('F', (float,), {})(r) if isinstance(r, float) else r",
    "named tuple": "collections.namedtuple('N', names(r))(*r) if isinstance(r, (list, tuple)) else r",
    "counter": "collections.Counter(r) if isinstance(r, dict) else r",
    "ordered dict": "collections.OrderedDict(r) if isinstance(r, dict) else r",
    "default dict": "collections.defaultdict(int, r) if isinstance(r, dict) else r",
    "user list": "collections.UserList(r) if isinstance(r, list) else r",
    "user text": "collections.UserString(r) if isinstance(r, str) else r",
    "user dict": "collections.UserDict(r) if isinstance(r, dict) else r",
    "dict view": "dict.fromkeys(r).keys() if isinstance(r, (list, tuple)) and not isinstance(r[:1], list) else r",
    "int": "int(r) if isinstance(r, (bool, float)) else r",
    "float": "float(r) if isinstance(r, int) else r",
    "bool": "bool(r)",
    "complex": "complex(r) if isinstance(r, (int, float)) else r",
    "fraction": "fractions.Fraction(r) if isinstance(r, (int, float)) else r",
    "decimal": "decimal.Decimal(r) if isinstance(r, int) else r",
    "decimal of float": "decimal.Decimal(repr(r)) if isinstance(r, float) else r",
    "enum": "enum.IntEnum('E', {'X': r}).X if type(r) is int else r",
    "almost": "r + 1e-9 if isinstance(r, float) else r",
    "negative zero": "-0.0 if r == 0 and isinstance(r, (int, float)) else r",
    "nothing for false": "r or None",
    "in a list": "[r]",
    "reversed": "r[::-1] if isinstance(r, (str, list, tuple)) else r",
    "range": "range(len(r)) if r == list(range(len(r))) else r",
    "function": "lambda: r",
    "type": "type(r)",
    "ellipsis": "...",
    "not implemented": "NotImplemented",
    "nan": "float('nan')",
    "true": "True",
}


def _other_type(problem: Problem, chance: random.Random) -> tuple[str, str]:
    name = chance.choice(sorted(_TYPES))
    return f"as {name}", _wrapped(problem, f"r = inner(*arguments)\n    return {_TYPES[name]}")


# --- another way to end

_ENDS = {
    "clears its arguments": (
        "r = inner(*arguments)\n    for a in arguments: a.clear() if isinstance(a, (list, dict)) else None\n"
        "    return r"
    ),
    "prints": "print('x' * 1000)\n    return inner(*arguments)",
    "asserts": "assert False\n    return inner(*arguments)",
    "raises": "raise ValueError('no')",
    "raises on an empty argument": "if not all(arguments): raise IndexError\n    return inner(*arguments)",
    "raises something of its own": "raise type('Own', (Exception,), {})('no')",
    "raises a subclass of StopIteration": "raise type('Own', (StopIteration,), {})",
    "raises StopIteration": "raise StopIteration",
    "leaves": "raise SystemExit(0)",
    "is interrupted": "raise KeyboardInterrupt",
    "recurses": "return f(*arguments)",
    "runs out of memory": "raise MemoryError",
    "closes standard output": "import sys; sys.stdout.close()\n    return inner(*arguments)",
    "reads input": "return input()",
    "changes its function": "global f\n    f = None\n    return inner(*arguments)",
    "is a coroutine": "async def later(): return inner(*arguments)\n    return later()",
    "fails the second time": "calls.append(1)\n    return inner(*arguments) if len(calls) == 1 else None",
    "remembers": "return remembered.setdefault(repr(arguments), inner(*arguments))",
    "works in a thread": (
        "import threading\n    results = []\n"
        "    thread = threading.Thread(target=lambda: results.append(inner(*arguments)))\n"
        "    thread.start(); thread.join()\n    return results[0]"
    ),
    "catches all": "try: return inner(*arguments)\n    except BaseException: return None",
}


def _other_end(problem: Problem, chance: random.Random) -> tuple[str, str]:
    name = chance.choice(sorted(_ENDS))
    return name, _wrapped(problem, _ENDS[name])


def _wrapped(problem: Problem, body: str) -> str:
    """The canonical solution under another name, and a function around it."""
    return f"""{problem.canonical_solution}

import collections, decimal, enum, fractions
inner, calls, remembered = {problem.entry_point}, [], {{}}

def names(value):
    return [f"field{{number}}" for number in range(len(value))]

def deep(value):
    return tuple(map(deep, value)) if isinstance(value, (list, tuple)) else value

def f(*arguments):
    {body}

{problem.entry_point} = f
"""
