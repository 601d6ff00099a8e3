"""Weights that the engine can load: downloaded, or a GGUF dequantised once into safetensors in the cache.

    parts -> joined file, digest checked -> transformers dequantises -> temporary directory -> renamed into the cache

A directory in the cache is whole or absent. A lock file lets two processes do the work once, and the kernel releases it
however its holder ends; what a killed one left behind goes with the next.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.find import Model, prepared_directory

Progress = Callable[[str], None]
"""Is given a line whenever there is something to say to people who wait."""

RECIPE = 1  # of dequantise.py; a directory made by another recipe is made anew
MANIFEST = "pytest-humaneval.json"
CHUNK = 8 * 1024 * 1024  # bytes
EXPANSION = 4.5  # bytes of bf16 weights for a byte of 4-bit GGUF, with room for scales; guards against a full disk
HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken", "*.py")


def materialise(model: Model, cache_dir: Path, progress: Progress) -> Path:
    """The directory with the model's safetensors, configuration and tokenizer, made or downloaded where it has to be.

    Raises:
        ModelError: the weights are not what their digest says, cannot be had, or there is no room for them.
    """
    if model.source == "directory":
        return Path(model.location)
    if model.source == "hub":
        return _downloaded_snapshot(model, progress)
    return _dequantised(model, cache_dir, progress)


def _dequantised(model: Model, cache_dir: Path, progress: Progress) -> Path:
    target = prepared_directory(model, cache_dir)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(f"{target.name}.lock"), progress):
            if _is_whole(target, model, progress):
                return target
            _remove_leftovers(target)
            with _temporary_directory(target) as temporary:
                _make(model, temporary, progress)
                _publish(temporary / "model", target)
    except OSError as error:
        raise (
            _no_room(target, error) if error.errno in (errno.ENOSPC, errno.EDQUOT) else _unusable(target, error)
        ) from error
    return target


def _make(model: Model, temporary: Path, progress: Progress) -> None:
    """Dequantise into ``temporary / "model"``, complete with its manifest."""
    from pytest_humaneval.models.dequantise import dequantise

    gguf = verified_gguf(model, temporary, progress)
    _check_room(temporary, gguf)
    made_with = dequantise(gguf, temporary / "model", lambda text: progress(f"preparing {model.name}: {text}"))
    _write_manifest(temporary / "model", model, made_with)


def verified_gguf(model: Model, temporary: Path, progress: Progress) -> Path:
    """The GGUF as one file whose bytes have the model's digest."""
    parts = [Path(part) for part in model.parts] or [_downloaded_file(model, progress)]
    joined = temporary / "joined.gguf" if len(parts) > 1 else None
    digest = _join(parts, joined, lambda percent: progress(f"preparing {model.name}: reading the weights, {percent} %"))
    if f"sha256:{digest}" != model.digest:
        raise ModelError(
            f"the weights of {model.name} are not what they should be: SHA-256 {digest}, expected "
            f"{model.digest.removeprefix('sha256:')}. They came from {', '.join(map(str, parts))}; install or download "
            "them again"
        )
    return joined or parts[0]


def _join(parts: list[Path], joined: Path | None, report: Callable[[int], None]) -> str:
    """Write the parts one after the other, where asked to; returns the SHA-256 of all."""
    digest, written, reported = hashlib.sha256(), 0, -1
    total = sum(part.stat().st_size for part in parts)
    with open(joined or os.devnull, "wb") as output:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    output.write(chunk)
                    written += len(chunk)
                    if (percent := 100 * written // total) >= reported + 10:
                        report(percent)
                        reported = percent
    return digest.hexdigest()


def _is_whole(target: Path, model: Model, progress: Progress) -> bool:
    """Whether the directory is what its manifest says, by names and sizes: a cheap look that notices a cut file."""
    if not target.is_dir():
        return False
    try:
        manifest = json.loads((target / MANIFEST).read_text())
        wanted = manifest["files"]
        broken = [name for name, size in wanted.items() if (target / name).stat().st_size != size]
        whole = not broken and manifest["recipe"] == RECIPE and manifest["digest"] == model.digest
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        broken, whole = [MANIFEST], False
    if not whole:
        progress(f"preparing {model.name}: {target} is {'damaged' if broken else 'outdated'}; preparing it again")
    return whole


def _write_manifest(directory: Path, model: Model, made_with: dict[str, str]) -> None:
    files = {path.name: path.stat().st_size for path in sorted(directory.iterdir())}
    manifest = {"recipe": RECIPE, "digest": model.digest, "made_with": made_with, "files": files}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def _publish(directory: Path, target: Path) -> None:
    """Put a finished directory in its place, on the disk before it is seen."""
    for path in (*directory.iterdir(), directory):
        _sync(path)
    if target.exists():  # damaged or outdated
        shutil.rmtree(target)
    os.rename(directory, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that is preparing the same model")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _temporary_directory(target: Path) -> Iterator[Path]:
    # Beside the target, so that renaming does not copy.
    path = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _remove_leftovers(target: Path) -> None:
    for path in target.parent.glob(f".{target.name}.*.tmp"):  # we hold the lock, so nobody is at work in them
        shutil.rmtree(path, ignore_errors=True)


def _check_room(directory: Path, gguf: Path) -> None:
    """Refuse at once what would fill the disk minutes later."""
    needed, free = int(gguf.stat().st_size * EXPANSION), shutil.disk_usage(directory).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"about {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free")


def _no_room(target: Path, error: OSError) -> ModelError:
    return ModelError(
        f"the disk is full: {target.parent} has no room for the dequantised weights ({error.strerror}). Free space "
        "there, or put the cache elsewhere: --humaneval-cache-dir=DIR"
    )


def _unusable(target: Path, error: OSError) -> ModelError:
    return ModelError(f"the weights cannot be prepared in {target.parent}: {error}")


def _downloaded_snapshot(model: Model, progress: Progress) -> Path:
    import huggingface_hub

    def download(revision: str) -> Path:
        return Path(
            huggingface_hub.snapshot_download(model.location, revision=revision, allow_patterns=list(HUB_FILES))
        )

    progress(f"downloading {model.name}, if it is not in the cache yet")
    try:
        # By the name that was asked for, so that the hub's cache remembers what it means; it may have moved.
        named = download(model.name.partition("@")[2] or "main")
        return named if named.name == model.revision else download(model.revision)
    except Exception as error:  # the client's transport has a family of its own
        raise ModelError(f"{model.name} cannot be downloaded from the hub: {type(error).__name__}: {error}") from error


def _downloaded_file(model: Model, progress: Progress) -> Path:
    import huggingface_hub

    progress(f"downloading {model.file} from {model.location}")
    try:
        return Path(huggingface_hub.hf_hub_download(model.location, model.file))
    except Exception as error:
        raise ModelError(f"{model.file} cannot be downloaded from the hub: {type(error).__name__}: {error}") from error
