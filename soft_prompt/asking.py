"""Text prompts put to the frozen model, as many at once as there are, by whatever samples fastest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_humaneval.engine.decoding import Continuation
from pytest_humaneval.engine.encoding import encode_prompt
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Sampling

from .assertions import Judge
from .config import Config
from .model import FrozenModel, PlainPrompt
from .samplers import make_sampler

Say = Callable[[str], None]


class Asker:
    """Answers without virtual tokens; to be closed."""

    def __init__(self, frozen: FrozenModel, config: Config, say: Say) -> None:
        self._frozen = frozen
        # vLLM, where it is installed and nothing else is asked for: here everything is sampled.
        self._sampler = make_sampler(replace(config, objective="passing", kind="plain"), say)
        self._nothing = PlainPrompt(frozen.embeddings.new_zeros(0, frozen.embeddings.shape[1]))

    def texts(self, prompts: Sequence[Prompt], sampling: Sampling, seeds: Sequence[int]) -> list[str]:
        """What the model answers to each, up to its stops, drawn with its seed."""
        tokenizer, name = self._frozen.tokenizer, self._frozen.name
        rows = [
            Continuation(str(number), encode_prompt(tokenizer, prompt, name), sampling, seed, prompt.stop)
            for number, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True))
        ]
        self._sampler.fill(self._nothing, self._frozen, rows)
        return [row.text for row in rows]

    def close(self) -> None:
        """Free what samples."""
        self._sampler.close()


def solved(
    asker: Asker,
    judge: Judge,
    problems: Sequence[Problem],
    prompts: Sequence[Prompt],
    sampling: Sampling,
    postprocessor: str,
) -> list[bool]:
    """Whether the greedy answer to each problem's prompt, post-processed, holds under all of its assertions."""
    texts = asker.texts(prompts, sampling, [0] * len(prompts))
    completions = [
        postprocess(postprocessor, problem.visible(), prompt, text).text
        for problem, prompt, text in zip(problems, prompts, texts, strict=True)
    ]
    return [judge.share(problem, each) == 1.0 for problem, each in zip(problems, completions, strict=True)]
