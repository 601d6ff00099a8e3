"""Garbage collection is left as it was met."""

from __future__ import annotations

import gc

import pytest

from pytest_humaneval.plugin.pausing import no_garbage_collection


def test_garbage_collection_is_as_it_was_also_after_an_error() -> None:
    assert gc.isenabled()
    with no_garbage_collection():
        assert not gc.isenabled()
    with pytest.raises(ValueError, match="bad input"), no_garbage_collection():
        raise ValueError("bad input")
    assert gc.isenabled()
    gc.disable()
    try:
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
