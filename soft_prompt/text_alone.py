"""What the text strategies of a bench solve by themselves, of the problems that its methods are compared on.

Without them a table of methods does not tell whether any of them learned something.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_humaneval.sample import Sampling

from .asking import Asker, Say, solved
from .assertions import Judge
from .config import Config

TEXT_ALONE = "text_alone.json"


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
            strategy = loaded.strategies[name]
            prompts = [strategy.build_prompt(problem.visible()) for problem in problems]
            passed = solved(asker, judge, problems, prompts, sampling, strategy.postprocess)
            baselines.append(Baseline(name, sum(passed), len(problems)))
    (output / TEXT_ALONE).write_text(json.dumps([asdict(each) for each in baselines], indent=2) + "\n")
    return baselines


def read_baselines(output: Path) -> list[Baseline]:
    """Those of an earlier call; none where there was none."""
    path = output / TEXT_ALONE
    return [Baseline(**each) for each in json.loads(path.read_text())] if path.is_file() else []
