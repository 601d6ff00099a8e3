"""Soft prompts among the strategies of a run."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from mini import PROBLEMS, RIGHT, Evaluate, distributed, row_of
from tiny_model import make_tiny_model

# Here, not in a test: pytester forgets modules that were imported during its test, and PyTorch breaks when it is
# imported a second time.
with contextlib.suppress(ImportError):
    import safetensors.torch  # noqa: F401


@pytest.fixture
def soft(pytester: pytest.Pytester) -> Path:
    """A checkpoint's folder, where pytest is called."""
    folder = pytester.path / "runs" / "mbpp"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 20}')
    (folder / "adapter_model.safetensors").write_bytes(b"numbers")
    return folder


@distributed
def test_a_soft_prompt_is_one_strategy_among_others(soft: Path, evaluate: Evaluate, workers: str) -> None:
    script = {f"{task} minimal": "    pass\n" for task in RIGHT}
    result = evaluate(workers, "-v", strategy="minimal,soft:runs/mbpp", script=script)
    result.assert_outcomes(passed=3, failed=3)
    assert row_of(result, "soft:mbpp")["pass@1"] == "1.000"
    assert row_of(result, "minimal")["pass@1"] == "0.000"
    result.stdout.fnmatch_lines(["*[[]Mini/0-add-soft:mbpp[]]*"])


def test_its_items_can_be_selected(soft: Path, evaluate: Evaluate) -> None:
    evaluate("-k", "soft:mbpp and Mini/1-", strategy="minimal,soft:runs/mbpp").assert_outcomes(passed=1, deselected=5)


def test_a_soft_prompt_of_another_model_ends_the_run_before_it_starts(
    soft: Path, pytester: pytest.Pytester, mini: Path
) -> None:
    pytest.importorskip("transformers")
    manifest = {"model": "tiny", "model_spec": "./tiny", "model_digest": "sha256:0123456789abcdef"}
    (soft / "soft_prompt.json").write_text(json.dumps(manifest))
    model = pytester.mkdir("other")
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    result = pytester.runpytest_inprocess(
        "--strategy=soft:runs/mbpp", "--humaneval-engine=transformers", f"--humaneval-model={model}",
        f"--humaneval-dataset={mini}", "--humaneval-cache-dir=cache",
    )  # fmt: skip
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*soft:mbpp was made for tiny (sha256:0123456789abcdef), not for other (sha256:*"])


def test_a_run_with_a_real_if_tiny_model_asks_with_the_soft_prompt(
    pytester: pytest.Pytester, mini: Path, workers: str
) -> None:
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    make_tiny_model(pytester.path / "tiny")
    folder = pytester.mkdir("noise")
    save_file({"prompt_embeddings": torch.ones(3, 128)}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3}')
    result = pytester.runpytest_subprocess(
        workers, "--strategy=minimal,soft:noise", "--humaneval-engine=transformers", "--humaneval-model=tiny",
        f"--humaneval-dataset={mini}", "--humaneval-cache-dir=cache", "--humaneval-max-tokens=8",
        "--humaneval-output=out",
    )  # fmt: skip
    result.assert_outcomes(failed=6)  # noise solves nothing, but was generated and checked
    rows = [json.loads(line) for line in (pytester.path / "out" / "results.jsonl").read_text().splitlines()]
    tokens = {(row["task_id"], row["strategy"]): row["prompt_tokens"] for row in rows}
    for problem in PROBLEMS:
        task = problem["task_id"]
        assert tokens[task, "soft:noise"] == tokens[task, "minimal"] + 3
