"""A real Ray cluster: three nodes on one machine, each with its own processes and object store."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SMALL_STORE = 80 << 20  # bytes; Ray's least is 75 MiB
PATIENCE = 240  # seconds; on a busy machine Ray needs one to start
ENVIRONMENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listen on loopback alone
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",  # else 15: on a busy machine they would starve
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}

NODES = f"""
import sys
from ray.cluster_utils import Cluster

settings = {{"object_store_memory": {SMALL_STORE}, "include_dashboard": False}}
cluster = Cluster(initialize_head=True, head_node_args={{"num_cpus": 0, **settings}})
nodes = [cluster.add_node(num_cpus=1, **settings) for _ in range(2)]
print("address", cluster.address, flush=True)
for order in sys.stdin:
    if order == "kill a node\\n":
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        nodes.append(cluster.add_node(num_cpus=1, **settings))
        print("killed", flush=True)
cluster.shutdown()
"""


class ThreeNodes:
    """A head without CPUs and two nodes with one each, in processes that a test's own leaves alone."""

    def __init__(self, cache: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", NODES],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | ENVIRONMENT | {"XDG_CACHE_HOME": str(cache)},
        )  # fmt: skip
        self.address = self._answer("address ")

    def kill_a_node(self) -> None:
        """End one without notice; another one takes its place."""
        assert self._process.stdin is not None
        self._process.stdin.write("kill a node\n")
        self._process.stdin.flush()
        self._answer("killed")

    def kill_a_worker(self, task: str, at_work: int = 1) -> None:
        """End one of so many processes of Ray's that are at a task, as the kernel does when memory runs out."""
        os.kill(self.wait_for_workers(task, at_work)[0], signal.SIGKILL)

    def wait_for_workers(self, task: str, at_work: int) -> list[int]:
        """So many processes of Ray's that are at a task, as soon as there are."""
        workers: list[int] = []
        for _ in range(PATIENCE * 10):
            workers = [worker for worker in descendants(self._process.pid) if _title(worker).startswith(f"ray::{task}")]
            if len(workers) >= at_work:
                return workers
            time.sleep(0.1)
        raise TimeoutError(f"{len(workers)} processes were at {task}, not {at_work}")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _answer(self, start: str) -> str:
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if line.startswith(start))
        return line.removeprefix(start).strip()


def _title(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def descendants(process: int) -> Iterator[int]:
    """The processes below one."""
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                yield child
                yield from descendants(child)
