"""A bench of soft prompts on the tiny model: the budget, the rule, the files, and what it refuses."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from test_data import written_mbpp
from tiny_training import SHORT, tiny_directory

from pytest_humaneval.exceptions import ConfigError, DatasetError, InfrastructureError, InputError
from soft_prompt import bench
from soft_prompt.bench import RULE, Result, chosen, final, run_bench, table
from soft_prompt.bench_config import Bench, read_bench
from soft_prompt.checkpoint import TrainerState, write_prompt
from soft_prompt.config import Config
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.text_alone import read_baselines
from soft_prompt.watch import read_metrics

TEXT = """
seeds = [0, 1]
budget_tokens = 900
[common]
data = "mbpp.jsonl"
precision = "float32"
num_virtual_tokens = 4
batch_size = 1
gradient_accumulation_steps = 1
eval_steps = 2
max_eval_samples = 2
sampler = "decoding"
[methods.likelihood]
[methods.mixture]
kind = "mixture"
num_mixed_tokens = 8
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written_mbpp(tmp_path)
    (tmp_path / "bench.toml").write_text(TEXT)
    return tmp_path


def result(method: str, seed: int = 0, **others: Any) -> Result:
    facts = {"validation_loss": 1.0, "passed": 5, "problems": 10, "trainable": 100, "tokens": 1, "seconds": 1.0}
    return Result(method, seed, **{**facts, "memory_mib": 1, **others})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": "minimall"}, "methods.mixture: strategy: unknown strategy 'minimall'; did you mean 'minimal'"),
        ({"teacher_url": "http://a/v1", "teacher_file": "b"}, "methods.mixture: teacher_url and teacher_file exclude"),
        ({"kind": "attention", "source_prompts": ("gone",)}, "methods.mixture: .*gone"),
    ],
)
def test_what_would_end_a_later_training_is_refused_before_the_first(
    settings: dict[str, Any], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_apart", pytest.fail)
    asked = read_bench(folder / "bench.toml")
    last = replace(asked.methods["mixture"], **settings)
    with pytest.raises(InputError, match=message):
        run_bench(replace(asked, methods={**asked.methods, "mixture": last}), "any", folder / "cache", folder / "out")
    (folder / "mbpp.jsonl").unlink()
    with pytest.raises(DatasetError, match=r"mbpp\.jsonl"):
        run_bench(asked, "any", folder / "cache", folder / "out")
    assert not (folder / "out").exists()


def test_what_a_training_refuses_is_told_once_with_its_method(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    asked = replace(read_bench(folder / "bench.toml"), budget_tokens=1, seeds=(0,))
    with pytest.raises(ConfigError, match=r"^likelihood, seed 0: budget_tokens: one step takes \d+ tokens, more than"):
        run_bench(asked, str(tiny_directory()), folder / "cache", folder / "out")
    assert "budget_tokens" not in capfd.readouterr().err


@pytest.mark.filterwarnings("default")  # of TensorBoard and matplotlib
def test_every_method_gets_the_same_budget_and_is_not_trained_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def here(method: str, config: Config, *others: Any) -> None:
        trained.append((method, config.seed))
        bench.train_and_validate(method, config, *others)

    monkeypatch.setattr(bench, "_apart", here)
    asked = replace(read_bench(folder / "bench.toml"), seeds=(0,))
    model, cache, output = str(tiny_directory()), folder / "cache", folder / "out"
    results = run_bench(asked, model, cache, output)
    assert trained == [("likelihood", 0), ("mixture", 0)]
    for each in results:
        metrics = read_metrics(output / each.method / "seed-0")
        assert each.tokens == sum(step.tokens for step in metrics)
        assert each.tokens - metrics[-1].tokens < 900 <= each.tokens, "the step that reaches the budget is the last"
        assert metrics[-1].validation_loss is not None
        assert each.problems == 3
    assert results[0].trainable == 4 * 128
    assert results[1].trainable == 8 * 128 + 4 * 8
    monkeypatch.setattr("soft_prompt.text_alone.Asker", pytest.fail)
    assert run_bench(asked, model, cache, output) == results
    assert len(trained) == 2
    (alone,) = read_baselines(output)
    assert (alone.strategy, alone.problems) == ("minimal", 3)
    assert "| minimal, text alone | | | 0.000 | [0.000, 0.56" in (output / "bench.md").read_text()
    assert json.loads((output / "protocol.json").read_text())["rule"] == RULE
    assert RULE in (output / "bench.md").read_text()
    with pytest.raises(ConfigError, match="holds a bench of other methods, seeds or budget"):
        run_bench(replace(asked, budget_tokens=901), model, cache, output)
    short = replace(asked.config("likelihood", 0, output), max_input_tokens=0, max_hours=1e-9)
    with pytest.raises(ConfigError, match=r"one step takes \d+ s, longer than the 1e-09 h of the whole training"):
        bench.train_and_validate("likelihood", short, model, cache, folder / "short")


@pytest.mark.filterwarnings("default")  # of TensorBoard and matplotlib
def test_a_method_goes_on_from_what_another_one_ended_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_apart", bench.train_and_validate)
    file = folder / "bench.toml"
    file.write_text(
        TEXT.replace("[0, 1]", "[1]").replace("900", "300")
        + '[methods.further]\nstart_from = "likelihood"\nlearning_rate = 1e-9\n'
    )
    output = folder / "out"
    results = run_bench(read_bench(file), str(tiny_directory()), folder / "cache", output)
    assert [each.start_from for each in results] == ["", "", "likelihood"]
    begun, gone_on = (
        load_file(output / method / "seed-1" / "best" / "adapter_model.safetensors")["prompt_embeddings"]
        for method in ("likelihood", "further")
    )
    assert float((begun - gone_on).abs().max()) < 1e-6, "learning that slowly it stays what it began with"
    assert "| further, from likelihood | 1 |" in (output / "bench.md").read_text()


def test_the_rule_takes_the_best_mean_then_the_smaller_method_then_the_best_seed() -> None:
    lucky = [result("lucky", 0, passed=9), result("lucky", 1, passed=1)]
    steady = [result("steady", 0, passed=6), result("steady", 1, passed=6, validation_loss=0.5)]
    large = [result("large", seed, passed=6, trainable=1_000) for seed in (0, 1)]
    assert chosen([*lucky, *large, *steady]) == steady[1]
    assert table([*lucky, *steady])[2].startswith("| steady | 2 | 0.7500 | 0.600 (0.600, 0.600) | [")


def test_the_final_evaluation_is_done_once(
    tmp_path: Path, frozen: FrozenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_prompt(tmp_path / "plain" / "seed-3", make_prompt(frozen, SHORT), frozen, SHORT, TrainerState())
    commands: list[list[str]] = []
    statuses = [4, 1]  # a run that could not begin, and one in which something failed

    def run(command: list[str], **_: Any) -> Any:
        commands.append(command)
        (tmp_path / "final").mkdir(exist_ok=True)
        return type("Ended", (), {"returncode": statuses.pop(0)})

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(InfrastructureError, match="status 4; its output is above"):
        final(tmp_path, [result("plain", 3)])
    assert final(tmp_path, [result("plain", 3)], ["--humaneval-limit=2"]) == 1
    assert f"--strategy=minimal,chat,lm_eval_instruct,soft:{tmp_path / 'plain' / 'seed-3'}" in commands[1]
    assert commands[1][-1] == "--humaneval-limit=2"
    assert f"--humaneval-model={frozen.spec}" in commands[1], "the one that the bench was on"
    with pytest.raises(ConfigError, match="another look would be another choice"):
        final(tmp_path, [result("plain", 3)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seeds = [0, 1]", "seeds = [0, 0]"), "seeds has one of"),
        (("seeds = [0, 1]", "seeds = []"), "seeds must be a list of whole numbers from 0"),
        (("budget_tokens = 900", ""), "has no budget, and no training would end; give budget_tokens or budget_hours"),
        (("budget_tokens = 900", "budget_tokens = 0.5"), "budget_tokens must be a whole number from 0, not 0.5"),
        (("budget_tokens = 900", "budget_hours = -1"), "budget_hours must be a number from 0, not -1"),
        (("budget_tokens", "budget"), "unknown key 'budget'; did you mean 'budget_hours' or 'budget_tokens'"),
        (("eval_steps = 2", "seed = 2"), "common: seed is the bench's to choose"),
        (('kind = "mixture"', 'kind = "mix"'), "methods.mixture: kind must be one of"),
        (('kind = "mixture"', 'kind = "gated"'), "methods.mixture: gradient_accumulation_steps: has to be 2 or more"),
        (("[methods.mixture]", "[methods.'a/b']"), "'a/b' cannot name a method"),
        (
            ('kind = "mixture"', "max_train_samples = 2"),
            "max_train_samples has to be the same for all methods",
        ),
        (("seeds = [0, 1]", "seeds = ["), "not TOML"),
        (
            ('kind = "mixture"', 'start_from = "mixture"'),
            "methods.mixture: start_from: 'mixture' is not a method above it; there are likelihood",
        ),
        (
            ('kind = "mixture"', 'start_from = "likelihood"\nnum_virtual_tokens = 5'),
            "methods.mixture: start_from: 'likelihood' has 4 virtual tokens, this one 5",
        ),
        (
            ("num_mixed_tokens = 8", "[methods.m]\nstart_from = 'mixture'"),
            "methods.m: start_from: 'mixture' is of the kind 'mixture'; only from a plain prompt",
        ),
        (
            ('kind = "mixture"', 'kind = "gated"\nstart_from = "likelihood"\ngradient_accumulation_steps = 2'),
            "methods.mixture: start_from: prompt_tuning_init: kind = 'gated' mixes the other initialisations",
        ),
    ],
)
def test_what_a_bench_refuses(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    file = tmp_path / "bench.toml"
    file.write_text(TEXT.replace(*change))
    with pytest.raises(ConfigError, match=message):
        read_bench(file)


def test_trainings_go_seed_by_seed() -> None:
    trainings = Bench((4, 5), 1, {"a": Config(), "b": Config()}).trainings()
    assert [*trainings] == [("a", 4), ("b", 4), ("a", 5), ("b", 5)]
