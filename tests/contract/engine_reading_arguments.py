"""The engine process, which has read arguments that cannot be had before it becomes one.

vLLM takes most of ten seconds to import; here two tests share that. The arguments, ``name=value`` each, are in the
environment variable ARGUMENTS, and what was said of them goes to the file that SAID names.
"""

from __future__ import annotations

import os
import runpy
import tempfile
from pathlib import Path

from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.vllm_setup import engine_arguments, prepare_environment
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent


def said_of(argument: str) -> str:
    """What reading the argument ends with."""
    name, _, value = argument.partition("=")
    try:
        engine_arguments(Path(tempfile.gettempdir()), EngineOptions(engine_args={name: value}, deep_prompts=True))
    except EngineError as error:
        return str(error)
    return "nothing"


if __name__ == "__main__":
    prepare_environment(offline=True, cpu=True)
    mark_broken_packages_absent()
    output = os.dup(1)
    os.dup2(2, 1)  # vLLM's, which belongs into the log
    said = [said_of(argument) for argument in os.environ["ARGUMENTS"].split()]
    Path(os.environ["SAID"]).write_text("\n".join(said))
    os.dup2(output, 1)
    os.close(output)
    runpy.run_module("pytest_humaneval.engine.host", run_name="__main__")
