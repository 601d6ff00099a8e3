"""How many tokens of a soft prompt's training are padding: counted, not timed.

    python -m benchmarks.soft_prompt_padding --data mbpp.jsonl

For epochs of likelihood on MBPP's training split, by text strategy and batch size: as batches are cut (``batches``),
and in the order that chance gives. For samples, as the objectives reward, passing and preference learn from them: the
draws of ``adaptive_choice``, five of each problem, behind questions of either form, a batch's problems at a time. Takes
the model's tokenizer alone.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from statistics import fmean, quantiles
from typing import Any

from benchmarks.adaptive_choice import kept
from benchmarks.engine_measure import model_directory, write_result
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.find import DEFAULT_MODEL
from pytest_humaneval.problem import Problem
from soft_prompt.batches import Example, encode, epoch_batches, fitting, hardly_padded, padding_share
from soft_prompt.config import Config
from soft_prompt.session import bundled_strategies
from soft_prompt.training_data import read_training_data

STRATEGIES = ("minimal", "chat", "lm_eval_instruct")
SIZES = (2, 4, 8, 16)
EPOCHS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="MBPP's .jsonl, or its id on the hub")
    options = parser.parse_args()
    mark_broken_packages_absent()
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model_directory())
    data = read_training_data(options.data)
    likelihood = {name: of_likelihood(encoded(data.train, name, tokenizer)) for name in STRATEGIES}
    samples = {name: of_samples(encoded(data.validation, name, tokenizer)) for name in STRATEGIES}
    write_result("soft_prompt_padding", {"likelihood": likelihood, "samples": samples})


def encoded(problems: Sequence[Problem], strategy: str, tokenizer: Any) -> tuple[Example, ...]:
    """Problems as the training sees them."""
    chosen = bundled_strategies()[strategy]
    examples = (encode(problem, chosen, tokenizer, DEFAULT_MODEL) for problem in problems)
    return fitting(examples, Config().max_length)


def of_likelihood(examples: Sequence[Example]) -> dict[str, Any]:
    """Shares by batch size: of the batches of epochs, and of those that chance gives."""
    shares = {
        str(size): {
            "batches": mean_share(epoch_batches(examples, size, seed=0, epoch=epoch) for epoch in range(EPOCHS)),
            "by_chance": mean_share(cut(shuffled(examples, epoch), size) for epoch in range(EPOCHS)),
        }
        for size in SIZES
    }
    return {"examples": len(examples), "quartiles": quantiles(map(len, examples), n=4), "padding": shares}


def of_samples(examples: Sequence[Example]) -> dict[str, Any]:
    """The same for batches of sampled completions, those of as many problems at a time as a batch has."""
    questions = {example.task_id: example for example in examples}
    drawn: dict[str, dict[int, int]] = defaultdict(dict)  # tokens of each draw, once, whatever judged it
    for row in kept():
        drawn[row.task_id][row.index] = min(row.tokens, Config().max_completion_length)
    groups = [samples_of(questions[task], drawn[task].values()) for task in sorted(drawn) if task in questions]
    shares = {}
    for size in SIZES:
        steps = [list(chain.from_iterable(part)) for part in cut(groups, size)]
        cut_well = [batch for step in steps for batch in hardly_padded(step, size)]
        shares[str(size)] = {
            "batches": mean_share([cut_well]),
            "completions_of_a_batch": round(fmean(map(len, cut_well)), 2),
            "as_drawn": mean_share([[batch for step in steps for batch in cut(step, size)]]),
        }
    return {"problems": len(groups), "draws": sum(map(len, groups)), "padding": shares}


def samples_of(question: Example, lengths: Iterable[int]) -> list[Example]:
    """Completions of these lengths behind a question; what they say pads nothing."""
    return [Example(question.task_id, question.category, question.prompt, (0,) * length) for length in lengths]


def mean_share(epochs: Iterable[Sequence[Sequence[Example]]]) -> float:
    return round(fmean(padding_share(batches) for batches in epochs), 4)


def shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    return random.Random(seed).sample(examples, len(examples))


def cut(items: Sequence[Any], size: int) -> list[list[Any]]:
    """Parts of ``size`` in the order that there is."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


if __name__ == "__main__":
    main()
