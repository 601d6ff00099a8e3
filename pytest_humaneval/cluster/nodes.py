"""Ray: joins a cluster or starts one here, hands pieces out as tasks, and says what became of each.

Ray itself repeats nothing (``max_retries=0``): it would repeat what kills its worker processes as often as what a lost
node takes along. Here the two are told apart, and a result that was lost is simply asked for again.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from types import TracebackType
from typing import Any, Self

from pytest_humaneval.cluster.chunking import Sample
from pytest_humaneval.cluster.judging import Judged, Piece, Reply
from pytest_humaneval.cluster.ray_cluster import first_line, join, other_version, package_version
from pytest_humaneval.cluster.workbench import Setup, bench_for
from pytest_humaneval.exceptions import ClusterError, InputError, SandboxError

POLL = 0.2  # seconds; what is ready meanwhile comes together
RECOUNT = 5.0  # seconds between two looks at how many CPUs there are: nodes come and go

Answer = tuple[str, tuple[str, ...], list[tuple[Any, ...]]]
"""What a task returns, in plain builtins: a complaint or nothing; the sandbox's layers; the fields of each verdict."""


def judge(version: str, run: str, setup: Sequence[Any], samples: list[tuple[str, str, int, str]]) -> Answer:
    """The task. ``setup`` holds a reference to the :class:`Setup`, in a list as Ray would fetch it for every task.

    Raises:
        InputError: this node has another version of the package.
    """
    if complaint := other_version(version):
        raise InputError(complaint)
    import ray

    try:
        bench = bench_for(run, lambda: ray.get(setup[0]))
    except SandboxError as error:
        return f"{socket.gethostname()}: {error}", (), []
    judged = bench.judge([Sample(*sample) for sample in samples])
    return "", bench.layers, [astuple(verdict) for verdict in judged]


class Nodes:
    """The worker processes of a Ray cluster. A context manager: leaving it leaves the cluster, or ends its own."""

    def __init__(self, address: str, setup: Setup) -> None:
        self._address = address
        self._setup = setup
        self._pieces: dict[Any, Piece] = {}  # by the reference of their task's result
        self._cpus, self._counted_at = 1, 0.0

    def __enter__(self) -> Self:
        """Join or start the cluster.

        Raises:
            InputError: Ray is not installed, or there is no such cluster.
        """
        # Ray would kill a worker's sandbox with it; left alone, the sandbox ends by itself and cleans up.
        ray = join(self._address, {"RAY_kill_child_processes_on_worker_exit": "0"})
        self._ray = ray
        self._task = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(judge)
        self._reference = ray.put(self._setup)
        self._version = package_version()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ray.shutdown()  # tasks of ours that still run end with our leaving

    @property
    def cpus(self) -> int:
        """Those of all nodes that are alive."""
        if time.monotonic() - self._counted_at > RECOUNT:
            self._cpus, self._counted_at = int(self._ray.cluster_resources().get("CPU", 0)), time.monotonic()
        return self._cpus

    @property
    def count(self) -> int:
        """How many nodes are alive."""
        return sum(node["Alive"] for node in self._ray.nodes())

    def submit(self, piece: Piece) -> None:
        """Hand a piece to whichever node has a CPU for it."""
        samples = [(*sample.item, sample.completion) for sample in piece.samples]
        reference = self._task.remote(self._version, self._reference.hex(), [self._reference], samples)
        self._pieces[reference] = piece

    def replies(self) -> Iterator[Reply]:
        """What came to an end within the next ``POLL`` seconds.

        Raises:
            InputError: a node has another version of the package, or none.
        """
        waiting = list(self._pieces)
        ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=POLL)
        for reference in ready:
            yield self._reply(self._pieces.pop(reference), reference)

    def _reply(self, piece: Piece, reference: Any) -> Reply:
        errors = self._ray.exceptions
        try:
            complaint, layers, judged = self._ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, errors.RayError):  # the setup could not be fetched
                return Reply(piece, lost_node=first_line(error.cause))
            raise _refusal(error) from None
        except (errors.NodeDiedError, errors.ObjectLostError, errors.ObjectFetchTimedOutError) as error:
            return Reply(piece, lost_node=first_line(error))
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            return Reply(piece, crash=first_line(error))
        except errors.RayError as error:
            raise ClusterError(f"Ray: {type(error).__name__}: {first_line(error)}") from None
        return Reply(piece, tuple(Judged(*values) for values in judged), tuple(layers), refusal=complaint)


def _refusal(error: Any) -> Exception:
    """What it means that a task could not be run: never a completion's doing."""
    if isinstance(error.cause, InputError):
        return InputError(str(error.cause))
    reason = str(error.cause or error).strip().splitlines()[-1]
    return InputError(
        f"--ray: a node cannot judge ({reason}); every node needs pytest-humaneval {package_version()} and its "
        "dependencies"
    )
