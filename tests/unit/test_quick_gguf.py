from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_humaneval.models.quick_gguf import LONG, quick_headers, unpacking_watched

gguf = pytest.importorskip("gguf", reason="gguf is not installed (extra gguf)")

TOKENS = [f"token {number}" for number in range(LONG + 1)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A GGUF with arrays of all sorts, and a tensor after them that is found only where each was stepped over."""
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "qwen2")
    writer.add_token_list(TOKENS)
    writer.add_token_scores([0.5] * len(TOKENS))
    writer.add_token_types([3] * len(TOKENS))
    writer.add_array("qwen2.layers", [7, 8, 9])
    writer.add_token_merges(TOKENS[:LONG])
    writer.add_bos_token_id(11)
    writer.add_tensor("t", np.arange(64, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "m.gguf"


def contents(reader: Any) -> dict[str, Any]:
    return {name: field.contents() for name, field in reader.fields.items()}


def test_only_long_arrays_are_cut_and_their_length_stays(file: Path) -> None:
    whole = contents(gguf.GGUFReader(file))
    with quick_headers():
        reader = gguf.GGUFReader(file)
    quick = contents(reader)
    long = {"tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"}
    assert {name for name in whole if quick[name] != whole[name]} == {"tokenizer.ggml.tokens"}
    assert {name: quick[name] for name in long} == {name: [whole[name][0]] * len(TOKENS) for name in long}
    assert reader.tensors[0].data.tolist() == list(range(64))


def test_gguf_is_as_it_was_afterwards(file: Path) -> None:
    before = gguf.GGUFReader, gguf.get_tensor_name_map, gguf.dequantize
    with quick_headers(), unpacking_watched(1, lambda percent: None):
        assert before[0] is not gguf.GGUFReader
    assert before == (gguf.GGUFReader, gguf.get_tensor_name_map, gguf.dequantize)
    assert contents(gguf.GGUFReader(file))["tokenizer.ggml.tokens"] == TOKENS


def test_unpacking_is_reported_every_ten_per_cent() -> None:
    percents: list[int] = []
    kind, tensor = gguf.GGMLQuantizationType.F32, np.zeros(1, np.float32)
    with unpacking_watched(100, percents.append):
        for _ in range(25):
            gguf.dequantize(tensor, kind)
    assert percents == [12, 24, 36, 48, 60, 72, 84, 96]  # 4 bytes a time: the first multiple at or past each ten more
