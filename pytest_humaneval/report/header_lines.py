"""What stands above the table of results: what was evaluated, by whom, and how it was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

from pytest_humaneval.dataset.kinds import num_shown
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.plan import Plan
from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.rewrite.rewritten_dataset import Rewritten
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import short_digest

HEADER_WIDTH = 80


def identity_line(identity: Identity) -> str:
    """Engine and model, as every figure carries them."""
    if identity.digest == identity.engine:  # a server: nobody knows what it runs but by its address
        return f"{identity.model} on {identity.engine}"
    return f"{identity.model} ({short_digest(identity.digest)}) on {identity.engine}"


def dataset_line(problems: int, name: str, sha256: str, shown: int = 0) -> str:
    """Which problems were asked, and how many assertions of its test a prompt shows."""
    note = f"; prompts show {counted(shown, 'assertion', 'assertions')} of their test" if shown else ""
    return f"{problems} of {name} (sha256 {short_digest(sha256)}){note}"


def problem_lines(plan: Plan, width: int) -> list[str]:
    """A line for each dataset."""
    if not plan.datasets:
        shown = num_shown(plan.problems)
        texts = [dataset_line(len(plan.problems), plan.dataset_name, plan.dataset_sha256, shown)]
    else:
        chosen = Counter(plan.dataset_of[problem.task_id] for problem in plan.problems)
        origins = plan.rewritten.origins if plan.rewritten is not None else {}
        originals = [
            dataset for dataset in plan.datasets if not any(each.task_id in origins for each in dataset.problems[:1])
        ]
        texts = [
            dataset_line(chosen[dataset.name], dataset.name, dataset.sha256, num_shown(dataset.problems))
            for dataset in originals
        ]
    lines = [line for text in texts for line in wrapped(text, width, "problems  ")]
    return [*lines, *(wrapped(rewritten_line(plan.rewritten), width, "rewritten ") if plan.rewritten else [])]


def rewritten_line(rewritten: Rewritten) -> str:
    """Which problems stand rewritten beside the original ones."""
    return rewritten_text(rewritten.made, rewritten.seed, rewritten.unfit)


def rewritten_text(counts: Counter[str], seed: int, unfit_of: Mapping[str, Sized]) -> str:
    """The same of the numbers of problems that each rewrite has made, and those that it does not fit."""
    made = counted(counts.total(), "problem", "problems")
    text = f"{made} with seed {seed}: {', '.join(f'{count} {name}' for name, count in counts.items())}"
    unfit = ", ".join(f"{name} {len(ids)}" for name, ids in unfit_of.items())
    return f"{text}; left out, as a rewrite does not fit: {unfit}" if unfit else text


def check_lines(
    timeout: float, memory: int, layers: Iterable[Sequence[str]], width: int, from_store: int = 0
) -> list[str]:
    """How completions were checked; machines may differ in the layers that their kernels have.

    ``from_store`` verdicts are those of former checks.
    """
    kept = f"; {counted(from_store, 'verdict', 'verdicts')} from the store" if from_store else ""
    texts = [", ".join(each) or "none was started" for each in layers]
    return [
        *wrapped(f"{timeout:g} s of CPU time, {memory} MiB{kept}", width, "checks    "),
        *(line for each in texts for line in wrapped(each, min(width, HEADER_WIDTH), "sandbox   ")),
    ]


def engine_lines(progress: Mapping[str, Any], width: int) -> list[str]:
    """What the engine did, from what is recorded of its process."""
    if not progress:
        return []
    made, stored = progress["finished"], progress["from_store"]
    if not made and not stored:
        return []
    seconds, tokens = progress["generating_seconds"], progress["tokens"]
    parts = []
    if made:
        rate = f", {tokens / seconds:.0f} tok/s" if seconds > 0 else ""
        parts.append(f"{made} generated in {seconds:.1f} s ({tokens} tokens{rate})")
        if progress["cached_prompt_tokens"]:
            share = progress["cached_prompt_tokens"] / progress["prompt_tokens"]
            parts.append(f"{share:.0%} of {progress['prompt_tokens']} prompt tokens from the prefix cache")
        warm = progress.get("warm", False)  # what an older release recorded does not tell
        parts.append(
            "warm engine: its model was loaded" if warm else f"engine ready in {progress['loading_seconds']:.1f} s"
        )
    if stored:
        parts.append(f"{stored} answered from the store")
    return wrapped("; ".join(parts), width, "engine    ")
