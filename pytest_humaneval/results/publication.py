"""Figures of a run as others record them: Hugging Face's evaluation results, and Every Eval Ever's.

hf-eval-results   ``.eval_results/*.yaml`` of a model's repository: a list of entries, which the model's page shows
every-eval-ever   one JSON object by the schema of the package every-eval-ever (0.3.0)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.results.parts import part_of, parts_of
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.rows import Row, rows_of
from pytest_humaneval.text.printable import one_line
from pytest_humaneval.text.wording import short_digest

HUMANEVAL = "HumanEval"  # as run.json names the bundled dataset
HUB_DATASET, HUB_TASK = "openai/openai_humaneval", "openai_humaneval"
LIBRARY = "pytest-humaneval"
EEE_VERSION = "0.3.0"
SELF_DEPLOYED = ("vllm", "transformers")


def hf_eval_results(run: Results, ks: Sequence[int], strategy: str | None) -> str:
    """pass@1 of each strategy in percent, with what it was measured with in ``notes``; of several datasets HumanEval's.

    Raises:
        InputError: it is not known which model it was, or the problems are not HumanEval's, or not all of them.
    """
    identity, whole = _provenance(run)
    parts = [part for part in _parts(run) if _provenance(part)[1]["name"] == HUMANEVAL]
    if not parts:
        raise InputError(
            f"{run.source}: the hub has a name for HumanEval only, and these problems are {whole['name']}'s"
        )
    lines, run = [], parts[0]
    dataset = run.run["dataset"]
    evaluated = len({outcome.task_id for outcome in run.outcomes})
    counts = (dataset.get("available"), dataset.get("problems"))
    there = max((count for count in counts if isinstance(count, int)), default=0)
    if evaluated < there:
        raise InputError(
            f"{run.source}: {evaluated} of {there} problems were evaluated, and the hub's figure is of all of them; "
            "every-eval-ever records of how many a figure is"
        )
    for row in _rows(run, (1,), strategy):
        value, (low, high) = (row.pass_at_k[1] or 0.0), row.intervals[1] or (0.0, 1.0)
        notes = (
            f"pass@1 in percent, 95 % interval {100 * low:.1f} to {100 * high:.1f}; {row.judged} samples of "
            f"{_problems(run, row)} problems, {row.errors} errors; strategy {row.strategy}; {identity['model']} "
            f"({short_digest(identity['digest'])}) on {identity['engine']}; problems sha256 "
            f"{short_digest(dataset['sha256'])}; {LIBRARY} {_version(run)}"
        )
        lines += [
            "- dataset:",
            f"    id: {HUB_DATASET}",
            f"    task_id: {HUB_TASK}",
            f"  value: {100 * value:.2f}",
            *([f"  date: {_text(run.run['started'])}"] if "started" in run.run else []),
            f"  notes: {_text(notes)}",
        ]
    return "\n".join(lines) + "\n"


def every_eval_ever(run: Results, ks: Sequence[int], strategy: str | None) -> str:
    """Every pass@k of each strategy, with its interval, how it was sampled and what it was measured with.

    Raises:
        InputError: it is not known which model it was.
    """
    identity, dataset = _provenance(run)
    now = str(int(datetime.now(UTC).timestamp()))
    record = {
        "schema_version": EEE_VERSION,
        "evaluation_id": f"{dataset['name']}/{identity['model']}/{now}",
        "retrieved_timestamp": now,
        **_timestamp(run),
        "source_metadata": {
            "source_name": LIBRARY,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": LIBRARY, "version": _version(run)},
        "model_info": _model(run, identity),
        "evaluation_results": [
            _result(part, part.run["dataset"], row, k)
            for part in _parts(run)
            for row in _rows(part, ks, strategy)
            for k in ks
            if row.pass_at_k[k] is not None
        ],
    }
    return json.dumps(record, indent=2) + "\n"


RECORDS: Mapping[str, Callable[[Results, Sequence[int], str | None], str]] = {
    "hf-eval-results": hf_eval_results,
    "every-eval-ever": every_eval_ever,
}


def _provenance(run: Results) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    identity, dataset = run.run.get("identity", {}), run.run.get("dataset", {})
    if not {"model", "digest", "engine"} <= {*identity} or not {"name", "sha256"} <= {*dataset}:
        raise InputError(
            f"{run.source}: without a run.json that names model and problems nobody could tell what the figures "
            "describe; give a folder of --humaneval-output"
        )
    return identity, dataset


def _parts(run: Results) -> list[Results]:
    """Each dataset by itself: figures of several together have no name that others know."""
    return [part_of(run, name, some) for name, some in parts_of(run.outcomes).items()]


def _rows(run: Results, ks: Sequence[int], strategy: str | None) -> list[Row]:
    if strategy is not None and strategy not in run.strategies:
        raise InputError(f"--strategy: {run.source} has no results of {strategy}; it has {', '.join(run.strategies)}")
    rows = [row for row in rows_of(run.outcomes, ks) if row.judged and strategy in (None, row.strategy)]
    if stopped := [row.strategy for row in rows if row.stopped]:
        raise InputError(
            f"{run.source}: {', '.join(stopped)} ended early, and has no figure that others could compare with theirs; "
            "export a strategy that has all problems with --strategy"
        )
    return rows


def _result(run: Results, dataset: Mapping[str, Any], row: Row, k: int) -> dict[str, Any]:
    one_each = row.judged == _problems(run, row)
    interval = row.intervals[k] or (0.0, 1.0)
    counts = {"passed": row.passed, "judged": row.judged, "errors": row.errors, "timed_out": row.timed_out}
    return {
        "evaluation_name": dataset["name"],
        "source_data": _source(dataset, _problems(run, row)),
        "metric_config": {
            "metric_name": f"pass@{k}",
            "metric_kind": "pass_rate",
            "metric_unit": "proportion",
            "metric_parameters": {"k": k},
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
        },
        "score_details": {
            "score": row.pass_at_k[k],
            "details": {"strategy": row.strategy, **{name: str(count) for name, count in counts.items()}},
            "uncertainty": {
                "confidence_interval": {
                    "lower": interval[0],
                    "upper": interval[1],
                    "confidence_level": 0.95,
                    "method": "Wilson" if one_each else "BCa bootstrap over problems",
                },
                "num_samples": _problems(run, row),
            },
        },
        "generation_config": _generation(run, row.strategy),
    }


def _source(dataset: Mapping[str, Any], problems: int) -> dict[str, Any]:
    details = {"additional_details": {"sha256": dataset["sha256"], "problems": str(problems)}}
    if dataset["name"] != HUMANEVAL:
        return {"dataset_name": dataset["name"], "source_type": "other", **details}
    where = {"hf_repo": HUB_DATASET, "hf_split": "test", "samples_number": problems}
    return {"dataset_name": HUMANEVAL, "source_type": "hf_dataset", **where, **details}


def _generation(run: Results, strategy: str) -> dict[str, Any]:
    """How the strategy's tokens were drawn, as far as it is recorded; a replayed file's is not known."""
    experiments = run.run.get("experiments")
    recorded = [row for row in experiments if row.get("name") == strategy] if isinstance(experiments, list) else []
    if not recorded or _engine(run) == "replay":
        return {"additional_details": {"strategy": strategy}}
    experiment = recorded[0]
    sampling = experiment["sampling"]
    return {
        "generation_args": {name: sampling[name] for name in ("temperature", "top_p", "max_tokens")},
        "additional_details": {
            "strategy": strategy,
            "postprocess": experiment["postprocess"],
            "seed": str(sampling["seed"]),
            "num_samples": str(experiment["num_samples"]),
        },
    }


def _model(run: Results, identity: Mapping[str, Any]) -> dict[str, Any]:
    name, _, rest = identity["engine"].partition(" ")
    organisation, slash, _ = identity["model"].partition("/")
    deployed = "self_deployed" if _engine(run) in SELF_DEPLOYED else "unknown"
    return {
        "name": identity["model"],
        "id": identity["model"],
        **({"developer": organisation} if slash and organisation else {}),
        "inference_engine": {"name": name, "version": rest or "unknown"},
        "additional_details": {
            "deployment_type": deployed,
            "model_availability": "unknown",
            "digest": identity["digest"],
            "precision": str(identity.get("precision", "")),
        },
    }


def _timestamp(run: Results) -> dict[str, str]:
    try:
        return {"evaluation_timestamp": str(int(datetime.fromisoformat(run.run["started"]).timestamp()))}
    except (KeyError, TypeError, ValueError):  # another version's
        return {}


def _engine(run: Results) -> str:
    engine = run.run.get("engine")
    return str(engine.get("name", "")) if isinstance(engine, dict) else ""


def _version(run: Results) -> str:
    return str(run.run.get("versions", {}).get(LIBRARY, "unknown"))


def _problems(run: Results, row: Row) -> int:
    return len({outcome.task_id for outcome in run.outcomes if outcome.strategy == row.strategy and not outcome.error})


def _text(value: object) -> str:
    """A string of YAML, which takes JSON's."""
    return json.dumps(one_line(str(value)), ensure_ascii=False)
