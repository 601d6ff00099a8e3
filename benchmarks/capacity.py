"""What an evaluation of a given size costs, and which stage holds it up: the table of docs/capacity.md.

    python -m benchmarks.capacity [--samples 200] [--problems 164] [--strategies 28]

Extrapolates from what was measured (benchmarks/results: table/published for generation, sandbox_speed for checks, scale
for the harness) to machines that were not: what is assumed about those is in ``MACHINES`` and in docs/capacity.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.engine_measure import read_result

FLOP_PER_TOKEN = 2 * 494e6  # forward pass: two for each weight of Qwen2.5-Coder-0.5B
WEIGHT_BYTES = 2 * 494e6  # bfloat16


@dataclass(frozen=True, slots=True)
class Measured:
    """What one stage of the harness does on the machine that it was measured on."""

    forwards_per_second: float  # tokens through the model, of prompts and answers together, on two CPU cores
    prompt_tokens: float  # of one question
    answer_tokens: float  # of one sample
    checks_per_second: float  # of one worker
    worker_seconds: float  # CPU time of a worker for one item: setup, check, report
    controller_seconds: float  # CPU time of the controller for one item; there is one controller
    controller_bytes: float  # that one more item takes
    worker_bytes: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it would run. ``forwards_per_second`` is None where the model is to tell it."""

    name: str
    gpus: int
    workers: int
    batch: int = 256  # sequences a GPU works on at a time (vLLM's default)
    peak_flops: float = 312e12  # A100, bfloat16, dense: NVIDIA's data sheet
    bandwidth: float = 2.0e12  # bytes a second: the same
    step_overhead: float = 0.005  # seconds a step that are neither arithmetic nor memory: assumed

    def forwards_per_second(self, measured: Measured) -> float:
        """A step reads all weights once and computes one token of every sequence, whichever takes longer."""
        if not self.gpus:
            return measured.forwards_per_second
        step = max(WEIGHT_BYTES / self.bandwidth, self.batch * FLOP_PER_TOKEN / self.peak_flops) + self.step_overhead
        return self.gpus * self.batch / step


MACHINES = (
    Machine("two CPU cores, as measured", gpus=0, workers=2),
    Machine("one A100, 16 cores", gpus=1, workers=16),
    Machine("eight A100, 64 cores", gpus=8, workers=64),
    Machine("four nodes of eight A100, 256 cores", gpus=32, workers=256),
)


def read_measured() -> Measured:
    """From the raw results."""
    runs = [read_result("table", group, "run.json") for group in ("first", "published")]
    published = runs[1]["engine_process"]
    computed = published["tokens"] + published["prompt_tokens"] - published["cached_prompt_tokens"]
    rows = [row for run in runs for row in run["strategies"]]
    small, large = (row for row in read_result("scale.json")["rows"] if row["items"] in (164, 6560))
    more = large["items"] - small["items"]
    mib = 2**20
    return Measured(
        forwards_per_second=computed / published["generating_seconds"],
        prompt_tokens=published["prompt_tokens"] / published["total"],
        answer_tokens=sum(row["tokens"] for row in rows) / sum(row["judged"] for row in rows),
        checks_per_second=_checks_per_second(),
        worker_seconds=sum(large["cpu_seconds_of_workers"]) / large["items"],
        controller_seconds=large["cpu_seconds_of_controller"] / large["items"],
        controller_bytes=(large["peak_mib_of_controller"] - small["peak_mib_of_controller"]) * mib / more,
        worker_bytes=(max(large["peak_mib_of_workers"]) - max(small["peak_mib_of_workers"])) * mib / more,
    )


def _checks_per_second() -> float:
    measured: float = read_result("sandbox_speed.json")["canonical solutions"]["1 worker"]["lockdown"]["per second"]
    return measured


def stages(machine: Machine, measured: Measured, samples: int, questions: int) -> dict[str, float]:
    """Seconds of every stage if it had to wait for no other; they overlap, so the longest is the run's."""
    items = samples * questions
    forwards = questions * measured.prompt_tokens + items * measured.answer_tokens
    return {
        "generation": forwards / machine.forwards_per_second(measured),
        "workers": items * (measured.worker_seconds + 1 / measured.checks_per_second) / machine.workers,
        "controller": items * measured.controller_seconds,
    }


def table(samples: int, problems: int, strategies: int) -> str:
    """Markdown: a row a machine."""
    measured = read_measured()
    questions = problems * strategies
    lines = ["| machine | generation | workers | controller | held up by |", "|---|--:|--:|--:|---|"]
    for machine in MACHINES:
        seconds = stages(machine, measured, samples, questions)
        slowest = max(seconds, key=lambda name: seconds[name])
        lines.append(f"| {machine.name} | {' | '.join(map(duration, seconds.values()))} | {slowest} |")
    items, part = samples * questions, samples * problems
    lines += ["", f"{_memory(items, measured)}; one strategy at a time, {_memory(part, measured)}."]
    return "\n".join(lines) + "\n"


def facts() -> str:
    """Markdown: what the extrapolation starts from."""
    measured = read_measured()
    rows = (
        ("tokens through the model, prompts and answers, two cores", f"{measured.forwards_per_second:.0f} a second"),
        ("tokens of a question, of an answer", f"{measured.prompt_tokens:.0f}, {measured.answer_tokens:.0f}"),
        ("checks, one worker", f"{measured.checks_per_second:.0f} a second"),
        ("CPU time of a worker for an item", f"{1000 * measured.worker_seconds:.1f} ms"),
        ("CPU time of the controller for an item", f"{1000 * measured.controller_seconds:.1f} ms"),
        (
            "memory for one more item: controller, worker",
            f"{measured.controller_bytes / 1000:.1f} kB, {measured.worker_bytes / 1000:.1f} kB",
        ),
    )
    return "\n".join(["| stage | measured |", "|---|--:|", *(f"| {what} | {figure} |" for what, figure in rows)]) + "\n"


WHAT_IT_IS = {
    "plain": "a parametrised test of somebody else's",
    "passing": "an item that passes",
    "failing": "an item that fails, with --humaneval-output",
}


def controller() -> str:
    """Markdown: the memory that one more item takes in the controller, before that was looked into and after."""
    rows = {(row["kind"], row["environment"]): row["peak_kb"] for row in read_result("controller.json")["rows"]}
    lines = ["| | before | after |", "|---|--:|--:|"]
    for kind, what in WHAT_IT_IS.items():
        if (kind, "before") in rows:
            lines.append(f"| {what} | {rows[kind, 'before']:.1f} kB | {rows[kind, 'after']:.1f} kB |")
    return "\n".join(lines) + "\n"


def _memory(items: int, measured: Measured) -> str:
    controller, worker = (items * size / 1e9 for size in (measured.controller_bytes, measured.worker_bytes))
    return (
        f"{items:,} items in a session take {controller:.1f} GB in the controller and {worker:.1f} GB in every worker"
    )


def duration(seconds: float) -> str:
    """In words, in the unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--problems", type=int, default=164)
    parser.add_argument("--strategies", type=int, default=28)
    options = parser.parse_args()
    print(facts())
    print(controller())
    print(table(options.samples, options.problems, options.strategies))


if __name__ == "__main__":
    main()
