"""Tokens per second over HumanEval's prompts, with different arguments for vLLM.

    python -m benchmarks.engine_throughput --variant "" --variant max-num-seqs=16 --variant dtype=float32

Each variant, ``key=value`` separated by spaces, is an engine process of its own; start-up is measured apart. Greedy, at
most 768 new tokens, as a run asks by default.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from benchmarks.engine_measure import engine, write_result
from pytest_humaneval import Prompt, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.problem import Problem
from pytest_humaneval.sample import Request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", action="append", help="arguments for vLLM; the empty text is our defaults")
    parser.add_argument("--mode", choices=("plain", "chat"), default="plain")
    parser.add_argument("--problems", type=int, default=164)
    options = parser.parse_args()
    problems = read_dataset(None).problems[: options.problems]
    prompts = [prompt_for(problem, options.mode) for problem in problems]
    measured = [measure(variant, prompts) for variant in options.variant or [""]]
    write_result("engine_throughput", {"mode": options.mode, "problems": len(prompts), "variants": measured})


def prompt_for(problem: Problem, mode: str) -> Prompt:
    if mode == "plain":
        return completion_prompt(problem.prompt.strip() + "\n")
    return chat_prompt(f"Complete this function, in one fenced block.\n\n```python\n{problem.prompt}```")


def measure(variant: str, prompts: list[Prompt]) -> dict[str, Any]:
    arguments = dict(pair.split("=", 1) for pair in variant.split())
    start = time.monotonic()
    with engine(arguments) as client:
        warm = Request(completion_prompt("def add(a, b):\n"), Sampling(max_tokens=1), 0)
        client.generation("warm", warm)
        ready = time.monotonic()
        requests = [(str(number), Request(prompt, Sampling(), 0)) for number, prompt in enumerate(prompts)]
        client.submit(requests)
        generations = [client.generation(key, request) for key, request in requests]
        ended = time.monotonic()
    prompt_tokens = sum(generation.prompt_tokens for generation in generations)
    tokens = sum(generation.completion_tokens for generation in generations)
    result = {
        "variant": variant,
        "seconds_to_ready": round(ready - start, 1),
        "seconds": round(ended - ready, 1),
        "first_answer_after": round(min(generation.seconds for generation in generations), 1),
        "prompt_tokens": prompt_tokens,
        "completion_tokens": tokens,
        "tokens_per_second": round(tokens / (ended - ready), 1),
    }
    print(result, flush=True)
    return result


if __name__ == "__main__":
    main()
