"""How long until the engine can generate, against vLLM's OpenAI server with the same weights.

    python -m benchmarks.engine_startup --runs 5

Ours counts from starting the process to the first token of an answer; the server's from starting the process to its
health check answering, without a token. One run of each comes first and is not counted: the server compiles and caches
then, and the weights come into the page cache. Both then take turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.engine_measure import engine, model_directory, server_process, write_result
from pytest_humaneval import Sampling, completion_prompt
from pytest_humaneval.background.service.health import free_port, is_healthy, url_of
from pytest_humaneval.models.broken_packages import environment_without
from pytest_humaneval.sample import Request

HOST = "127.0.0.1"
PATIENCE = 600.0  # seconds until a server is given up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    directory, absent = model_directory(), broken_packages()
    ours, server = [], []
    for run in range(runs + 1):
        ours.append(our_seconds())
        server.append(server_seconds(directory, absent))
        print(
            f"{'warm-up' if run == 0 else f'run {run}'}: ours {ours[-1]:.1f} s, server {server[-1]:.1f} s", flush=True
        )
    write_result(
        "engine_startup",
        {
            "unit": "seconds",
            "ours": [round(seconds, 2) for seconds in ours[1:]],
            "openai_server": [round(seconds, 2) for seconds in server[1:]],
            "ours_median": round(median(ours[1:]), 2),
            "openai_server_median": round(median(server[1:]), 2),
            "ratio_of_medians": round(median(ours[1:]) / median(server[1:]), 3),
        },
    )


def our_seconds() -> float:
    start = time.monotonic()
    with engine({}) as client:
        client.generation("key", Request(completion_prompt("def add(a, b):\n"), Sampling(max_tokens=1), 0))
        return time.monotonic() - start


def broken_packages() -> list[str]:
    """What our engine marks absent, such as a torchvision that does not match torch; the server gets the same."""
    code = "import pytest_humaneval.models.broken_packages as p; print(*p.mark_broken_packages_absent())"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def server_seconds(directory: Path, absent: list[str]) -> float:
    port = free_port(HOST, 0)
    settings = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    settings |= {"VLLM_CPU_KVCACHE_SPACE": "1"}  # GiB; ours takes 0.75, while its default wants nearly all memory
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(directory)]
    options = ["--host", HOST, "--port", str(port), "--max-model-len", "4096", "--dtype", "bfloat16"]
    with tempfile.TemporaryDirectory() as site:
        environment = environment_without(absent, os.environ | settings, Path(site))
        start = time.monotonic()
        with server_process(command + options, environment) as process:
            while not is_healthy(url_of(HOST, port), patience=2):
                if process.poll() is not None:
                    sys.exit(f"the server ended with status {process.returncode}")
                if time.monotonic() - start > PATIENCE:
                    sys.exit("the server did not become healthy")
                time.sleep(0.05)
            return time.monotonic() - start


if __name__ == "__main__":
    main()
