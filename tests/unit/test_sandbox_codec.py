from __future__ import annotations

import enum
import itertools
import math
import struct
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque, namedtuple
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_humaneval.sandbox.wire.codec import (
    MAX_DEPTH,
    MAX_HASHED,
    MAX_INTEGER,
    MAX_ITEMS,
    MAX_MESSAGE,
    MAX_TYPE_NAME,
    CodecError,
    Opaque,
    OpaqueError,
)
from pytest_humaneval.sandbox.wire.decoder import decode
from pytest_humaneval.sandbox.wire.encoder import encode

hashables: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.fractions()
    | st.decimals(allow_nan=False, places=3)
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3)),
    lambda inner: st.lists(inner, max_size=5).map(tuple) | st.frozensets(inner, max_size=5),
    max_leaves=10,
)
values: st.SearchStrategy[Any] = st.recursive(
    hashables
    | st.binary().map(bytearray)
    | st.binary().map(lambda data: memoryview(data))
    | st.binary().map(partial(array, "B")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(hashables, inner, max_size=5)
        | st.sets(hashables, max_size=5)
        | st.builds(deque, st.lists(inner, max_size=5), st.none() | st.integers(5, 9))
    ),
    max_leaves=20,
)


def structure(value: Any) -> Any:
    """The value with its types: True == 1 == 1.0, but they are not the same answer."""
    if isinstance(value, (list, tuple, deque)):
        return type(value), [structure(item) for item in value]
    if isinstance(value, dict):
        return dict, [(structure(key), structure(item)) for key, item in value.items()]
    return type(value), value


@given(values)
@example(-0.0)
@example([2**63 - 1, -(2**63)] * 20)
@example([2**63] * 20)
@example([1, True] * 20)
@example([1.5] * 20)
@example((1.5,) * 20)
def test_value_arrives_as_it_was_sent(value: Any) -> None:
    arrived = decode(encode(value))
    assert arrived == value
    assert structure(arrived) == structure(value)


def test_float_arrives_to_the_bit() -> None:
    for number in (math.nan, -0.0, math.inf, 5e-324):
        assert struct.pack("<d", decode(encode(number))) == struct.pack("<d", number)


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_an_error(data: bytes) -> None:
    with suppress(CodecError):
        decode(data)


@given(values, st.data())
def test_damaged_message_is_an_error_or_another_value(value: Any, data: st.DataObject) -> None:
    message = bytearray(encode(value))
    position = data.draw(st.integers(0, len(message) - 1))
    message[position] = data.draw(st.integers(0, 255))
    with suppress(CodecError):
        decode(bytes(message))


class Number(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Text(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class Items(list[Any]):
    def __iter__(self) -> Any:
        return iter("lies")


class Colour(enum.IntEnum):
    RED = 7


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number(7), 7),
        (Text("no"), "no"),
        (Items([1]), [1]),
        (Colour.RED, 7),
        (Point(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (UserList([1]), [1]),
        (UserDict(a=1), {"a": 1}),
        (UserString("a"), "a"),
        (ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (eval("type('Number', (int,), {})(7)", {}), 7),  # has no __module__
    ],
)
def test_subclass_crosses_as_its_base(value: Any, expected: Any) -> None:
    assert structure(decode(encode(value))) == structure(expected)


def test_views_of_a_dict_keep_their_meaning() -> None:
    entries = {"a": 1, "b": 2}
    assert decode(encode(entries.keys())) == {"a", "b"}
    assert decode(encode(entries.keys())) != ["a", "b"]
    assert list(decode(encode(entries.values()))) == [1, 2]
    assert decode(encode(entries.items())) == {("a", 1), ("b", 2)}


def test_iterator_arrives_as_an_iterator() -> None:
    arrived = decode(encode(number for number in (1, 2)))
    assert arrived != [1, 2]
    assert list(arrived) == [1, 2]


def test_what_cannot_cross_arrives_as_its_type_and_truth() -> None:
    arrived = decode(encode([print, ...]))
    assert all(isinstance(item, Opaque) for item in arrived)
    assert arrived != [print, ...]
    assert repr(arrived[0]) == "<builtin_function_or_method object>"
    assert bool(arrived[0])


def test_strict_encoding_refuses_what_cannot_cross() -> None:
    with pytest.raises(CodecError, match="type ellipsis") as refusal:
        encode((1, [...]), strict=True)
    assert not refusal.value.by_size


def test_what_could_not_cross_once_cannot_be_sent_on() -> None:
    arrived = decode(encode(print))
    with pytest.raises(OpaqueError, match="a value of type builtin_function_or_method"):
        encode([arrived], strict=True)


def test_name_of_a_type_is_cut_by_the_receiver() -> None:
    arrived = decode(b"o1s" + count(5000) + b"x" * 5000)
    assert arrived.type_name == "x" * MAX_TYPE_NAME


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_is_capped_at_both_ends() -> None:
    assert decode(encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(CodecError, match="nested deeper"):
        encode(nested(MAX_DEPTH + 1))
    with pytest.raises(CodecError, match="nested deeper"):
        decode(b"l\1\0\0\0" * (MAX_DEPTH + 1) + b"N")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1 << (8 * MAX_INTEGER), "integer of more than"),
        ("x" * MAX_MESSAGE, "more than 8388608 bytes"),
        (["x"] * (MAX_ITEMS + 1), "items"),
        ([1] * (MAX_MESSAGE // 8 + 1), "more than 8388608 bytes"),
        (itertools.repeat("x"), "items"),
        (itertools.count(), "items"),
    ],
    ids=["integer", "text", "list", "numbers", "same for ever", "counting for ever"],
)
def test_sender_refuses_what_is_too_large(value: Any, message: str) -> None:
    with pytest.raises(CodecError, match=message) as refusal:
        encode(value)
    assert refusal.value.by_size


def count(number: int) -> bytes:
    return struct.pack("<I", number)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"l" + count(0xFFFFFFFF), "items"),
        (b"Plq" + count(0xFFFFFFFF), "block"),
        (b"Plx" + count(1) + b"x", "block"),
        (b"Pq", "block|malformed"),
        (b"s" + count(5) + b"x", "ends early"),
        (b"s" + count(1) + b"\xff", "malformed"),
        (b"S" + count(MAX_HASHED + 1) + b"N" * (MAX_HASHED + 1), "keys"),
        (b"m" + count(2 * MAX_HASHED + 2) + b"N" * (2 * MAX_HASHED + 2), "keys"),
        (b"m" + count(1) + b"N", "malformed"),
        (b"S" + count(1) + b"l" + count(0), "malformed"),
        (b"I" + count(MAX_INTEGER + 1) + bytes(MAX_INTEGER + 1), "integer"),
        (b"r" + encode(0) + encode(10**18) + encode(1), "range"),
        (b"r" + encode(0) + encode(10) + encode(0), "malformed"),
        (b"r" + encode("x") * 3, "not an integer"),
        (b"R" + encode(1) + encode(0), "malformed"),
        (b"D" + count(8) + b"1e999999", "exponent"),
        (b"D" + count(1) + b"x", "malformed"),
        (b"o1N", "no opaque value"),
        (b"oNs" + count(0), "no opaque value"),
        (b"q" * 100_000, "malformed"),
        (b"o" * 100_000, "malformed"),
        (b"", "malformed"),
        (b"NN", "after its end"),
        (b"!", "no type"),
        (bytes(MAX_MESSAGE + 1), "more than 8388608 bytes"),
    ],
)
def test_receiver_refuses_bombs_and_nonsense(data: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        decode(data)


def test_shared_parts_cannot_multiply_without_end() -> None:
    value: Any = ["x"]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(CodecError, match="items or"):
        encode(value)


def test_only_the_oracle_may_send_many_keys() -> None:
    message = encode(dict.fromkeys(range(MAX_HASHED + 1)))
    assert len(decode(message, known={})) == MAX_HASHED + 1
    with pytest.raises(CodecError, match="keys"):
        decode(message)


def test_child_sees_equal_constants_as_one_object() -> None:
    known: dict[int, int] = {}
    first, second = decode(encode(([653, "some_word"], [653] * 20)), known=known)
    again = decode(encode([653, "some_word"]), known=known)
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert second[0] is first[0]


def test_equal_numbers_of_two_types_stay_apart() -> None:
    values = decode(encode([1000, 1000.0, True, 1, -0.0, 0.0]), known={})
    assert [repr(value) for value in values] == ["1000", "1000.0", "True", "1", "-0.0", "0.0"]


def test_special_decimals_cross() -> None:
    assert decode(encode(Decimal("Infinity"))) == Decimal("Infinity")
    assert decode(encode(Decimal("NaN"))).is_nan()
    assert decode(encode(Fraction(1, 3))) == Fraction(1, 3)
