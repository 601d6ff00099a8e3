"""Seccomp filters as classic BPF programs, from rules that can be read."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000  # x86-64's second set of numbers, which would slip past a table of the first

# Offsets into struct seccomp_data: int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]. Both machines are
# little endian: the low half of an argument comes first.
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

_INSTRUCTION = struct.Struct("<HBBI")  # code, jump if true, jump if false, k
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_OR_EQUAL, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06


class Test(NamedTuple):
    """Holds when ``argument & mask == value``. ``mask`` may have 64 bits."""

    argument: int
    mask: int
    value: int


class Rule(NamedTuple):
    """Allows a call when every test of one of the alternatives holds; otherwise it fails with ``error``."""

    alternatives: tuple[tuple[Test, ...], ...]
    error: int


def fail(error: int) -> int:
    """The action that makes a call return an error number."""
    return 0x00050000 | error


def program(machine: str, calls: Mapping[str, int], actions: Iterable[tuple[str, int | Rule]], default: int) -> bytes:
    """A filter: an action or a rule per call (those the machine does not have are left out), ``default`` for all
    others.

    A call of another architecture's numbering ends the process.
    """
    code = [
        _instruction(_LOAD, _ARCH),
        _instruction(_JUMP_EQUAL, AUDIT_ARCH[machine], 1, 0),
        _instruction(_RETURN, KILL_PROCESS),
        _instruction(_LOAD, _NUMBER),
        _instruction(_JUMP_GREATER_OR_EQUAL, X32_BIT, 0, 1),
        _instruction(_RETURN, KILL_PROCESS),
    ]
    for name, action in actions:
        if name in calls:
            body = _rule(action) if isinstance(action, Rule) else [_instruction(_RETURN, action)]
            code += [_instruction(_JUMP_EQUAL, calls[name], 0, len(body)), *body]
    code.append(_instruction(_RETURN, default))
    return b"".join(code)


def _rule(rule: Rule) -> list[bytes]:
    code: list[bytes] = []
    for tests in rule.alternatives:
        code += _alternative(tests)
    return [*code, _instruction(_RETURN, fail(rule.error))]


def _alternative(tests: tuple[Test, ...]) -> list[bytes]:
    """Built from its end, because a failed test jumps over all that follows."""
    code = [_instruction(_RETURN, ALLOW)]
    for test in reversed(tests):
        for offset, mask, value in reversed(_halves(test)):
            check = [_instruction(_LOAD, offset), _instruction(_AND, mask)]
            code = [*check, _instruction(_JUMP_EQUAL, value, 0, len(code)), *code]
    return code


def _halves(test: Test) -> list[tuple[int, int, int]]:
    """The 32-bit comparisons that make up the test: offset, mask, value."""
    low = _ARGUMENTS + 8 * test.argument
    halves = [(low, test.mask & 0xFFFFFFFF, test.value & 0xFFFFFFFF), (low + 4, test.mask >> 32, test.value >> 32)]
    return [half for half in halves if half[1]]


def _instruction(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, if_true, if_false, k)
