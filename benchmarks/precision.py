"""Whether the precision is well chosen: products in float32 and bfloat16, as a run times them and as vLLM makes them.

    python -m benchmarks.precision [--rows 1 24 64 128]

A run decides by one product of PyTorch's (pytest_humaneval/engine/precision.py). Here are beside it the products of all
layers of the default model, made by what vLLM takes on this processor, at several numbers of rows. What that does to a
whole job: ``python -m benchmarks.engine_throughput --problems 24 --variant dtype=float32 --variant dtype=bfloat16``.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from benchmarks.engine_measure import write_result
from pytest_humaneval.engine.precision import DTYPES, faster, measure
from pytest_humaneval.engine.vllm_setup import prepare_environment
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent

# Outputs and inputs of Qwen2.5-Coder-0.5B's layers, and how many there are of each.
LAYERS = {
    "qkv": (1152, 896, 24),
    "attention output": (896, 896, 24),
    "gate and up": (9728, 896, 24),
    "down": (896, 4864, 24),
    "vocabulary": (151936, 896, 1),
}
ROUNDS = 5


def main() -> None:
    """Time the products, and write what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 24, 64, 128], help="sequences in a batch")
    rows = parser.parse_args().rows
    prepare_environment(offline=True, cpu=True)
    mark_broken_packages_absent()
    decisive = measure()
    measured = [{"rows": count, **step(count)} for count in rows]
    write_result(
        "precision",
        {
            "decisive_product_milliseconds": {name: round(1000 * seconds, 2) for name, seconds in decisive.items()},
            "chosen": str(faster(decisive)),
            "threads": os.environ["OMP_NUM_THREADS"],
            "products_of_a_step_as_vllm_makes_them": measured,
        },
    )


def step(rows: int) -> dict[str, Any]:
    """Milliseconds of all products of one step, in both types, and bfloat16's share of float32's."""
    taken = {dtype: sum(layer(rows, *shape, dtype) for shape in LAYERS.values()) for dtype in DTYPES}
    share = taken["bfloat16"] / taken["float32"]
    return {
        **{f"{dtype}_milliseconds": round(milliseconds, 1) for dtype, milliseconds in taken.items()},
        "share": round(share, 2),
    }


def layer(rows: int, outputs: int, inputs: int, count: int, dtype: str) -> float:
    """Milliseconds of ``count`` products with one kind of layer: the best of some."""
    import torch
    from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm

    linear = torch.nn.Linear(inputs, outputs, bias=False, dtype=getattr(torch, dtype))
    dispatch_cpu_unquantized_gemm(linear, remove_weight=False)
    batch = torch.ones(rows, inputs, dtype=getattr(torch, dtype))
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        linear.cpu_linear(batch, linear.weight, None)
        best = min(best, time.perf_counter() - start)
    return 1000 * count * best


if __name__ == "__main__":
    main()
