"""The datasets that have a name here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

from pytest_humaneval.dataset.evalplus import HUMANEVAL_PLUS, MBPP_PLUS
from pytest_humaneval.dataset.kinds import Dataset, DatasetKind, Wanted
from pytest_humaneval.dataset.load import HUMANEVAL, read_dataset, read_problems
from pytest_humaneval.dataset.mbpp import MBPP
from pytest_humaneval.dataset.shipped import SHIPPED, path_of
from pytest_humaneval.dataset.variants.variants_dataset import VARIANTS


@cache
def _humaneval_tests() -> Mapping[str, str]:
    return {problem.task_id: problem.test for problem in read_problems()}


def _base_test(task_id: str) -> str:
    """HumanEval's own test of a task; empty where it is none of HumanEval's."""
    return _humaneval_tests().get(task_id, "")


def _shipped(name: str, wanted: Wanted) -> Dataset:
    return read_dataset(path_of(name))


_KINDS = (
    HUMANEVAL,
    DatasetKind(
        HUMANEVAL_PLUS.name,
        "EvalPlus' HumanEval+: HumanEval's inputs, and many more as a stronger test",
        find=partial(HUMANEVAL_PLUS.find, base_test=_base_test),
    ),
    MBPP,
    DatasetKind(MBPP_PLUS.name, "EvalPlus' MBPP+, likewise", find=partial(MBPP_PLUS.find, base_test=_base_test)),
    *(
        DatasetKind(name, "HumanEval with stronger tests of our own", find=partial(_shipped, name))
        for name in SHIPPED
        if name != HUMANEVAL.name
    ),
    VARIANTS,
)
BUNDLED: Mapping[str, DatasetKind] = {kind.name: kind for kind in _KINDS}
