"""SHA-256 of large files, remembered so that a file is read once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

# What can change a model's answers. Readmes, optimiser states and the like cannot.
MODEL_FILES = ("*.safetensors", "*.bin", "*.pt", "*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken", "*.py")


def digest_of_file(path: Path, cache_dir: Path) -> str:
    """The SHA-256 of a file's bytes, in hex; remembered under its path, size, modification time and inode."""
    status = path.stat()
    identity = [status.st_size, status.st_mtime_ns, status.st_ino]
    remembered = _read(cache_dir)
    entry = remembered.get(str(path))
    if isinstance(entry, list) and len(entry) == 4 and entry[:3] == identity and isinstance(entry[3], str):
        return entry[3]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _write(cache_dir, _read(cache_dir) | {str(path): [*identity, digest]})
    return digest


def digest_of_directory(path: Path, cache_dir: Path) -> str:
    """The SHA-256 over names and digests of a model directory's own files."""
    files = sorted({file for pattern in MODEL_FILES for file in path.glob(pattern) if file.is_file()})
    lines = (f"{digest_of_file(file, cache_dir)}  {file.name}\n" for file in files)  # as sha256sum prints them
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read(cache_dir: Path) -> dict[str, object]:
    try:
        remembered = json.loads((cache_dir / "digests.json").read_text())
    except (OSError, ValueError):
        return {}
    return remembered if isinstance(remembered, dict) else {}


def _write(cache_dir: Path, remembered: dict[str, object]) -> None:
    """Remember, if it can be: a digest that is not remembered is only computed again."""
    with contextlib.suppress(OSError):
        cache_dir.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=cache_dir, prefix=".digests.")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(remembered, file)
            os.replace(temporary, cache_dir / "digests.json")
        except OSError:
            os.unlink(temporary)
            raise
