"""What vLLM needs around it: environment, threads, arguments."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pytest_humaneval.engine.precision import Precision, choose_precision
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.speculation import speculates, speculative_config
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.text.wording import did_you_mean, near_ones

MAX_MODEL_LEN = 4096  # tokens; HumanEval's longest prompts with solved examples stay under 1,500, an answer under 1,000
MAX_NUM_SEQS = 128  # sequences at a time on a CPU: a matrix product of 128 rows runs at 121 GFLOPS, of 64 at 101
TOKENS_PER_SEQUENCE = 768  # what a sequence takes of the cache when it is done, as a rule
BYTES_OF_A_NUMBER = {"float32": 4, "float": 4}  # in the cache, which has the model's precision; any other takes 2
# Tokens of a block in the cache, on a CPU, where vLLM takes 128: only whole blocks of a prompt are shared, and
# HumanEval's prompts have some 130 tokens. 32 is the least that the CPU's attention takes, and it costs nothing there:
# one step of 128 sequences of 350 tokens took 14 ms of CPU time with it, 15 to 17 with 128 (float32, AVX2).
BLOCK_SIZE = 32
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM makes room for
FEW_CORES = 2  # too few to set one of them aside


def engine_arguments(directory: Path, options: EngineOptions) -> Any:
    """The engine's ``EngineArgs``: our defaults, overridden by ``--humaneval-engine-arg``.

    Raises:
        EngineError: an argument that vLLM does not know, a value that it does not take, or several replicas.
    """
    from vllm import EngineArgs
    from vllm.platforms import current_platform

    namespace = _parse(options.engine_args)
    if (replicas := namespace.data_parallel_size or 1) > 1:  # each waits here for the others, which nobody starts
        raise EngineError(
            f"--humaneval-engine-arg: data-parallel-size={replicas} is for vLLM's server, which shares requests out "
            f"among its replicas. Start it with: python -m pytest_humaneval service start "
            f"--engine-arg=data-parallel-size={replicas}; then give its --humaneval-engine-url"
        )
    given = {_underscored(name).removeprefix("no_") for name in options.engine_args}
    cpu = current_platform.is_cpu()
    deep = {"kv_transfer_config": _deep_prompts(namespace, given)} if options.deep_prompts else {}
    defaults = default_arguments(directory, options, cpu=cpu) | deep
    if speculates(options, cpu=cpu):
        defaults["speculative_config"] = speculative_config()
    ours = {name: value for name, value in defaults.items() if name not in given}
    vars(namespace).update(ours, model=str(directory))
    return EngineArgs.from_cli_args(namespace)


def _deep_prompts(namespace: Any, given: Collection[str]) -> Any:
    """VLLM's configuration of what brings it the keys and values of deep prompts.

    Raises:
        EngineError: an argument that leaves no way for that.
    """
    from vllm.config import KVTransferConfig

    if "kv_transfer_config" in given:
        raise EngineError(
            "--humaneval-engine-arg: kv-transfer-config is what brings deep prompts into vLLM's cache; leave it out, "
            "or use --humaneval-engine=transformers"
        )
    if (namespace.tensor_parallel_size or 1) > 1:
        raise EngineError(
            f"--humaneval-engine-arg: tensor-parallel-size={namespace.tensor_parallel_size} gives each process some of "
            "the heads, and a deep prompt has keys and values for all; use one process"
        )
    return KVTransferConfig(
        kv_connector="DeepPrompts", kv_connector_module_path="pytest_humaneval.engine.vllm_deep", kv_role="kv_consumer"
    )


def precision_of(options: EngineOptions, *, cpu: bool) -> Precision:
    """The precision to compute in, and why: the user's, else what is faster here (precision.py)."""
    return choose_precision(options.engine_args.get("dtype"), options.cache_dir, _threads() | os.environ, cpu=cpu)


def default_arguments(directory: Path, options: EngineOptions, *, cpu: bool) -> dict[str, Any]:
    """What vLLM is told about the model in ``directory`` unless the user says otherwise, by ``EngineArgs``' names."""
    dtype = precision_of(options, cpu=cpu).dtype
    config = _read_config(directory)
    longest = min(MAX_MODEL_LEN, int(config.get("max_position_embeddings") or MAX_MODEL_LEN))
    common = {
        "max_model_len": longest,
        "dtype": dtype,
        "disable_log_stats": True,
        "enable_prefix_caching": True,
        "seed": 0,
        **({"enable_prompt_embeds": True} if options.virtual_tokens else {}),
        **(lora_arguments(options.lora_ranks) if options.lora_ranks else {}),
    }
    if not cpu:
        return common
    return common | {
        "max_num_seqs": MAX_NUM_SEQS,
        "block_size": BLOCK_SIZE,
        # Where half a prompt is computed, vLLM takes back a seeded sample in a way that only CUDA's generators know.
        "enable_chunked_prefill": False,
        # Compiling takes longer than it saves in a run of this size. With a cache size given, vLLM skips its trial run.
        "enforce_eager": True,
        "kv_cache_memory_bytes": _cache_bytes(config, longest, BYTES_OF_A_NUMBER.get(dtype, 2)),
    }


def lora_arguments(ranks: Sequence[int]) -> dict[str, Any]:
    """What vLLM is told for LoRAs of these ranks, all of which may be in one batch.

    Raises:
        EngineError: a rank that is larger than vLLM takes.
    """
    largest = max(ranks)
    if (allowed := next((rank for rank in LORA_RANKS if rank >= largest), None)) is None:
        raise EngineError(
            f"--strategy: vLLM takes LoRAs of a rank up to {LORA_RANKS[-1]}, not {largest}; "
            "--humaneval-engine=transformers takes any"
        )
    # One place more than there are: on a CPU vLLM 0.32 applies the last one to what has none in a mixed batch, as it
    # counts from the end there. The last one stays empty, a change by nothing.
    return {"enable_lora": True, "max_lora_rank": allowed, "max_loras": len(ranks) + 1}


def flag(name: str, value: str) -> str:
    """An argument as vLLM's command line spells it; ``true`` and ``false`` are switches there."""
    option = name.replace("_", "-")
    match value.lower():
        case "true":
            return f"--{option}"
        case "false":
            return f"--no-{option}"
    return f"--{option}={value}"


# Where a token's rank among all is asked for, vLLM has PyTorch compile a sum over the vocabulary: that takes a C++
# compiler, which not every machine has, and seconds, and leaves files behind.
INTERPRETED = {"TORCHDYNAMO_DISABLE": "1"}


def prepare_environment(*, offline: bool, cpu: bool) -> None:
    """Set what vLLM, torch and the hub client read when they are imported; what the user has set stays."""
    defaults = {
        # One device needs no second process, and half of the start-up time was that process.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_STREAM": "ext://sys.stderr",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **({"HF_HUB_OFFLINE": "1"} if offline else {}),
        **({**_threads(), **INTERPRETED} if cpu else {}),
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _threads() -> dict[str, str]:
    return {
        # vLLM takes OMP_NUM_THREADS for the user's will; without it, it falls back to one thread.
        "OMP_NUM_THREADS": str(num_cores()),
        # Threads that wait sleep instead of spinning: beside other busy processes spinning threads wait for each other
        # while neither may run (measured beside a load of 6: 21 tokens/s sleeping, 5 spinning).
        "OMP_WAIT_POLICY": "passive",
        # Where vLLM's engine is several processes, as in a server, it sets a core aside for its scheduler: of two cores
        # that is half of the machine (benchmarks.served_throughput).
        **({"VLLM_CPU_NUM_OF_RESERVED_CPU": "0"} if num_cores() <= FEW_CORES else {}),
    }


def num_cores() -> int:
    """Physical cores that this process may use: by its affinity, and by its container's share of CPU time."""
    logical = os.sched_getaffinity(0)
    cores = len({_siblings(cpu) for cpu in logical})
    return max(1, math.ceil(min(cores, _cpu_quota())))


def _siblings(cpu: int) -> str:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _cpu_quota() -> float:
    """CPUs' worth of time that the control group grants; infinite where it does not say."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf


def _read_config(directory: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((directory / "config.json").read_text())
    text: dict[str, Any] = config.get("text_config", {})
    return config | text


def _cache_bytes(config: dict[str, Any], longest: int, bytes_of_a_number: int) -> int:
    """Memory for keys and values: what a full batch needs, but no more than half of what is free."""
    heads = int(config.get("num_attention_heads", 32))
    head_size = int(config.get("head_dim") or int(config.get("hidden_size", 4096)) // heads)
    kv_heads = int(config.get("num_key_value_heads") or heads)
    keys_and_values = 2
    per_token = keys_and_values * int(config.get("num_hidden_layers", 32)) * kv_heads * head_size * bytes_of_a_number
    wanted = per_token * max(longest, MAX_NUM_SEQS * TOKENS_PER_SEQUENCE)
    return int(max(per_token * longest, min(wanted, _available_memory() // 2)))


def _available_memory() -> float:
    """Bytes that can be had without swapping, and that the control group grants."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    try:
        limit = float(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):  # "max" is no number
        limit = math.inf
    return min(limit, 1024.0 * int(fields["MemAvailable"].split()[0]))


def _parse(engine_args: dict[str, str]) -> Any:
    from vllm import EngineArgs
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    class Parser(FlexibleArgumentParser):  # type: ignore[misc,unused-ignore]
        def error(self, message: str) -> NoReturn:
            raise EngineError(f"--humaneval-engine-arg: {message}")

    parser = EngineArgs.add_cli_args(Parser(prog="vllm", allow_abbrev=False, add_help=False))
    namespace, unknown = parser.parse_known_args([flag(name, value) for name, value in engine_args.items()])
    if unknown:
        name = unknown[0].partition("=")[0].removeprefix("--")
        hint = did_you_mean(near_ones(_underscored(name), vars(namespace), 2), str)
        raise EngineError(f"--humaneval-engine-arg: vLLM has no argument {name!r}{hint and f'; {hint}'}")
    return namespace


def _underscored(name: str) -> str:
    return name.replace("-", "_")
