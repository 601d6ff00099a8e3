"""``humaneval-variants:SEED``: problems like HumanEval's that no model has seen, made anew for each seed."""

from __future__ import annotations

from functools import partial

from pytest_humaneval.dataset.expected import Expectations
from pytest_humaneval.dataset.kinds import Dataset, DatasetKind, Wanted
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.dataset.variants.variants_of_lists import OF_LISTS
from pytest_humaneval.dataset.variants.variants_of_numbers import OF_NUMBERS
from pytest_humaneval.dataset.variants.variants_of_texts import OF_TEXTS
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.sandbox import open_sandbox
from pytest_humaneval.sandbox.interface import SandboxOptions

NAME = "humaneval-variants"
TEMPLATES = tuple(sorted((*OF_LISTS, *OF_NUMBERS, *OF_TEXTS), key=lambda template: template.number))


def find_variants(wanted: Wanted) -> Dataset:
    """The problems of a seed; 0, unless another one is asked for.

    Raises:
        DatasetError: several seeds, a file, or only a look at what is there.
    """
    if wanted.file is not None:
        raise DatasetError(f"--humaneval-dataset: {NAME} is made from HumanEval, and from no other file")
    if len(wanted.parts) > 1:
        raise DatasetError(f"--humaneval-dataset: {NAME} takes one seed, not {' and '.join(wanted.parts)}")
    if wanted.only_look:
        raise DatasetError(f"{len(TEMPLATES)} problems, made when they are asked for: {NAME}:SEED")
    seed = int(wanted.parts[0]) if wanted.parts else 0
    originals = {problem.task_id: problem for problem in read_problems()}
    with Expectations(lambda: open_sandbox(SandboxOptions()), wanted.keep) as expectations:
        answers = partial(expectations.of, contract="")
        made = [
            template.make(
                originals[f"HumanEval/{template.number}"], seed, lambda problem, calls: answers(problem, inputs=calls)
            )
            for template in TEMPLATES
        ]
    return Dataset.of(f"{NAME}:{seed}", made)


VARIANTS = DatasetKind(
    NAME,
    f"{len(TEMPLATES)} problems like HumanEval's with other rules and constants; {NAME}:SEED for others",
    find=find_variants,
    seeded=True,
)
