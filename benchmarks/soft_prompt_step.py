"""A training step against the least it could take, and against PEFT's.

    python -m benchmarks.soft_prompt_step --repeats 5

In turn, on the same batch with the same virtual tokens: forward and backward of the bare model with its own loss; a
step of ours (padding, forward, loss, backward, clipping, optimizer); a step of PEFT's prompt tuning (the same without
padding). The medians are compared, of the time that passed and of the CPU time it took: on a busy machine the second
says more.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.engine_measure import CACHE, write_result
from pytest_humaneval.engine.vllm_setup import prepare_environment
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.find import DEFAULT_MODEL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--data", required=True, help="MBPP's .jsonl, or its id on the hub")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    prepare_environment(offline=False, cpu=True)
    mark_broken_packages_absent()
    steps = prepared(options)
    for step in steps.values():
        step()  # the first one allocates
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.repeats):
        for name, step in steps.items():
            begun, cpu_begun = time.perf_counter(), time.process_time()
            step()
            cpu_seconds[name].append(round(time.process_time() - cpu_begun, 3))
            seconds[name].append(round(time.perf_counter() - begun, 3))
            print(name, seconds[name][-1], cpu_seconds[name][-1], flush=True)
    settings = {"model": options.model, "batch_size": options.batch_size, "precision": options.precision}
    write_result("soft_prompt_step", {**settings, "wall": compared(seconds), "cpu": compared(cpu_seconds)})


def compared(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """The single times, their medians, and ours over the others'."""
    median = {name: statistics.median(each) for name, each in seconds.items()}
    ratios = {f"ours_over_{name}": round(median["ours"] / median[name], 3) for name in ("bare", "peft")}
    return {"seconds": seconds, "median": median, **ratios}


def prepared(options: argparse.Namespace) -> dict[str, Callable[[], None]]:
    """The three steps by name, on one batch."""
    import torch

    from soft_prompt.batches import collate, epoch_batches
    from soft_prompt.checkpoint import TrainerState
    from soft_prompt.config import Config
    from soft_prompt.initial import make_prompt
    from soft_prompt.model import load_frozen, prepend
    from soft_prompt.objectives import Likelihood
    from soft_prompt.session import bundled_strategies, encoded
    from soft_prompt.train import backward, clip
    from soft_prompt.training_data import read_training_data

    config = Config(batch_size=options.batch_size, precision=options.precision, data=options.data)
    frozen = load_frozen(options.model, CACHE, options.precision, print)
    data = read_training_data(options.data)
    examples = encoded(data, bundled_strategies()[config.strategy], frozen, config).train
    chosen = epoch_batches(examples, options.batch_size, seed=0, epoch=0)[0]
    batch = collate(chosen, frozen.tokenizer.eos_token_id)
    prompt, objective = make_prompt(frozen, config), Likelihood()
    optimizer = torch.optim.AdamW(prompt.parameters(), lr=config.learning_rate)

    def ours() -> None:
        works = objective.prepare(prompt, frozen, chosen, 0)
        backward(prompt, frozen, objective, works, Path(), TrainerState())
        clip(prompt, config.max_grad_norm, works, Path(), TrainerState())
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    virtual = prompt.tensors()[""].detach().to(frozen.embeddings.dtype).expand(len(batch), -1, -1)
    inputs, mask = prepend(virtual, frozen.embed(batch.input_ids), batch.attention_mask)
    labels = torch.cat([batch.labels.new_full(virtual.shape[:2], -100), batch.labels], dim=1)

    def bare() -> None:
        leaf = inputs.detach().requires_grad_()
        frozen.model(inputs_embeds=leaf, attention_mask=mask, labels=labels, use_cache=False).loss.backward()

    return {"bare": bare, "ours": ours, "peft": _peft(frozen.model, batch, config)}


def _peft(model: Any, batch: Any, config: Any) -> Callable[[], None]:
    import peft
    import torch

    wanted = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=config.num_virtual_tokens)
    wrapped = peft.get_peft_model(model, wanted)
    trainable = [parameter for parameter in wrapped.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=config.learning_rate)

    def step() -> None:
        fields = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": batch.labels}
        wrapped(**fields, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, config.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


if __name__ == "__main__":
    main()
