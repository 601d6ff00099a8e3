"""What a run was computed on: processor, cores, memory."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

# What of a processor decides how fast it multiplies, in either precision; x86's names and Arm's.
TELLING = frozenset(
    {"avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8", "bf16", "i8mm", "asimd", "sve"}
)
CPUINFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """The processor's model, as it calls itself; what Python knows of it elsewhere."""
    return _lines().get("model name") or platform.processor() or platform.machine()


def processor_flags() -> frozenset[str]:
    """What the first processor can do; x86 calls the line flags, Arm Features. Empty where nobody says."""
    lines = _lines()
    return frozenset((lines.get("flags") or lines.get("Features") or "").split())


def telling_flags() -> list[str]:
    """Those of its instructions that decide how fast it multiplies."""
    return sorted(TELLING & processor_flags())


def machine() -> dict[str, Any]:
    """For run.json: the processor, its instructions that matter, the cores for this process, memory in MiB."""
    return {
        "processor": processor_name(),
        "instructions": telling_flags(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
    }


def _lines() -> dict[str, str]:
    """The first processor's lines of /proc/cpuinfo, by name."""
    try:
        first = CPUINFO.read_text().partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
