r"""A race against llama.cpp: the same GGUF, the same prompts and stop strings, as many threads, greedily.

    python -m benchmarks.races.llama_cpp --rounds 2 --problems 24 [--sequences 4 8 24] [--strategy minimal] [--keep DIR]

llama.cpp answers as many prompts at a time as it has sequences. Where several numbers are given, each runs once (which
benchmarks/results/llama_cpp_sequences.json keeps), and the one that generated fastest takes part in the rounds.

Ours is a whole run of pytest on the dequantised weights, from the start of its process to the written verdicts.
llama.cpp's is a process that loads the GGUF, answers, and writes its answers down; judging them is no part of its time.
Post-processing and sandbox are the same for both. Before the rounds each runs once on one problem, so that files and
what can be cached are in the caches of both.

llama.cpp comes with node-llama-cpp, which has it built for each kind of processor; no script of a package has to run:

    mkdir node && cd node && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install --ignore-scripts node-llama-cpp
    export HUMANEVAL_NODE_LLAMA_CPP=$PWD

For a CPU, and for strategies in completion mode.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine_measure import CACHE, model_directory, write_result
from benchmarks.races import end_to_end
from benchmarks.races.contestants import Outcome
from benchmarks.races.end_to_end import Field, Run, folder_for
from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.engine.stops import cut_at_stop
from pytest_humaneval.engine.vllm_setup import prepare_environment
from pytest_humaneval.models.find import DEFAULT_MODEL, find_model
from pytest_humaneval.models.weights import verified_gguf
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.prompting.registry import register
from pytest_humaneval.sample import Sampling
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT
from pytest_humaneval.strategy import Strategy

INSTALLATION = "HUMANEVAL_NODE_LLAMA_CPP"
DRIVER = Path(__file__).with_name("llama_cpp_driver.mjs")
HOW_TO_INSTALL = f"""\
{INSTALLATION} does not name a folder that has node_modules/node-llama-cpp; this makes one:
    mkdir node && cd node && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install --ignore-scripts node-llama-cpp
    export {INSTALLATION}=$PWD"""


@dataclass(frozen=True)
class LlamaCpp:
    """llama.cpp with so many sequences, asked by its driver."""

    gguf: Path
    installation: Path
    problems: tuple[Problem, ...]  # all that it may be asked
    asks: Strategy
    sequences: int
    max_tokens: int = Sampling().max_tokens
    name: str = "llama.cpp"

    @property
    def strategy(self) -> str:
        """Its name."""
        return self.asks.name

    def prepare(self, problems: Sequence[Problem], folder: Path) -> None:
        prompts = [self.asks.build_prompt(problem.visible()) for problem in problems]
        job = {
            "model": str(self.gguf),
            "threads": int(os.environ["OMP_NUM_THREADS"]),  # as many as ours
            "sequences": min(self.sequences, len(problems)),
            "max_tokens": self.max_tokens,
            "questions": [{"text": prompt.text, "stop": prompt.stop} for prompt in prompts],
        }
        (folder / "questions.json").write_text(json.dumps(job))

    def command(self, problems: int) -> list[str]:
        return ["node", str(DRIVER), str(self.installation), "questions.json", "answers.json"]

    def environment(self) -> dict[str, str]:
        return {}

    def verdicts(self, folder: Path) -> Path:
        """The file with the answers: they are judged afterwards."""
        return folder / "answers.json"

    def outcome(self, folder: Path) -> Outcome:
        run = json.loads(self.verdicts(folder).read_text())
        answers = run["answers"]
        return Outcome(
            prompts=tuple(tuple(answer["prompt"]) for answer in answers),
            tokens=sum(answer["tokens"] for answer in answers),
            truncated=sum(answer["finish_reason"] == "length" for answer in answers),
            passed=judged(self.asks, self.problems[: len(answers)], [answer["text"] for answer in answers]),
            generating_seconds=run["generating_seconds"],
        )


def main() -> None:
    """Find the number of sequences, race, and write down how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="0 only compares numbers of sequences")
    parser.add_argument("--problems", type=int, default=24, metavar="N", help="HumanEval's first N")
    parser.add_argument("--sequences", type=int, nargs="+", default=[4, 8, 24], metavar="N", help="of llama.cpp")
    parser.add_argument("--strategy", default="minimal", help="a strategy in completion mode")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the files of all runs in this new folder")
    options = parser.parse_args()
    installation = installation_named(os.environ.get(INSTALLATION, ""))
    prepare_environment(offline=True, cpu=True)
    problems = tuple(read_problems()[: options.problems])
    with folder_for(options.keep) as folder:
        field = Field(model_directory(), problems, folder, os.environ)
        gguf = verified_gguf(find_model(DEFAULT_MODEL, CACHE), folder, lambda text: None)
        asks = strategy_named(options.strategy)
        peers = [LlamaCpp(gguf, installation, problems, asks, number) for number in options.sequences]
        fastest = fastest_of(peers, field)
        if options.rounds:
            write_result("llama_cpp", race(fastest, field, options.rounds))


def installation_named(folder: str) -> Path:
    """The folder with node-llama-cpp in it."""
    if shutil.which("node") is None:
        sys.exit("node was not found on PATH; llama.cpp is run by Node.js 20 or later")
    if not folder or not Path(folder, "node_modules", "node-llama-cpp").is_dir():
        sys.exit(HOW_TO_INSTALL)
    return Path(folder).resolve()


def strategy_named(name: str) -> Strategy:
    """One of ours, which asks for a text to be continued."""
    import importlib

    strategies = register(importlib.import_module("pytest_humaneval.strategies").bundled())
    if name not in strategies or strategies[name].mode != "completion":
        sys.exit(f"--strategy: {name!r} is not a strategy in completion mode")
    return strategies[name]


def fastest_of(peers: Sequence[LlamaCpp], field: Field) -> LlamaCpp:
    """The one that generates fastest; where there is a choice, how each did is written down."""
    if len(peers) == 1:
        return peers[0]
    field.run(peers[0], "sequences/first", field.problems[:1])  # fills the caches
    runs = [(peer, field.run(peer, f"sequences/{peer.sequences}", field.problems)) for peer in peers]
    tried = [{"sequences": peer.sequences, **run.facts()} for peer, run in runs]
    write_result("llama_cpp_sequences", {**common(peers[0], field), "runs": tried})
    return min(runs, key=lambda pair: pair[1].outcome.generating_seconds)[0]


def race(peer: LlamaCpp, field: Field, rounds: int) -> dict[str, Any]:
    """Our runs against llama.cpp's, taking turns."""
    wanted = end_to_end.our_prompts(peer.strategy, field.problems, field.model)
    ours, theirs, first = end_to_end.take_turns(peer, field, rounds)
    print(table(ours, theirs, len(field.problems)))
    record = json.loads(next(field.folder.glob("**/out/run.json")).read_text())
    return {
        **common(peer, field),
        "our_engine": record["identity"]["engine"],
        "sequences": peer.sequences,
        "prompts": end_to_end.compare_prompts(wanted, theirs[0].outcome.prompts),
        "same_verdicts": end_to_end.same_verdicts(field.problems, ours[0].outcome, theirs[0].outcome),
        "first_start": first,
        "rounds": [{"ours": a.facts(), peer.name: b.facts()} for a, b in zip(ours, theirs, strict=True)],
        **end_to_end.ratios(ours, theirs),
        "median_ratio_of_generating": round(ratio_of_generating(ours, theirs), 3),
    }


def common(peer: LlamaCpp, field: Field) -> dict[str, Any]:
    """What a result has to say beside the figures; ``field`` has seen a run of the peer's."""
    report = json.loads(next(field.folder.glob("**/answers.json")).read_text())
    return {
        "strategy": peer.strategy,
        "problems": len(field.problems),
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "llama_cpp": {**report["versions"], "system": report["system"]},
    }


def ratio_of_generating(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """Ours over theirs, the median of the rounds."""
    pairs = zip(ours, theirs, strict=True)
    return median(a.outcome.generating_seconds / b.outcome.generating_seconds for a, b in pairs)


def judged(asks: Strategy, problems: Sequence[Problem], texts: Sequence[str]) -> frozenset[str]:
    """Of which problems the texts are right, made into completions as a run makes them."""
    with open_sandbox(SandboxOptions("auto")) as sandbox:
        return frozenset(
            problem.task_id
            for problem, text in zip(problems, texts, strict=True)
            if sandbox.check(problem, completion_of(asks, problem, text), timeout=DEFAULT_TIMEOUT).passed
        )


def completion_of(asks: Strategy, problem: Problem, text: str) -> str:
    """The code in what llama.cpp wrote, up to and without the stop string."""
    prompt = asks.build_prompt(problem.visible())
    written, _ = cut_at_stop(text, prompt.stop)
    return postprocess(asks.postprocess, problem.visible(), prompt, written).text


def table(ours: Sequence[Run], theirs: Sequence[Run], problems: int) -> str:
    """Markdown: the medians of both."""
    rows = ["| | start to end, s | generating, s | CPU time, s | tokens | pass@1 |", "|---|--:|--:|--:|--:|--:|"]
    for name, runs in (("ours", ours), ("llama.cpp", theirs)):
        outcomes = [run.outcome for run in runs]
        cells = [
            name,
            f"{median(run.seconds for run in runs):.1f}",
            f"{median(outcome.generating_seconds for outcome in outcomes):.1f}",
            f"{median(run.cpu_seconds for run in runs):.1f}",
            f"{median(outcome.tokens for outcome in outcomes):,.0f}",
            f"{median(len(outcome.passed) for outcome in outcomes) / problems:.3f}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
