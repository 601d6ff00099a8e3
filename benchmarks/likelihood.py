"""What the likelihood of the canonical solutions sees of a change that pass@1 does not: bfloat16 against float32.

    python -m benchmarks.likelihood [--model SPEC] [--engine vllm]

Scores all 164 canonical solutions in both precisions, a prefill each, and writes benchmarks/results/likelihood.json.
pass@1 in both precisions stands in benchmarks/results/main_job and main_job_float32.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.engine_measure import write_result
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.engine.catalogue import BUNDLED, identify
from pytest_humaneval.engine.engine_process import EngineProcess
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.models.find import DEFAULT_MODEL, default_cache_directory
from pytest_humaneval.results.read import read_results
from pytest_humaneval.results.scored_solutions import scoring_request
from pytest_humaneval.statistics.comparison import compare, passes_of
from pytest_humaneval.statistics.likelihood import Scored, likelihood_change

DTYPES = ("bfloat16", "float32")
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--engine", default="vllm", choices=("vllm", "transformers"))
    options = parser.parse_args()
    scored = {dtype: score(options.engine, options.model, dtype) for dtype in DTYPES}
    change = likelihood_change(*(scored[dtype][1] for dtype in DTYPES))
    assert change is not None
    write_result(
        "likelihood",
        {
            "date": datetime.now(UTC).date().isoformat(),
            "engines": {dtype: who for dtype, (who, _) in scored.items()},
            "bfloat16_minus_float32": asdict(change),
            "pass@1": passed(),
            "solutions": {
                dtype: {name: asdict(solution) for name, solution in of.items()} for dtype, (_, of) in scored.items()
            },
        },
    )


def score(engine: str, model_spec: str, dtype: str) -> tuple[str, dict[str, Scored]]:
    """The log-probability of every canonical solution in one precision, and who said so."""
    options = EngineOptions(engine, model_spec, engine_args={"dtype": dtype}, cache_dir=str(default_cache_directory()))
    identity, model = identify(options, BUNDLED)
    problems = read_dataset().problems
    requests = {problem.task_id: scoring_request(problem) for problem in problems}
    keyed = {task: (request.key(identity.key), request) for task, request in requests.items()}
    process = EngineProcess(options, model, None, read_store=False)
    with closing(process), closing(process.client()) as client:
        client.submit(keyed.values())
        answers = {task: client.generation(*keyed_request) for task, keyed_request in keyed.items()}
    solutions = {
        task: Scored(answer.score, answer.scored_tokens, len(requests[task].scored.encode()))
        for task, answer in answers.items()
        if answer.score is not None
    }
    return f"{identity.model} ({identity.digest}) on {identity.engine}", solutions


def passed() -> dict[str, object]:
    """What pass@1 says of the same change, of the main job."""
    sides = [passes_of(read_results(RESULTS / name).outcomes) for name in ("main_job", "main_job_float32")]
    names = [next(iter(side)) for side in sides]
    comparison = compare(f"{names[0]} bfloat16", sides[0][names[0]], f"{names[1]} float32", sides[1][names[1]])
    return comparison.counts() if comparison is not None else {}


if __name__ == "__main__":
    main()
