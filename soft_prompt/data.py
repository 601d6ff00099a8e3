'''MBPP as problems of HumanEval's shape: a signature and a docstring, then the body to write.

MBPP (Austin et al. 2021, arXiv:2108.07732) describes a function in a sentence and gives its code and three assertions.
Of that is made::

    import math


    def is_not_prime(n):
        """ Write a python function to identify non-prime numbers.
        >>> is_not_prime(2)
        False
        """

The solution is the rest of the code, written anew from its syntax tree: MBPP's own has tabs, blanks at line ends and
half a dozen indentations, which nobody wants to be learned.
'''

from __future__ import annotations

import ast
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.printable import counted
from pytest_humaneval.problem import Problem
from pytest_humaneval.wording import cannot_be_read

from .contamination import fingerprint, humaneval_fingerprints, near_duplicate, refuse_humaneval

# By task_id, as its makers split it: 1-10 are few-shot examples, 11-510 the test.
VALIDATION = range(511, 601)
TRAIN = range(601, 975)
NUM_EXAMPLES = 2  # assertions that become examples in the docstring; the others stay hidden, as HumanEval's tests do
FIELDS = {"task_id": int, "text": str, "code": str, "test_list": list}


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Problems to learn from, problems to validate on, and why others are missing: reason by task id."""

    train: tuple[Problem, ...]
    validation: tuple[Problem, ...]
    near_duplicates: dict[str, str]  # MBPP's task: HumanEval's
    unusable: dict[str, str]  # MBPP's task: what about it has no place in HumanEval's shape

    def sample(self, max_train: int, max_eval: int, seed: int) -> TrainingData:
        """As many problems of either split, drawn without replacement; 0 or too many leave it whole."""
        chance = random.Random(seed)
        train, validation = (
            tuple(chance.sample(split, count)) if 0 < count < len(split) else split
            for split, count in ((self.train, max_train), (self.validation, max_eval))
        )
        return replace(self, train=train, validation=validation)

    def summary(self) -> str:
        """One line for the terminal and the report."""
        return (
            f"{counted(len(self.train), 'task', 'tasks')} to train on, {len(self.validation)} to validate on; "
            f"removed {len(self.near_duplicates)} near HumanEval's, {len(self.unusable)} that have not its shape"
        )


def read_training_data(source: str) -> TrainingData:
    """MBPP's train and validation splits from a .jsonl file, or from the hub where ``source`` is its id there.

    Raises:
        DatasetError: it cannot be read, holds what is no MBPP task, or a problem of HumanEval.
    """
    rows = _read_file(Path(source)) if source.endswith(".jsonl") else _read_hub(source)
    refuse_humaneval((row.get("task_id") for _, row in rows), source)
    tasks = [_checked(where, row) for where, row in rows]
    return split_tasks(tasks)


def split_tasks(rows: Iterable[dict[str, Any]]) -> TrainingData:
    """Rows of MBPP as problems, without those too near to HumanEval."""
    train: list[Problem] = []
    validation: list[Problem] = []
    near: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for row in rows:
        split = train if row["task_id"] in TRAIN else validation if row["task_id"] in VALIDATION else None
        if split is None:
            continue
        problem, reason = shape(row)
        if problem is None:
            unusable[f"MBPP/{row['task_id']}"] = reason
        elif other := near_duplicate(fingerprint(problem), humaneval_fingerprints()):
            near[problem.task_id] = other
        else:
            split.append(problem)
    return TrainingData(tuple(train), tuple(validation), near, unusable)


def shape(row: dict[str, Any]) -> tuple[Problem | None, str]:
    """One row as a problem of HumanEval's shape, or why it cannot be one."""
    try:
        module = ast.parse(row["code"].replace("\r\n", "\n").replace("\t", "    "))
        asserts = [_assertion(text) for text in row["test_list"]]
    except (SyntaxError, ValueError) as error:
        return None, f"does not parse: {error}"
    called = {call.func.id for call, _ in asserts if isinstance(call.func, ast.Name)}
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name in called]
    if len(functions) != 1:
        return None, f"its tests call {len(functions)} of its functions, not 1"
    (function,) = functions
    if module.body[-1] is not function:
        return None, "something follows the function"
    head = "\n".join(map(ast.unparse, module.body[:-1]))
    prompt = (f"{head}\n\n\n" if head else "") + _signature(function) + _docstring(row["text"], asserts[:NUM_EXAMPLES])
    body = "\n".join(ast.unparse(statement) for statement in function.body)
    solution = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    test = _hidden_test(function.name, row.get("test_setup_code", ""), row["test_list"])
    return Problem(f"MBPP/{row['task_id']}", prompt, function.name, solution, test), ""


def single_assertions(problem: Problem) -> tuple[Problem, ...]:
    """The problem once for each of its assertions, to count how many hold."""
    head, *asserts = problem.test.split("\n    assert ")
    return tuple(
        Problem(
            problem.task_id,
            problem.prompt,
            problem.entry_point,
            problem.canonical_solution,
            f"{head}\n    assert {one}",
        )
        for one in asserts
    )


def _assertion(text: str) -> tuple[ast.Call, ast.expr]:
    """The call and the expected value of ``assert f(...) == value``."""
    match ast.parse(text.strip()).body:
        case [ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[expected]))]:
            return call, expected
    raise ValueError(f"{text!r} is not 'assert f(...) == value'")


def _signature(function: ast.FunctionDef) -> str:
    return f"def {function.name}({ast.unparse(function.args)}):\n"


def _docstring(text: str, examples: list[tuple[ast.Call, ast.expr]]) -> str:
    shown = "".join(f"    >>> {ast.unparse(call)}\n    {ast.unparse(value)}\n" for call, value in examples)
    description = text.strip().replace("\\", "\\\\").replace('"""', "'''")
    return f'    """ {description}\n{shown}    """\n'


def _hidden_test(name: str, setup: str, asserts: list[str]) -> str:
    lines = [*setup.replace("\r\n", "\n").split("\n"), f"{name} = candidate", *(text.strip() for text in asserts)]
    return "def check(candidate):\n" + "".join(f"    {line}\n" for line in lines if line.strip())


def _read_file(path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DatasetError(cannot_be_read(path, error)) from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text (byte {error.start})") from error
    return list(_parsed(path, lines))


def _parsed(path: Path, lines: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DatasetError(f"{path}:{number}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise DatasetError(f"{path}:{number}: expected a JSON object with {', '.join(FIELDS)}")
            yield f"{path}:{number}", row


def _checked(where: str, row: dict[str, Any]) -> dict[str, Any]:
    for name, kind in FIELDS.items():
        if not isinstance(row.get(name), kind):
            raise DatasetError(f"{where}: {name} must be {kind.__name__}; is this MBPP? expected {', '.join(FIELDS)}")
    return row


def _read_hub(name: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        import datasets
    except ImportError:
        raise DatasetError(
            f"{name} is read from the hub by the package datasets: pip install 'pytest-humaneval[soft-prompt]'; "
            "or name a local file: data = 'mbpp.jsonl'"
        ) from None
    try:
        splits = datasets.load_dataset(name, "full")
    except Exception as error:  # the client's transport has a family of its own
        raise DatasetError(
            f"{name} cannot be had from the hub ({type(error).__name__}: {error}); "
            "name a local file: data = 'mbpp.jsonl'"
        ) from error
    return [(f"{name} {split}", dict(row)) for split in ("train", "validation") for row in splits[split]]
