"""vLLM's OpenAI server with more patience for its own processes, for several replicas in one.

vLLM starts a coordinator for them, which imports torch and vLLM anew: 20 s of CPU time. It gives up when that has no
address after 120 s, which cannot be set; on a busy machine it takes longer.
"""

from __future__ import annotations

import multiprocessing.connection
import runpy
from typing import Any

SERVER = "vllm.entrypoints.openai.api_server"
PATIENCE = 600.0  # seconds, as vLLM has it for the engines themselves


def await_coordinator(coordinator: Any) -> None:
    """Have a coordinator's class wait longer for its process; as long as vLLM itself then finds that it is there."""
    in_vllm = coordinator._wait_for_zmq_addrs

    def wait_longer(self: Any, pipe: Any) -> Any:
        multiprocessing.connection.wait([pipe, self.proc.sentinel], timeout=PATIENCE)
        return in_vllm(self, pipe)

    coordinator._wait_for_zmq_addrs = wait_longer


if __name__ == "__main__":
    from vllm.v1.engine.coordinator import DPCoordinator

    if hasattr(DPCoordinator, "_wait_for_zmq_addrs"):  # of 0.32; what has another name is left alone
        await_coordinator(DPCoordinator)
    runpy.run_module(SERVER, run_name="__main__", alter_sys=True)  # its children import that, not this
