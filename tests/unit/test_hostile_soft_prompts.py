"""A soft prompt's folder may come from anyone: whatever lies in it is a checkpoint or a clear error, at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.models.peft_folder import ADAPTER_CONFIG, ADAPTER_WEIGHTS, MANIFEST
from pytest_humaneval.models.soft_checkpoint import ROUTES, find_checkpoints

DEEP = "[" * 100_000
GOOD = json.dumps({"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 20})


def folder(where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    (where / ADAPTER_CONFIG).write_text(GOOD)
    (where / ADAPTER_WEIGHTS).write_bytes(b"numbers")
    return where


@pytest.mark.parametrize("name", [ADAPTER_CONFIG, MANIFEST])
@pytest.mark.parametrize("content", [DEEP, '{"a":' * 100_000, "null", "5", '"text"', "", "\ufeff", "{" + '"a":1,' * 9])
def test_what_is_no_json_object_is_refused_by_name(tmp_path: Path, name: str, content: str) -> None:
    (folder(tmp_path) / name).write_text(content)
    with pytest.raises(StrategyError, match=name):
        find_checkpoints(tmp_path)


@pytest.mark.parametrize("content", [DEEP, "5", "\xff\xfe"])
def test_routes_that_are_no_json_object_are_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / ROUTES).write_bytes(content.encode("latin-1"))
    with pytest.raises(StrategyError, match=ROUTES):
        find_checkpoints(tmp_path)


@pytest.mark.parametrize("name", [ADAPTER_CONFIG, ADAPTER_WEIGHTS])
def test_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    (folder(tmp_path) / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(StrategyError, match=name):
        find_checkpoints(tmp_path)


def test_pipe_in_place_of_the_manifest_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(folder(tmp_path) / MANIFEST)
    assert find_checkpoints(tmp_path)[""].made_for.strategy == "minimal"


@pytest.mark.parametrize("route", ["\ud800", "a\0b", "missing", 5, None, "x" * 5_000, ["list"]])
def test_route_that_leads_nowhere_is_refused(tmp_path: Path, route: object) -> None:
    (tmp_path / ROUTES).write_text(json.dumps({"string": route}))
    with pytest.raises(StrategyError):
        find_checkpoints(tmp_path)


@pytest.mark.parametrize(
    "told",
    [
        {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": True},
        {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 10**300},
        {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": -1},
        {"peft_type": ["PROMPT_TUNING"], "num_virtual_tokens": 20},
        {"peft_type": "\ud800", "num_virtual_tokens": 20},
    ],
)
def test_numbers_and_kinds_that_cannot_be_are_refused(tmp_path: Path, told: object) -> None:
    (folder(tmp_path) / ADAPTER_CONFIG).write_text(json.dumps(told))
    with pytest.raises(StrategyError, match="is not a soft prompt"):
        find_checkpoints(tmp_path)


def test_folder_whose_name_is_no_text_is_a_checkpoint(tmp_path: Path) -> None:
    odd = folder(tmp_path / os.fsdecode(b"odd-\xff"))
    (odd / MANIFEST).write_text(json.dumps({"strategy": "\ud800", "model": ["x"]}))
    found = find_checkpoints(odd)[""]
    assert (found.directory, found.made_for.model) == (odd, "['x']")
