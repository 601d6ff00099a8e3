"""What a step frees is kept, until there is too much of it."""

from __future__ import annotations

import json
import subprocess
import sys

STEPS = """
import ctypes, json
import pytest_humaneval.engine.memory as memory
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]
freed = memory.FreedMemory()
freed.keep()
before, resident = freed._resident(), []
for mebibytes in (60, 150):
    block = library.malloc(mebibytes << 20)
    ctypes.memset(block, 1, mebibytes << 20)
    library.malloc(1 << 20)  # stays, behind it
    library.free(block)
    memory.GROWTH = 100 << 20
    resident.append(freed._resident() - before >> 20)
    freed.bound()
    resident.append(freed._resident() - before >> 20)
print(json.dumps(resident))
"""


def test_what_is_freed_is_kept_until_it_piles_up() -> None:
    ended = subprocess.run([sys.executable, "-c", STEPS], stdout=subprocess.PIPE, text=True, check=True)
    kept, still_kept, piled_up, given_back = json.loads(ended.stdout)
    assert kept >= 58
    assert still_kept >= 58
    assert piled_up >= 200  # a gap of 60 MiB is too small for what comes next
    assert given_back <= 20
