"""Transformers makes the same of a GGUF whether or not it spells out what it does not look at."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_model import make_tiny_gguf

from pytest_humaneval.models import quick_gguf
from pytest_humaneval.models.dequantise import dequantise

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="transformers is not installed")


def test_quick_headers_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gguf = make_tiny_gguf(tmp_path / "tiny.gguf")
    made: list[dict[str, bytes]] = []
    for long in (3, 1_000_000):  # the vocabulary's arrays have some 260 elements: all are cut, none is
        monkeypatch.setattr(quick_gguf, "LONG", long)
        directory = tmp_path / str(long)
        dequantise(gguf, directory, lambda message: None)
        made.append({path.name: path.read_bytes() for path in directory.iterdir()})
    assert made[0] == made[1]
    assert {"model.safetensors", "tokenizer.json", "config.json", "generation_config.json"} <= set(made[0])
