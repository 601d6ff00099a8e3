"""Tokens per second of the served model, under different settings of vLLM's environment.

    python -m benchmarks.served_throughput --setting "" --setting VLLM_CPU_NUM_OF_RESERVED_CPU=1 --rounds 2

Each setting, ``NAME=value`` separated by spaces (the empty text is our defaults), is a server of its own, as
``python -m pytest_humaneval.engine.serve`` starts it; they take turns. Every answer has the same number of tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks.engine_measure import model_directory, server_process, write_result
from pytest_humaneval.background.service.health import free_port, url_of, wait_until_healthy
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.models.find import DEFAULT_MODEL

HOST = "127.0.0.1"
PATIENCE = 600.0  # seconds until a server is given up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--problems", type=int, nargs="+", default=[24, 4], help="how many are asked at once")
    parser.add_argument("--tokens", type=int, default=64, help="of every answer")
    options = parser.parse_args()
    model_directory()
    rows: list[dict[str, Any]] = []
    for _ in range(options.rounds):
        for setting in options.setting:
            with server(dict(pair.split("=", 1) for pair in setting.split())) as url:
                rows += [{"setting": setting, **measure(url, count, options.tokens)} for count in options.problems]
            print(rows[-len(options.problems) :], flush=True)
    medians = {
        f"{setting or 'ours'}, {count} at once": round(
            median(row["tokens_per_second"] for row in rows if (row["setting"], row["problems"]) == (setting, count)), 2
        )
        for setting in options.setting
        for count in options.problems
    }
    write_result("served_throughput", {"unit": "tokens/s", "medians": medians, "rows": rows})


@contextmanager
def server(environment: dict[str, str]) -> Iterator[str]:
    port = free_port(HOST, 0)
    command = [sys.executable, "-m", "pytest_humaneval.engine.serve", f"--host={HOST}", f"--port={port}"]
    with server_process(command, os.environ | environment) as process:
        url = url_of(HOST, port)
        state = wait_until_healthy(url, lambda: process.poll() is None, PATIENCE)
        if state != "healthy":
            sys.exit(f"the server: {state}")
        yield url


def measure(url: str, count: int, tokens: int) -> dict[str, Any]:
    """So many of HumanEval's prompts at once, none of which may end early."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(prompt: str) -> int:
        body = {"model": DEFAULT_MODEL, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
        question = urllib.request.Request(
            f"{url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with direct.open(question, timeout=PATIENCE) as answer:
            return int(json.load(answer)["usage"]["completion_tokens"])

    prompts = [problem.prompt for problem in read_problems()[:count]]
    start = time.monotonic()
    with ThreadPoolExecutor(count) as people:
        written = sum(people.map(ask, prompts))
    seconds = time.monotonic() - start
    return {
        "problems": count,
        "completion_tokens": written,
        "seconds": round(seconds, 1),
        "tokens_per_second": round(written / seconds, 1),
    }


if __name__ == "__main__":
    main()
