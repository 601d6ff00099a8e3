"""What a very large evaluation takes without pytest items, by ``generate`` and ``evaluate --ray``: on paper.

    python -m benchmarks.capacity_on_paper [--samples 100000000] [--each 200]

Multiplies what was measured for a sample (benchmarks/results: generate_scale, verdict_store, sandbox_speed, and the
files of table/published) by their number; machines and generation are those of :mod:`benchmarks.capacity`.
"""

from __future__ import annotations

import argparse
import gzip
import math
from dataclasses import dataclass

from benchmarks.capacity import MACHINES, Measured, duration, read_measured
from benchmarks.engine_measure import RESULTS, read_result

SAMPLES, EACH = 10**8, 200
HELD = 2_600  # bytes that report and compare hold for a sample (docs/many-machines.md)
MARK = 1  # byte for which generate and evaluate know a sample


@dataclass(frozen=True, slots=True)
class Sample:
    """What one sample takes, beyond its share of the model."""

    command_seconds: float  # of a core, in the command generate
    engine_seconds: float  # and in its engine process, beside the engine itself
    packed_bytes: float  # in samples.jsonl.gz
    result_bytes: float  # in results.jsonl
    generation_bytes: float  # in the store of generations
    verdict_bytes: float  # in that of verdicts


def read_sample() -> Sample:
    """From the raw results. Of two sizes the difference counts: starting is not paid for each sample."""
    small, large = read_result("generate_scale.json")["rows"]
    more = large["samples"] - small["samples"]
    verdicts = read_result("verdict_store.json")
    samples, results = (
        RESULTS.joinpath("table", "published", name).read_bytes() for name in ("samples.jsonl", "results.jsonl")
    )
    count = samples.count(b"\n")
    return Sample(
        command_seconds=(large["cpu_seconds"] - small["cpu_seconds"]) / more,
        engine_seconds=(large["cpu_seconds_of_engine"] - small["cpu_seconds_of_engine"]) / more,
        packed_bytes=len(gzip.compress(samples, 6, mtime=0)) / count,  # in blocks of 500, as generate writes them
        result_bytes=len(results) / count,
        generation_bytes=(large["store_bytes"] - small["store_bytes"]) / more,
        verdict_bytes=verdicts["store_bytes"] / verdicts["can_be_kept"],
    )


def totals(samples: int) -> str:
    """Markdown: what all of them take, and what one does."""
    sample, measured = read_sample(), read_measured()
    rows = (
        ("tokens of answers", f"{measured.answer_tokens:.0f}", f"{samples * measured.answer_tokens / 1e9:.1f} billion"),
        *(
            (what, f"{1000 * seconds:.1f} ms", duration(samples * seconds))
            for what, seconds in (
                ("a core's time: `generate`", sample.command_seconds),
                ("its engine process, without a model", sample.engine_seconds),
                ("a check, by a worker", 1 / measured.checks_per_second),
            )
        ),
        *(
            (what, f"{size:,.0f} B", f"{samples * size / 1e9:,.1f} GB")
            for what, size in (
                ("`samples.jsonl.gz`", sample.packed_bytes),
                ("`results.jsonl`", sample.result_bytes),
                ("store of generations", sample.generation_bytes),
                ("stores of verdicts, of all nodes", sample.verdict_bytes),
                ("memory of `generate` and `evaluate`", MARK),
                ("memory of `report` and `compare`", HELD),
                ("memory of a pytest session's controller", measured.controller_bytes),
            )
        ),
    )
    return "\n".join(["| | a sample | all |", "|---|--:|--:|", *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def table(samples: int, each: int) -> str:
    """Markdown: a row a machine, and how many commands side by side it takes to keep it busy."""
    sample, measured = read_sample(), read_measured()
    lines = ["| machine | generation | parts | judging |", "|---|--:|--:|--:|"]
    for machine in MACHINES:
        seconds = _tokens(measured, samples, each) / machine.forwards_per_second(measured)
        commands = max(1, math.ceil(samples * max(sample.command_seconds, sample.engine_seconds) / seconds))
        judging = samples / measured.checks_per_second / machine.workers
        lines.append(f"| {machine.name} | {duration(seconds)} | {commands} | {duration(judging)} |")
    return "\n".join(lines) + "\n"


def _tokens(measured: Measured, samples: int, each: int) -> float:
    return samples * measured.answer_tokens + samples / each * measured.prompt_tokens


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--each", type=int, default=EACH, help="samples of a question, which share its prompt")
    options = parser.parse_args()
    print(totals(options.samples))
    print(table(options.samples, options.each))


if __name__ == "__main__":
    main()
