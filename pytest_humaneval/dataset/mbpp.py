'''MBPP (Austin et al. 2021, arXiv:2108.07732): a description, code, and three assertions of each task.

A task becomes a problem in one of three shapes, which stands in the dataset's name:

assertion    the description and the first assertion in a docstring, then the whole program to write: as bigcode's
             harness and EvalPlus ask it; where the assertions use a class (3 of 974 tasks), it stands in front
assertions   the same with every assertion, as its makers and lm-eval ask it: nothing of the test is hidden then
docstring    HumanEval's shape, a signature and a docstring with two examples, then the body to write::

    def is_not_prime(n):
        """ Write a python function to identify non-prime numbers.
        >>> is_not_prime(2)
        False
        """

The solution of the last is the rest of the code, written anew from its syntax tree: MBPP's own has tabs, blanks at line
ends and half a dozen indentations, which nobody wants to be learned.
'''

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_humaneval.dataset.forms import text_of, texts_of
from pytest_humaneval.dataset.kinds import Dataset, DatasetKind, Row, Wanted
from pytest_humaneval.dataset.places import Hub, Places
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.syntax import NOT_PYTHON, mentioned, parse

# By task_id, as its makers split it: 1-10 are few-shot examples.
SPLITS = {"test": range(11, 511), "validation": range(511, 601), "train": range(601, 975)}
SHAPES = ("assertion", "assertions", "docstring")
SANITIZED = "sanitized"  # the 427 tasks that people went over by hand
NUM_EXAMPLES = 2  # assertions that become examples in the docstring; the others stay hidden, as HumanEval's tests do

HUB = "google-research-datasets/mbpp"
HUB_SPLITS = ("test", "validation", "train")
WHOLE = Places("mbpp", ("mbpp.jsonl", "mbpp.jsonl.gz"), Hub(HUB, "full", HUB_SPLITS))
BY_HAND = Places(
    "mbpp:sanitized",
    ("sanitized-mbpp.json", "sanitized-mbpp.jsonl", "sanitized-mbpp.json.gz"),
    Hub(HUB, "sanitized", HUB_SPLITS),
)

_TAKES_ALL = re.compile(r"from\s+\S+\s+import\s+\*")  # no function may have this in it


@dataclass(frozen=True, slots=True)
class Task:
    """One row, whichever of the two files it is from."""

    number: int
    description: str
    code: str
    setup: str
    asserts: tuple[str, ...]

    @property
    def task_id(self) -> str:
        return f"MBPP/{self.number}"


def find_mbpp(wanted: Wanted) -> Dataset:
    """The problems of one split in one shape; the test split, unless another one is asked for.

    Raises:
        DatasetError: it cannot be had, or parts that exclude each other are asked for.
    """
    split, shape = _one_of(SPLITS, wanted), _one_of(SHAPES, wanted)
    sanitized = SANITIZED in wanted.parts
    fetched = (BY_HAND if sanitized else WHOLE).find(wanted)
    name = ":".join(["mbpp", *([SANITIZED] if sanitized else []), split, shape])
    tasks = [task for task in tasks_of(fetched.rows) if task.number in SPLITS[split]]
    if not tasks:
        raise DatasetError(f"{fetched.source}: holds no task of MBPP's {split} split ({SPLITS[split]})")
    return dataset_of(name, fetched.sha256, fetched.source, tasks, shape)


def dataset_of(name: str, sha256: str, source: str, tasks: Iterable[Task], shape: str) -> Dataset:
    """Tasks as problems, without those that have not the shape; those are named in the source."""
    problems, left_out = [], []
    for task in tasks:
        problem, _ = shaped(task, shape)
        if problem is None:
            left_out.append(task.task_id)
        else:
            problems.append(problem)
    lacking = counted(len(left_out), "task does", "tasks do")
    note = f"; {lacking} not have this shape: {', '.join(left_out)}" if left_out else ""
    return Dataset(name, sha256, tuple(problems), source + note)


def shaped(task: Task, shape: str) -> tuple[Problem | None, str]:
    """A task in a shape, or why it cannot have it."""
    if shape == "docstring":
        return in_docstring(task)
    return described(task, task.asserts if shape == "assertions" else task.asserts[:1])


def tasks_of(rows: Iterable[Row]) -> Iterator[Task]:
    """The rows of Google's jsonl, or of the sanitized json.

    Raises:
        DatasetError: a row that is none of MBPP, or two of one task_id.
    """
    places: dict[int, str] = {}
    for where, row in rows:
        task = task_of(where, row)
        if (earlier := places.setdefault(task.number, where)) != where or task.number < 1:
            raise DatasetError(f"{where}: task_id {task.number} was already given in {earlier}")
        yield task


def task_of(where: str, row: dict[str, Any]) -> Task:
    """One row of either file.

    Raises:
        DatasetError: it is none; names the field.
    """
    if type(row.get("task_id")) is not int:
        raise DatasetError(f"{where}: field 'task_id' must be a whole number, as MBPP's are")
    asserts = texts_of(where, row, "test_list")
    if not any("assert" in text for text in asserts):  # what asserts nothing passes every program
        raise DatasetError(f"{where}: field 'test_list' has no assertion")
    setup = [*texts_of(where, row, "test_imports"), str(row.get("test_setup_code") or "")]
    return Task(
        row["task_id"],
        text_of(where, row, ("text", "prompt")),
        text_of(where, row, ("code",)).replace("\r\n", "\n"),
        "\n".join(filter(None, setup)).replace("\r\n", "\n"),
        tuple(text.replace("\r\n", "\n").strip() for text in asserts),
    )


def described(task: Task, shown: tuple[str, ...]) -> tuple[Problem | None, str]:
    """The description and some assertions in a docstring; the whole program is to be written."""
    try:
        module, used = parse(task.code), parse("\n".join([task.setup, *task.asserts]))
    except (SyntaxError, ValueError) as error:
        return None, f"does not parse: {error}"
    called = _called(used)
    names = [node.name for node in module.body if isinstance(node, ast.FunctionDef) and node.name in called]
    if not names:
        return None, "its assertions call no function that its code defines"
    entry_point = max(names, key=lambda name: called[name])
    text = "\n".join([task.description.strip(), *shown]).replace("\\", "\\\\").replace('"""', "'''")
    needed = list(_needed(used, module, entry_point))[::-1]
    classes = any(isinstance(node, ast.ClassDef) for node in needed)  # their objects can only cross if both sides know
    head = "".join(f"{ast.unparse(node)}\n\n\n" for node in needed) if classes else ""
    test = hidden_test(task, entry_point, () if classes else needed)
    prompt = f'{head}"""\n{text}\n"""\n'
    return Problem(task.task_id, prompt, entry_point, task.code.rstrip() + "\n", test, shown=shown), ""


def in_docstring(task: Task) -> tuple[Problem | None, str]:
    """HumanEval's shape, or why a task cannot have it."""
    try:
        module = parse(task.code.replace("\t", "    "))
        asserts = [_assertion(text) for text in task.asserts]
    except (SyntaxError, ValueError) as error:
        return None, f"does not parse: {error}"
    called = {call.func.id for call, _ in asserts if isinstance(call.func, ast.Name)}
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name in called]
    if len(functions) != 1:
        return None, f"its tests call {len(functions)} of its functions, not 1"
    (function,) = functions
    if module.body[-1] is not function:
        return None, "code follows the function"
    head = "\n".join(map(ast.unparse, module.body[:-1]))
    docstring = _docstring(task.description, asserts[:NUM_EXAMPLES])
    prompt = (f"{head}\n\n\n" if head else "") + _signature(function) + docstring
    body = "\n".join(ast.unparse(statement) for statement in function.body)
    solution = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    test = hidden_test(task, function.name)
    return Problem(task.task_id, prompt, function.name, solution, test, shown=task.asserts[:NUM_EXAMPLES]), ""


def hidden_test(task: Task, entry_point: str, needed: Iterable[ast.stmt] = ()) -> str:
    """A ``check`` with every assertion, which calls the function by its name, as HumanEval/33's does.

    Published harnesses run assertions where the code has been run. What they use of the reference beside the function,
    such as a module, stands in front of the ``check``, or in the prompt.
    """
    own = ["check = candidate"] if entry_point == "check" else []  # the one name that is taken
    lines = [line for text in (task.setup, *own, *task.asserts) for line in _lines(text) if line.strip()]
    head = "".join(f"{line}\n" for line in [*map(ast.unparse, needed), *filter(_TAKES_ALL.match, lines)])
    body = "".join(f"    {line}\n" for line in lines if not _TAKES_ALL.match(line))
    return f"{head}def check(candidate):\n{body}"


def _lines(text: str) -> list[str]:
    """Lines that can be indented: written anew where a text between three quotes may go over several of them."""
    if "\n" in text and ("'''" in text or '"""' in text):
        with suppress(*NOT_PYTHON):  # what does not parse is found by the trial before a run
            text = ast.unparse(parse(text))
    return text.split("\n")


def _needed(test: ast.Module, module: ast.Module, entry_point: str) -> Iterator[ast.stmt]:
    """The statements of the reference that define what the test uses, from the last to the first; not the function."""
    used = mentioned(test) - {entry_point}
    for node in reversed(module.body):
        if used & set(_defined(node)) and not isinstance(node, ast.Assign):
            used |= mentioned(node)
            yield node


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)


def _one_of(names: Iterable[str], wanted: Wanted) -> str:
    """The one of these parts that is wanted, or the first."""
    known = list(names)
    chosen = [part for part in wanted.parts if part in known]
    if len(set(chosen)) > 1:
        raise DatasetError(f"--humaneval-dataset: mbpp: {' and '.join(chosen)} exclude each other; give one")
    return chosen[0] if chosen else known[0]


def _called(tree: ast.AST) -> Counter[str]:
    """The names that are called, and how often."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return Counter(each.id for each in calls if isinstance(each, ast.Name))


def _assertion(text: str) -> tuple[ast.Call, ast.expr]:
    """The call and the expected value of ``assert f(...) == value``."""
    match parse(text.strip()).body:
        case [ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[expected]))]:
            return call, expected
    raise ValueError(f"{text!r} is not 'assert f(...) == value'")


def _signature(function: ast.FunctionDef) -> str:
    return f"def {function.name}({ast.unparse(function.args)}):\n"


def _docstring(text: str, examples: list[tuple[ast.Call, ast.expr]]) -> str:
    shown = "".join(f"    >>> {ast.unparse(call)}\n    {ast.unparse(value)}\n" for call, value in examples)
    description = text.strip().replace("\\", "\\\\").replace('"""', "'''")
    return f'    """ {description}\n{shown}    """\n'


MBPP = DatasetKind(
    "mbpp",
    "MBPP's test split, a description and its first assertion",
    parts=(*SPLITS, SANITIZED, *SHAPES),
    find=find_mbpp,
)
