"""What the files of a run tell beyond its outcomes, whoever wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.dataset.requested import dataset_named, recorded_names
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.results.read import Results
from pytest_humaneval.statistics.metrics import default_ks
from pytest_humaneval.text.wording import short_digest

ODD = (InputError, TypeError, KeyError, ValueError, AttributeError, OverflowError)  # what odd values lead to


def ks_of(run: Results) -> Sequence[int]:
    """The k of pass@k that the run reported, else what its samples allow."""
    if recorded := run.run.get("k"):
        return list(recorded)
    counts = Counter((outcome.strategy, outcome.task_id) for outcome in run.outcomes)
    return default_ks(min(counts.values()))


def problems_of(run: Results, named: str | None) -> list[Any]:
    """The problems that the results are about, in the order of the dataset that is named, else of what the run says."""
    dataset = _with_recorded_rewrites(dataset_of(named or recorded_names(run.run)), run)
    task_ids = {outcome.task_id for outcome in run.outcomes}
    problems = [problem for problem in dataset.problems if problem.task_id in task_ids]
    if missing := task_ids - {problem.task_id for problem in problems}:
        example = next(outcome.task_id for outcome in run.outcomes if outcome.task_id in missing)
        raise DatasetError(f"{run.source}: {example} is not in {dataset.name}; name its file with --dataset")
    recorded = run.run.get("dataset", {}).get("sha256", dataset.sha256)
    if recorded != dataset.sha256:
        raise InputError(
            f"{run.source}: its problems came from a file other than {dataset.name} "
            f"(sha256 {short_digest(str(recorded))}, not {short_digest(dataset.sha256)}); name it with --dataset"
        )
    return problems


def _with_recorded_rewrites(dataset: Dataset, run: Results) -> Dataset:
    """The dataset with the rewritten problems that the run says it has, as far as bundled rewrites make them."""
    recorded = run.run.get("rewrites")
    if not isinstance(recorded, dict) or not isinstance(recorded.get("asked"), str):
        return dataset
    if type(recorded.get("seed")) is not int:
        return dataset
    from pytest_humaneval.models.find import default_cache_directory
    from pytest_humaneval.rewrite.canonical_answers import CanonicalAnswers
    from pytest_humaneval.rewrite.rewrite_catalogue import BUNDLED, requested_rewrites
    from pytest_humaneval.rewrite.rewritten_dataset import with_rewrites

    names, seed = recorded["asked"], recorded["seed"]
    originals = {outcome.original or outcome.task_id for outcome in run.outcomes}
    selected = [problem for problem in dataset.problems if problem.task_id in originals]
    with CanonicalAnswers(default_cache_directory()) as answers:
        return with_rewrites(dataset, selected, requested_rewrites(names, BUNDLED), names, seed, answers)[0]


def dataset_of(named: str | None) -> Dataset:
    """The dataset of these names or files; HumanEval where none is given."""
    from pytest_humaneval.models.find import default_cache_directory

    return dataset_named(named, default_cache_directory())
