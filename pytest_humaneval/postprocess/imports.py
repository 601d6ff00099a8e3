"""Adds the imports of the standard library that a program uses and forgot."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from pytest_humaneval.postprocess.source import Statement, statements
from pytest_humaneval.problem import Problem

# Modules used by name ("math.sqrt(x)").
MODULES = (
    "bisect cmath collections copy datetime decimal enum fractions functools hashlib heapq itertools json math "
    "operator random re statistics string sys textwrap time typing"
)
# Names used without their module, with the module that they can only mean.
MEMBERS = {
    name: module
    for module, names in {
        "bisect": "bisect_left bisect_right insort",
        "collections": "ChainMap Counter OrderedDict defaultdict deque namedtuple",
        "copy": "deepcopy",
        "dataclasses": "dataclass",
        "decimal": "Decimal ROUND_HALF_UP",
        "fractions": "Fraction",
        "functools": "cache cmp_to_key lru_cache partial reduce",
        "hashlib": "md5 sha256",
        "heapq": "heapify heappop heappush heapreplace nlargest nsmallest",
        "itertools": "accumulate chain combinations combinations_with_replacement groupby islice pairwise permutations "
        "product takewhile zip_longest",
        "math": "ceil comb factorial floor gcd hypot inf isqrt lcm log10 log2 pi prod sqrt",
        "statistics": "mean median mode stdev",
        "string": "ascii_letters ascii_lowercase ascii_uppercase punctuation",
        "typing": "Any Callable Dict Generator Iterable Iterator List Optional Sequence Set Tuple Union",
    }.items()
    for name in names.split()
}


def add_imports(problem: Problem, text: str) -> str:
    """``text`` with an import for every well-known name that the program uses and nothing binds.

    They stand where the completion's first statement at module level can: before a whole function, behind a body.
    """
    program = statements(problem.prompt + text)
    missing = sorted(set(_missing(program)))
    if not missing:
        return text
    lines = text.rstrip("\n").split("\n")
    first = problem.prompt.count("\n")
    own = (each.start - first for each in program if each.start >= first and problem.prompt.endswith("\n"))
    place = next(own, len(lines))
    return "\n".join([*lines[:place], "", *missing, "", *lines[place:]])


def _missing(program: list[Statement]) -> Iterator[str]:
    """The import statements for what ``program`` needs and does not bind."""
    bound = frozenset(dir(builtins)).union(*(each.binds for each in program))
    needs = frozenset().union(*(each.needs for each in program)) - bound
    dotted = {node.value.id for each in program for node in _attributes(each) if isinstance(node.value, ast.Name)}
    for name in needs:
        if name in MODULES.split() and name in dotted:
            yield f"import {name}"
        elif name in MEMBERS:
            yield f"from {MEMBERS[name]} import {name}"


def _attributes(statement: Statement) -> Iterator[ast.Attribute]:
    for node in statement.nodes:
        yield from (each for each in ast.walk(node) if isinstance(each, ast.Attribute))
