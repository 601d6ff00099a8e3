from __future__ import annotations

import errno
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.models import dequantise as dequantise_module
from pytest_humaneval.models import weights
from pytest_humaneval.models.find import Model, prepared_directory
from pytest_humaneval.models.weights import MANIFEST, materialise

HALVES = (b"GGUF, the first half", b" and the second")


class Dequantiser:
    """Stands in for the minute that transformers takes; writes two files and remembers what it was given."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.before: Callable[[Path], None] = lambda directory: None

    def __call__(self, gguf: Path, directory: Path, report: Callable[[str], None]) -> dict[str, str]:
        self.read.append(gguf.read_bytes())
        directory.mkdir()
        (directory / "config.json").write_text("{}")
        self.before(directory)
        (directory / "model.safetensors").write_bytes(b"weights")
        report("at work")
        return {"transformers": "0"}


@pytest.fixture
def dequantiser(monkeypatch: pytest.MonkeyPatch) -> Dequantiser:
    stand_in = Dequantiser()
    monkeypatch.setattr(dequantise_module, "dequantise", stand_in)
    return stand_in


@pytest.fixture
def model(tmp_path: Path) -> Model:
    parts = [tmp_path / f"part{number}.bin" for number in range(len(HALVES))]
    for part, half in zip(parts, HALVES, strict=True):
        part.write_bytes(half)
    digest = hashlib.sha256(b"".join(HALVES)).hexdigest()
    return Model("tiny", f"sha256:{digest}", "gguf", parts=tuple(map(str, parts)))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def silent(message: str) -> None:
    """Progress that nobody watches."""


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir())


def test_the_parts_are_joined_and_dequantised_once(model: Model, cache: Path, dequantiser: Dequantiser) -> None:
    messages: list[str] = []
    directory = materialise(model, cache, messages.append)
    assert (directory / "model.safetensors").read_bytes() == b"weights"
    assert dequantiser.read == [b"".join(HALVES)]
    assert messages == [  # the first half is 20 of 35 bytes
        "preparing tiny: reading the weights, 57 %",
        "preparing tiny: reading the weights, 100 %",
        "preparing tiny: at work",
    ]
    assert materialise(model, cache, messages.append) == directory
    assert len(dequantiser.read) == 1
    assert entries(cache) == [directory.name, f"{directory.name}.lock"]


def test_a_single_file_is_used_where_it_is(model: Model, cache: Path, dequantiser: Dequantiser, tmp_path: Path) -> None:
    whole = tmp_path / "whole.gguf"
    whole.write_bytes(b"".join(HALVES))
    materialise(Model(model.name, model.digest, "gguf", parts=(str(whole),)), cache, silent)
    assert dequantiser.read == [b"".join(HALVES)]


def test_weights_with_another_digest_are_refused(model: Model, cache: Path, dequantiser: Dequantiser) -> None:
    Path(model.parts[1]).write_bytes(b" and the sec0nd")
    with pytest.raises(ModelError, match=r"tiny are not what they should be: SHA-256 [0-9a-f]{64}, expected .*part1"):
        materialise(model, cache, silent)
    assert dequantiser.read == []
    assert not prepared_directory(model, cache).exists()


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest cut", "manifest gone", "older recipe", "other weights"])
def test_a_damaged_cache_is_made_anew_and_said_to_be(
    damage: str, model: Model, cache: Path, dequantiser: Dequantiser
) -> None:
    directory = materialise(model, cache, silent)
    file, manifest = directory / "model.safetensors", directory / MANIFEST
    content = json.loads(manifest.read_text())
    damages: dict[str, Callable[[], object]] = {
        "cut": lambda: file.write_bytes(b"weig"),
        "gone": file.unlink,
        "manifest cut": lambda: manifest.write_text(manifest.read_text()[:20]),
        "manifest gone": manifest.unlink,
        "older recipe": lambda: manifest.write_text(json.dumps(content | {"recipe": 0})),
        "other weights": lambda: manifest.write_text(json.dumps(content | {"digest": "sha256:0"})),
    }
    damages[damage]()
    messages: list[str] = []
    assert materialise(model, cache, messages.append) == directory
    assert file.read_bytes() == b"weights"
    assert len(dequantiser.read) == 2
    word = "outdated" if damage in ("older recipe", "other weights") else "damaged"
    assert messages[0] == f"preparing tiny: {directory} is {word}; preparing it again"


def test_two_at_once_do_the_work_once(model: Model, cache: Path, dequantiser: Dequantiser) -> None:
    started, go_on, messages, made = threading.Event(), threading.Event(), [], []

    def wait(directory: Path) -> None:
        started.set()
        assert go_on.wait(10)

    dequantiser.before = wait
    first = threading.Thread(target=lambda: made.append(materialise(model, cache, silent)))
    first.start()
    assert started.wait(10)

    def released(message: str) -> None:
        messages.append(message)
        go_on.set()

    made.append(materialise(model, cache, released))
    first.join(10)
    assert messages == ["waiting for another process that is preparing the same model"]
    assert made[0] == made[1]
    assert len(dequantiser.read) == 1


def test_a_kill_in_the_middle_leaves_nothing_that_could_be_used(
    model: Model, cache: Path, dequantiser: Dequantiser
) -> None:
    code = f"""
import time
from pathlib import Path
from pytest_humaneval.models import dequantise
from pytest_humaneval.models.find import Model
from pytest_humaneval.models.weights import materialise
from pytest_humaneval.marshalling.plain import from_plain

def hang(gguf, directory, report):
    directory.mkdir()
    (directory / "model.safetensors").write_bytes(b"wei")
    print("half way", flush=True)
    time.sleep(60)

dequantise.dequantise = hang
materialise(from_plain(Model, {to_plain(model)!r}, "here"), Path({str(cache)!r}), lambda message: None)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        process.send_signal(signal.SIGKILL)
    assert any(name.endswith(".tmp") for name in entries(cache))
    assert not prepared_directory(model, cache).exists()
    directory = materialise(model, cache, silent)
    assert (directory / "model.safetensors").read_bytes() == b"weights"
    assert entries(cache) == [directory.name, f"{directory.name}.lock"]


def test_a_failure_leaves_no_temporary_files(model: Model, cache: Path, dequantiser: Dequantiser) -> None:
    def fail(directory: Path) -> None:
        raise ModelError("no")

    dequantiser.before = fail
    with pytest.raises(ModelError, match="no"):
        materialise(model, cache, silent)
    assert entries(cache) == [f"{prepared_directory(model, cache).name}.lock"]


def test_a_disk_that_is_too_small_is_noticed_before_the_work(
    model: Model, cache: Path, dequantiser: Dequantiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(ModelError, match=r"the disk is full: .*models .* --humaneval-cache-dir=DIR"):
        materialise(model, cache, silent)
    assert dequantiser.read == []


def test_a_disk_that_fills_up_is_a_calm_error(model: Model, cache: Path, dequantiser: Dequantiser) -> None:
    def fill_up(directory: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    dequantiser.before = fill_up
    with pytest.raises(ModelError, match=r"the disk is full: .*\(No space left on device\)"):
        materialise(model, cache, silent)


def test_a_cache_that_cannot_be_written_is_a_calm_error(model: Model, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    with pytest.raises(ModelError, match=r"the weights cannot be prepared in .*models: "):
        materialise(model, cache, silent)


def test_a_directory_is_used_where_it_is(tmp_path: Path, cache: Path) -> None:
    model = Model("m", "sha256:0", "directory", str(tmp_path / "m"))
    assert materialise(model, cache, silent) == tmp_path / "m"
    assert not cache.exists()


def test_hub_models_and_files_are_downloaded(
    cache: Path, tmp_path: Path, dequantiser: Dequantiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    asked: list[tuple[Any, ...]] = []

    def snapshot_download(repo: str, *, revision: str, allow_patterns: list[str]) -> str:
        asked.append((repo, revision, "*.safetensors" in allow_patterns, "*.gguf" in allow_patterns))
        return str(tmp_path / "commit-of-v1" if revision == "v1" else tmp_path / revision)

    def hf_hub_download(repo: str, file: str) -> str:
        asked.append((repo, file))
        return str(tmp_path / file)

    client = SimpleNamespace(snapshot_download=snapshot_download, hf_hub_download=hf_hub_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    whole = Model("org/m@v1", "commit:commit-of-v1", "hub", "org/m", revision="commit-of-v1")
    assert materialise(whole, cache, silent) == tmp_path / "commit-of-v1"
    moved = Model("org/m@v1", "commit:older", "hub", "org/m", revision="older")
    assert materialise(moved, cache, silent) == tmp_path / "older"
    digest = hashlib.sha256(b"GGUF").hexdigest()
    materialise(Model("tiny", f"sha256:{digest}", "gguf", "org/t", file="tiny.gguf"), cache, silent)
    revisions = [("org/m", revision, True, False) for revision in ("v1", "v1", "older")]
    assert asked == [*revisions, ("org/t", "tiny.gguf")]
    assert dequantiser.read == [b"GGUF"]


def test_a_download_that_fails_is_a_model_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> str:
        raise ConnectionError("Name or service not known")

    client = SimpleNamespace(snapshot_download=fail, hf_hub_download=fail)
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    for model in (Model("m", "commit:c", "hub", "org/m"), Model("m", "sha256:0", "gguf", "org/m", file="m.gguf")):
        with pytest.raises(ModelError, match="cannot be downloaded from the hub: ConnectionError: Name or service"):
            materialise(model, cache, silent)


def test_reading_is_reported_every_ten_per_cent(
    model: Model, cache: Path, dequantiser: Dequantiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "CHUNK", 1)
    messages: list[str] = []
    materialise(model, cache, messages.append)
    percents = [int(message.split()[-2]) for message in messages if message.endswith("%")]
    assert len(percents) in range(8, 12)
    assert percents == sorted(percents)


def test_a_whole_cache_is_recognised_quickly(model: Model, cache: Path, dequantiser: Dequantiser) -> None:
    materialise(model, cache, silent)
    start = time.process_time()
    materialise(model, cache, silent)
    assert time.process_time() - start < 0.5  # no digest of a gigabyte: 2 ms of CPU time
