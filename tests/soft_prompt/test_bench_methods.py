"""Every method is a line of a bench's file, and gets there from the first token to its line in the table."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from tiny_training import tiny_directory

from soft_prompt.bench import Result, table, train_and_validate
from soft_prompt.bench_config import Bench, read_bench
from soft_prompt.config import Config

TEXT = """
budget_tokens = 2000
[common]
data = "mine.jsonl"
precision = "float32"
num_virtual_tokens = 4
batch_size = 2
gradient_accumulation_steps = 2
eval_steps = 1
num_generations = 2
max_completion_length = 4
sampler = "decoding"
teacher_file = "answers.jsonl"
[methods]
plain = {}
superpos = {kind = "mixture", num_mixed_tokens = 8}
deep = {kind = "deep"}
routed = {kind = "routed"}
attention = {kind = "attention", num_prompts = 2}
prototypes = {kind = "prototypes"}
network = {kind = "network"}
gated = {kind = "gated"}
lora = {kind = "lora", lora_rank = 2}
imitation = {objective = "distillation"}
imitation-kept = {objective = "distillation", teacher_top_k = 8}
best-answers = {objective = "distillation", teacher = "best_of", teacher_passing = true}
grpo = {objective = "reward", reward_compile = 0.5, reward_lint = 0.1, reward_length = 0.1}
ppo = {objective = "reward", num_iterations = 2}
passing = {objective = "passing", strategy = "chat"}
dpo = {objective = "preference"}
mixup = {mixup = 0.2}
contrast = {contrast = 0.1}
curriculum = {curriculum = true}
reptile = {meta = "reptile"}
fomaml = {meta = "fomaml"}
"""
ABOUT = {"list": "Rotate the list {} places.", "string": "Repeat the string {} times."}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    problems = [problem(category, number) for number in range(1, 5) for category in ABOUT]
    answers = [{"task_id": one["task_id"], "body": one["canonical_solution"]} for one in problems]
    for name, rows in (("mine", problems), ("answers", answers)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "bench.toml").write_text(TEXT)
    return read_bench(tmp_path / "bench.toml")


def problem(category: str, number: int) -> dict[str, str]:
    body = f"x[{number}:] + x[:{number}]" if category == "list" else f"x * {number}"
    return {
        "task_id": f"{category}/{number}",
        "prompt": f'def turn_{category}{number}(x):\n    """ {ABOUT[category].format(number)} """\n',
        "entry_point": f"turn_{category}{number}",
        "canonical_solution": f"    return {body}\n",
        "test": f"def check(candidate):\n    assert candidate('abcdef')\n    assert {number} > 0\n",
        "split": "validation" if number == 4 else "train",
    }


def test_every_kind_and_objective_is_a_method(bench: Bench) -> None:
    choices = get_type_hints(Config)
    for key in ("kind", "objective", "meta"):
        assert {getattr(config, key) for config in bench.methods.values()} == set(get_args(choices[key]))


@pytest.mark.nightly
@pytest.mark.filterwarnings("default")  # of TensorBoard and matplotlib
@pytest.mark.parametrize("method", [line.split()[0] for line in TEXT.partition("[methods]\n")[2].splitlines()])
def test_a_method_is_trained_and_validated(method: str, bench: Bench, tmp_path: Path) -> None:
    if method == "lora" and find_spec("peft") is None:
        pytest.skip("PEFT is not installed")
    train_and_validate(
        method, bench.config(method, 0, tmp_path), str(tiny_directory()), tmp_path / "cache", tmp_path / "out"
    )
    result = Result(**json.loads((tmp_path / "out" / "result.json").read_text()))
    assert result.problems == 2
    assert result.tokens >= 2000
    assert result.trainable > 0
    assert table([result])[2].startswith(f"| {method} | 1 | ")
