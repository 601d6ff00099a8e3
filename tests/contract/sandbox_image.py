"""A container image made of this machine's own interpreter: the tests need no registry."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_humaneval.sandbox.launch import interpreter

IMAGE = "pytest-humaneval-test:latest"
LEFT_OUT = {
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "ensurepip",
    "lib2to3",
    "__pycache__",
}


def build_image(program: str) -> None:
    """Import the image with docker or podman."""
    with subprocess.Popen([program, "import", "-", IMAGE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        with tarfile.open(fileobj=process.stdin, mode="w|", dereference=True) as archive:
            _fill(archive)
    assert process.returncode == 0


def shared_libraries(*programs: str) -> set[str]:
    """What programs, or libraries, are linked with."""
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False)
    return set(re.findall(r"(/\S+) \(0x", listed.stdout))


def _fill(archive: tarfile.TarFile) -> None:
    for folder in ("dev", "proc", "sys", "tmp", "etc"):
        archive.addfile(_folder(folder))
    for path in sorted({interpreter(), *_standard_library(), *_shared_libraries()}):
        archive.add(path, path.lstrip("/"), recursive=False, filter=_readable)
    for name in ("bin/python3", "usr/bin/python3"):
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, interpreter()
        if f"/{name}" != interpreter():
            archive.addfile(link)


def _folder(name: str) -> tarfile.TarInfo:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    return folder


def _readable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.mode |= 0o444 | (0o111 if member.isdir() or member.mode & 0o100 else 0)
    return member


def _standard_library() -> Iterator[str]:
    for folder, inner, files in os.walk(os.path.dirname(os.__file__)):
        inner[:] = [name for name in inner if name not in LEFT_OUT]
        yield from (os.path.join(folder, name) for name in files)


def _shared_libraries() -> Iterable[str]:
    """What the interpreter and its extension modules are linked with."""
    extensions = Path(str(sysconfig.get_config_var("DESTSHARED"))).glob("*.so")
    return shared_libraries(interpreter(), *map(str, extensions))


if __name__ == "__main__":
    build_image(sys.argv[1])
