"""Lets transformers read a GGUF without spelling out a vocabulary that it does not look at.

transformers reads the header through ``gguf.GGUFReader`` for the configuration, for the weights and for the choice of a
tokenizer, each time with some 450,000 elements of the vocabulary's arrays, cut out of a memory map one by one: half of
the CPU time that it took to prepare the default model. Of such an array only the length matters there.
"""

from __future__ import annotations

import contextlib
import functools
import struct
from collections.abc import Callable, Iterator
from typing import Any

LONG = 1000  # elements of an array; those that say something about the model have one for each layer
ARRAY_HEAD = struct.Struct("<IQ")  # type and number of its elements
LENGTH = struct.Struct("<Q")  # of a string, in front of it


@contextlib.contextmanager
def quick_headers() -> Iterator[None]:
    """While this lasts, a reader that is taken from ``gguf`` gives every element of a long array as its first one."""
    import gguf

    reader, name_map = gguf.GGUFReader, gguf.get_tensor_name_map
    gguf.GGUFReader = _quick(reader)
    gguf.get_tensor_name_map = functools.cache(name_map)  # transformers asks for it once for every module of the model
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map = reader, name_map


@contextlib.contextmanager
def unpacking_watched(total: int, report: Callable[[int], None]) -> Iterator[None]:
    """While this lasts, report how many per cent of ``total`` bytes ``gguf`` has unpacked, every ten or so."""
    import gguf

    unpack, unpacked, reported = gguf.dequantize, 0, 0

    def watched(data: Any, kind: Any) -> Any:
        nonlocal unpacked, reported
        unpacked += data.nbytes
        if (percent := 100 * unpacked // total) >= reported + 10:
            report(percent)
            reported = percent
        return unpack(data, kind)

    gguf.dequantize = watched
    try:
        yield
    finally:
        gguf.dequantize = unpack


def _quick(reader: Any) -> Any:
    """``reader``, which looks at the first element of a long array only.

    It overrides a method that ``gguf`` has for itself. Where another release has none of that name, nothing calls ours,
    and reading takes as long as it did.
    """
    from gguf import GGUFValueType

    class QuickReader(reader):  # type: ignore[misc,unused-ignore]
        def _get_field_parts(self, orig_offs: int, raw_type: int) -> Any:
            if raw_type == GGUFValueType.ARRAY and self.byte_order == "I":  # else of the other byte order
                element, count = ARRAY_HEAD.unpack_from(self.data, orig_offs)
                start = orig_offs + ARRAY_HEAD.size
                if count > LONG and element != GGUFValueType.ARRAY:
                    size, parts, indices, types = super()._get_field_parts(start, element)
                    strings = element == GGUFValueType.STRING
                    end = _end_of_strings(self.data, start, count) if strings else start + size * count
                    return end - orig_offs, parts, indices * count, [GGUFValueType.ARRAY, *types]
            return super()._get_field_parts(orig_offs, raw_type)

    return QuickReader


def _end_of_strings(data: Any, offset: int, count: int) -> int:
    for _ in range(count):
        offset += LENGTH.size + LENGTH.unpack_from(data, offset)[0]
    return offset
