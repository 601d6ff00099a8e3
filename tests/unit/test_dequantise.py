from __future__ import annotations

import errno
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_humaneval.models import dequantise


def tokenizer(*specials: tuple[int, str, bool], eos: int | None = 2) -> SimpleNamespace:
    decoder = {index: SimpleNamespace(content=text, special=special) for index, text, special in specials}
    return SimpleNamespace(added_tokens_decoder=decoder, bos_token_id=1, eos_token_id=eos, pad_token_id=1)


def end_tokens(directory: Path, *specials: tuple[int, str, bool], eos: int | None = 2) -> list[int]:
    dequantise._write_generation_config(directory, tokenizer(*specials, eos=eos))
    ends: list[int] = json.loads((directory / "generation_config.json").read_text())["eos_token_id"]
    return ends


def test_both_ends_of_a_chat_model_end_a_text(tmp_path: Path) -> None:
    specials = ((1, "<|endoftext|>", True), (2, "<|im_end|>", True), (3, "<|im_start|>", True))
    assert end_tokens(tmp_path, *specials) == [2, 1]
    assert end_tokens(tmp_path, *specials, eos=1) == [1, 2]


def test_text_that_merely_looks_like_an_end_token_is_none(tmp_path: Path) -> None:
    assert end_tokens(tmp_path, (1, "</s>", False)) == [2]


def test_a_model_without_an_end_token_has_none(tmp_path: Path) -> None:
    assert end_tokens(tmp_path, (3, "<|im_start|>", True), eos=None) == []


def test_safetensors_full_disk_becomes_an_os_error() -> None:
    with pytest.raises(OSError, match="No space left") as error, dequantise._full_disk_is_an_os_error():
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert error.value.errno == errno.ENOSPC


def test_other_errors_pass_through_unchanged() -> None:
    with pytest.raises(RuntimeError, match="something else"), dequantise._full_disk_is_an_os_error():
        raise RuntimeError("something else")
