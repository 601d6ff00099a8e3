"""What the text strategies of a bench solve by themselves, of the problems that its methods are compared on.

Without them a table of methods does not tell whether any of them learned something.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.sample import Sampling
from pytest_humaneval.strategy import Strategy

from .asking import Asker
from .assertions import Judge
from .config import Config

TEXT_ALONE = "text_alone.json"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A text strategy on MBPP's validation split, greedy."""

    strategy: str
    passed: int
    problems: int

    @property
    def pass_at_1(self) -> float:
        return self.passed / self.problems


def text_alone(configs: Sequence[Config], model: str, cache_dir: Path, output: Path, say: Say) -> list[Baseline]:
    """Those that the methods of a bench stand in front of; asked once, and kept in ``output``.

    Raises:
        InputError: data, model or strategy that cannot be used.
    """
    from .session import load

    if known := read_baselines(output):
        return known
    loaded = load(configs[0], model, cache_dir, say)  # a bench has one data for all
    problems, baselines = loaded.validation, []
    with closing(Asker(loaded.frozen, configs[0], say)) as asker, closing(Judge()) as judge:
        for name, config in {each.strategy: each for each in reversed(configs)}.items():
            sampling = Sampling(max_tokens=config.max_completion_length)
            solved = _solved(loaded.strategies[name], problems, asker, judge, sampling)
            baselines.append(Baseline(name, solved, len(problems)))
    (output / TEXT_ALONE).write_text(json.dumps([asdict(each) for each in baselines], indent=2) + "\n")
    return baselines


def read_baselines(output: Path) -> list[Baseline]:
    """Those of an earlier call; none where there was none."""
    path = output / TEXT_ALONE
    return [Baseline(**each) for each in json.loads(path.read_text())] if path.is_file() else []


def _solved(strategy: Strategy, problems: Sequence[Problem], asker: Asker, judge: Judge, sampling: Sampling) -> int:
    prompts = [strategy.build_prompt(problem.visible()) for problem in problems]
    texts = asker.texts(prompts, sampling, [0] * len(prompts))
    completions = [
        postprocess(strategy.postprocess, problem.visible(), prompt, text).text
        for problem, prompt, text in zip(problems, prompts, texts, strict=True)
    ]
    return sum(judge.share(problem, each) == 1.0 for problem, each in zip(problems, completions, strict=True))
