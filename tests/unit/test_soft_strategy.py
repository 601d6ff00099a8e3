from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from learned_folders import WORDS, selected, written

from pytest_humaneval import Problem, chat_prompt
from pytest_humaneval.exceptions import ModelError, StrategyError
from pytest_humaneval.prompting.soft_strategy import SoftStrategy, check_model, have_deep_prompts

NUMBERS = Problem("T/1", 'def f(a: int) -> int:\n    """The number."""\n', "f", "", "")


def checkpoint(folder: Path, content: bytes = b"numbers", peft_type: str = "PROMPT_TUNING", **manifest: Any) -> Path:
    return written(folder, {"peft_type": peft_type, "num_virtual_tokens": 20}, content, manifest)


def test_a_folder_becomes_a_strategy_of_its_name(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "runs" / "mbpp", strategy="chat")
    (one,) = selected(f"soft:{folder}")
    assert (one.name, one.mode, one.postprocess) == ("soft:mbpp", "chat", "post_v5")
    prompt = one.build_prompt(WORDS)
    assert prompt.messages == chat_prompt(WORDS.prompt).messages
    assert prompt.virtual_tokens is not None
    assert prompt.virtual_tokens.directory == str(folder)


def test_the_best_checkpoint_of_a_training_is_taken(tmp_path: Path) -> None:
    checkpoint(tmp_path / "mbpp" / "best")
    (one,) = selected("soft:mbpp", folder=tmp_path)
    tokens = one.build_prompt(WORDS).virtual_tokens
    assert (one.name, tokens and tokens.directory) == ("soft:mbpp", str(tmp_path / "mbpp" / "best"))


def test_deep_prompts_are_told_to_the_engine(tmp_path: Path) -> None:
    checkpoint(tmp_path / "plain")
    checkpoint(tmp_path / "deep", peft_type="PREFIX_TUNING")
    assert not have_deep_prompts(selected("minimal,soft:plain", folder=tmp_path))
    assert have_deep_prompts(selected("minimal,soft:deep", folder=tmp_path))


def test_the_digest_says_which_numbers_and_what_they_mean(tmp_path: Path) -> None:
    folders = [
        checkpoint(tmp_path / "a"),
        checkpoint(tmp_path / "b", strategy="chat"),
        checkpoint(tmp_path / "c", b"others"),
        checkpoint(tmp_path / "d", peft_type="PREFIX_TUNING"),
    ]
    digests = [
        tokens.digest
        for folder in folders
        for one in selected(f"soft:{folder}")
        if (tokens := one.build_prompt(WORDS).virtual_tokens) is not None
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_routed_prompts_are_chosen_by_the_problem_s_category(tmp_path: Path) -> None:
    best = tmp_path / "mbpp" / "best"
    routes = {name: name for name in ("string", "list", "sorting", "math", "other")}
    for name in routes:
        checkpoint(best / name, name.encode())
    (best / "routes.json").write_text(json.dumps(routes))
    (one,) = selected("soft:mbpp", folder=tmp_path)
    folders = [tokens.directory for problem in (WORDS, NUMBERS) if (tokens := one.build_prompt(problem).virtual_tokens)]
    assert folders == [str(best / "string"), str(best / "math")]


def test_soft_prompts_go_with_text_strategies_and_all(tmp_path: Path) -> None:
    checkpoint(tmp_path / "mbpp")
    assert [one.name for one in selected("soft:mbpp,minimal", folder=tmp_path)] == ["minimal", "soft:mbpp"]
    assert [one.name for one in selected("all,soft:mbpp", folder=tmp_path)] == ["chat", "minimal", "soft:mbpp"]
    assert [one.name for one in selected("soft:mbpp", "soft:./mbpp", folder=tmp_path)] == ["soft:mbpp"]


def test_two_folders_of_one_name_are_an_error(tmp_path: Path) -> None:
    for parent in ("a", "b"):
        checkpoint(tmp_path / parent / "mbpp")
    with pytest.raises(StrategyError, match=r"a/mbpp and .*b/mbpp would both be named 'soft:mbpp'; rename one"):
        selected("soft:a/mbpp,soft:b/mbpp", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "soft:missing",
            r"missing is not a soft prompt: the folder does not exist; python -m soft_prompt train makes",
        ),
        ("soft:empty", r"empty is not a soft prompt: it has no adapter_config\.json"),
        ("soft:a b", r"a b cannot be the name of a strategy; give the folder a name of letters"),
        (
            "soft:lora",
            r"peft_type 'LORA' with 20 virtual tokens is not a soft prompt; expected PROMPT_TUNING, PREFIX",
        ),
        ("soft:stranger", r"was trained with the strategy 'polite', which is unknown"),
        ("soft:broken", r"adapter_config\.json: not JSON"),
        ("soft:half", r"adapter_model\.safetensors: cannot be read \(No such file"),
    ],
)
def test_what_is_no_soft_prompt_says_why(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    checkpoint(tmp_path / "lora", peft_type="LORA")
    checkpoint(tmp_path / "stranger", strategy="polite")
    (checkpoint(tmp_path / "broken") / "adapter_config.json").write_text("{")
    (checkpoint(tmp_path / "half") / "adapter_model.safetensors").unlink()
    with pytest.raises(StrategyError, match=message):
        selected(name, folder=tmp_path)


def test_a_soft_prompt_of_another_model_is_refused_with_both_named(tmp_path: Path) -> None:
    checkpoint(tmp_path / "mbpp", model="tiny", model_spec="./tiny", model_digest="sha256:0123456789abcdef")
    chosen = selected("soft:mbpp,minimal", folder=tmp_path)
    assert isinstance(chosen[1], SoftStrategy)
    check_model(chosen, "tiny", "sha256:0123456789abcdef")
    with pytest.raises(
        ModelError, match=r"soft:mbpp was made for tiny \(sha256:0123456789abcdef\), not for large \(sha256:ffff\)"
    ):
        check_model(chosen, "large", "sha256:ffff")
