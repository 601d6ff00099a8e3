"""Trains a soft prompt, evaluates it once on HumanEval, and reports.

    pytest benchmarks/test_soft_prompt_training.py -m benchmark --soft-prompt-config=benchmarks/soft_prompt/plain.toml

A training that was stopped goes on when it is called again.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.engine_measure import CACHE, RESULTS, machine
from pytest_humaneval.engine.vllm_setup import prepare_environment
from pytest_humaneval.models.find import DEFAULT_MODEL


@pytest.mark.benchmark
@pytest.mark.filterwarnings("default")  # of TensorBoard, matplotlib and datasets: no concern of a measurement
def test_a_soft_prompt_is_trained_and_compared_with_its_text_strategy(
    pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_environment(offline=False, cpu=True)  # before PyTorch is imported, which reads it
    pytest.importorskip("torch")
    from soft_prompt.before_and_after import evaluate
    from soft_prompt.config import read_config, sources
    from soft_prompt.session import run_training

    given = pytestconfig.getoption("--soft-prompt-config")
    if given is None:
        pytest.skip("needs --soft-prompt-config=FILE, for instance benchmarks/soft_prompt/plain.toml")
    config = read_config(Path(given), data=pytestconfig.getoption("--soft-prompt-data"))
    output = Path(pytestconfig.getoption("--soft-prompt-output") or f"soft_prompts/{Path(given).stem}")
    cache = Path(pytestconfig.getoption("humaneval_cache_dir") or CACHE)
    model = pytestconfig.getoption("humaneval_model") or DEFAULT_MODEL
    with capsys.disabled():  # it takes hours; somebody may be watching
        trained = run_training(config, model, cache, output)
        comparison = evaluate(output, model=model, arguments=[f"--humaneval-cache-dir={cache}"])
        print("\n".join(comparison.lines()))
    measured = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "model": model,
        "data": trained.data,
        "config": config.to_dict() | {"data": ", ".join(Path(source).name for source in sources(config))},
        "training": asdict(trained.state),
        "comparison": asdict(comparison) | {"p": comparison.p},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"soft_prompt_{output.name}.json").write_text(json.dumps(measured, indent=2) + "\n")
    assert trained.state.best_step > 0
    assert comparison.problems > 0
