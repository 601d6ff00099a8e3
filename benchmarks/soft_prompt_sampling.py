"""Samples for a reward: a decoding loop over the training's own model against vLLM with the same virtual tokens.

    python -m benchmarks.soft_prompt_sampling --data mbpp.jsonl --repeats 3

In turn, the same problems with the same seeds, ``--completions`` of each, of a prompt that changes from one round to
the next as in a training. The medians are compared, of the time that passed and of the CPU time it took, vLLM's with
that of its process: on a busy machine the second says more. As either draws other completions, of another length, both
are compared per token too. Loading either is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from benchmarks.engine_measure import CACHE, write_result
from pytest_humaneval.engine.vllm_setup import prepare_environment
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.find import DEFAULT_MODEL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--data", required=True, help="MBPP's .jsonl, or its id on the hub")
    parser.add_argument("--problems", type=int, default=4)
    parser.add_argument("--completions", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    prepare_environment(offline=False, cpu=True)
    mark_broken_packages_absent()
    rounds = measured(options)
    medians = {
        name: {kind: statistics.median(times[kind] for times in each) for kind in each[0]}
        for name, each in rounds.items()
    }
    ratios = {
        kind: round(medians["decoding"][kind] / medians["vllm"][kind], 2)
        for kind in ("wall", "cpu", "wall_per_token", "cpu_per_token")
    }
    settings = {name: value for name, value in vars(options).items() if name != "data"}
    write_result(
        "soft_prompt_sampling", {**settings, "rounds": rounds, "medians": medians, "vllm_is_faster_by": ratios}
    )


def measured(options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Seconds and tokens of each round by sampler."""
    import torch

    from pytest_humaneval.sample import Sampling
    from soft_prompt.config import Config
    from soft_prompt.initial import make_prompt
    from soft_prompt.passing import KeepPassing
    from soft_prompt.samplers import VllmSampler
    from soft_prompt.session import encoded, load

    config = Config(objective="passing", data=options.data, precision=options.precision)
    loaded = load(config, options.model, CACHE, print)
    strategy = loaded.strategies[config.strategy]
    examples = encoded(loaded.data, strategy, loaded.frozen, config).train[: options.problems]
    several = [example for example in examples for _ in range(options.completions)]
    prompt = make_prompt(loaded.frozen, config)
    samplers: dict[str, Any] = {
        name: KeepPassing(loaded.data, strategy, Config(**config.to_dict() | {"sampler": name}), print)
        for name in ("decoding", "vllm")
    }
    short = Sampling(max_tokens=2)
    for objective in samplers.values():
        objective.sample(prompt, loaded.frozen, several[:1], short, seed=0)  # loads, and allocates

    def cpu_seconds() -> float:
        engine = samplers["vllm"].sampler
        assert isinstance(engine, VllmSampler)
        return time.process_time() + engine.cpu_seconds

    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in samplers}
    sampling = Sampling(temperature=1.0, max_tokens=options.max_tokens)
    for number in range(options.repeats):
        for name, objective in samplers.items():
            begun, cpu_begun = time.perf_counter(), cpu_seconds()
            rows = objective.sample(prompt, loaded.frozen, several, sampling, seed=1000 * number)
            wall, cpu = time.perf_counter() - begun, cpu_seconds() - cpu_begun
            tokens = sum(len(row.new_tokens) for row in rows)
            figures = {"wall": wall, "cpu": cpu, "wall_per_token": wall / tokens, "cpu_per_token": cpu / tokens}
            rounds[name].append({key: round(value, 4) for key, value in figures.items()} | {"tokens": tokens})
            print(name, rounds[name][-1], flush=True)
        with torch.no_grad():
            prompt.tensors()[""].mul_(1.01)
    for objective in samplers.values():
        objective.close()
    return rounds


if __name__ == "__main__":
    main()
