"""Builds the images of docker/ on a base made of this machine's own interpreter: no registry is asked for an image."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pip
import pytest
from sandbox_available import need_image
from sandbox_image import IMAGE, shared_libraries

REPOSITORY = Path(__file__).parents[2]
ENGINES = ("docker", "podman")
# What RUN lines and vLLM call, and what a slim Debian has for wheels beside libc.
PROGRAMS = ("sh", "chmod", "chown", "find", "id", "lscpu", "mkdir", "rm", "sleep")
LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "libm.so.6", "librt.so.1")
NUMA = "libnuma.so.1"  # what the engine's image takes from Debian
# One that was made of other parts does not do.
BASE = f"pytest-humaneval-test-base:{hashlib.sha256(repr((PROGRAMS, LIBRARIES, NUMA)).encode()).hexdigest()[:12]}"
# As the container sandbox asks: podman's own limits are more than a container inside of another may have.
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
# What compose.yaml asks of engine and runner alike, but for networks: what they talk to is on the host's loopback.
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--volume=/cache", *LIMITS)
CONTEXT = ("pyproject.toml", "README.md", "LICENSE", ".dockerignore", "pytest_humaneval", "strategies", "soft_prompt")
BUILD_SECONDS = 1800.0  # for one image, on a busy machine; the engine's is gigabytes


def need_base(program: str) -> str:
    """A base image: the interpreter, its standard library, pip, a shell and a few programs.

    The test is skipped where this engine cannot be had.
    """
    need_image(program)
    if run(program, "image", "inspect", BASE).returncode != 0:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Dockerfile").write_text(f"FROM {IMAGE}\nADD more.tar /\n")
            with tarfile.open(Path(folder, "more.tar"), "w", dereference=True) as archive:
                for path, source in dict(_more_files()).items():
                    archive.add(source, path.lstrip("/"), recursive=False)
                archive.addfile(_open_folder("tmp"))
            result = run(program, "build", f"--tag={BASE}", folder)
            assert result.returncode == 0, result.stderr[-3000:]
    return BASE


def choose_runtime(program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have podman use runc where its own crun refuses the machine's control groups; skip where neither starts."""
    trial = ("run", "--rm", "--pull=never", "--network=none", *LIMITS, IMAGE, "python3", "--version")
    result = run(program, *trial)
    if result.returncode != 0 and program == "podman" and shutil.which("runc"):
        (folder / "containers.conf").write_text('[engine]\nruntime = "runc"\n')
        monkeypatch.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
        result = run(program, *trial)
    if result.returncode != 0:
        pytest.skip(f"{program} cannot run a container here: {result.stderr.strip()[-200:]}")


def fill_context(folder: Path, extra: str) -> None:
    """The repository as a build sees it, with the wheels that an image takes: inside there is no network.

    The test is skipped where they cannot be had.
    """
    for name in CONTEXT:
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy2
        copy(REPOSITORY / name, folder / name)
    wanted = [f"{folder}[{extra}]", "setuptools>=77"]
    download = [sys.executable, "-m", "pip", "download", "--quiet", f"--dest={folder / 'wheels'}", *wanted]
    result = subprocess.run(download, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        pytest.skip(f"the wheels for an image cannot be had here: {result.stderr.strip()[-300:]}")


def build(program: str, dockerfile: str, image: str, context: Path, **arguments: str) -> None:
    """Build an image of docker/ with build arguments.

    Raises:
        AssertionError: it cannot be built; with what the engine says.
    """
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    if program == "podman":
        given.append("--format=docker")  # its own keeps no health check
    file = REPOSITORY / "docker" / dockerfile
    result = run(program, "build", f"--file={file}", f"--tag={image}", *given, str(context))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def need_mounts(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have builds mount what they only read; skip where docker cannot, for want of its plugin buildx."""
    if program == "docker" and run(program, "buildx", "version").returncode != 0:
        pytest.skip("docker has no BuildKit here (its plugin buildx)")
    monkeypatch.setenv("DOCKER_BUILDKIT", "1")


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the engine does with a command."""
    # The builder that comes with docker alone, as buildx is another package; and RUN without a container of its own, as
    # podman's cannot be had inside of many containers and beside the older control groups.
    environment = {"DOCKER_BUILDKIT": "0", "BUILDAH_ISOLATION": "chroot"} | os.environ
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=BUILD_SECONDS, env=environment
    )


def _open_folder(name: str) -> tarfile.TarInfo:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
    return folder


def _more_files() -> Iterator[tuple[str, str]]:
    programs = {name: found for name in PROGRAMS if (found := shutil.which(name))}
    for name, found in programs.items():
        yield f"/bin/{name}", found
        yield f"/usr/bin/{name}", found
    for library in (*shared_libraries(*programs.values()), *_other_libraries()):
        yield library, library
    # Beside the standard library, which is where every interpreter looks.
    installer = Path(pip.__file__).parent
    for path in installer.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{Path(os.__file__).parent}/pip/{path.relative_to(installer)}", str(path)


def _other_libraries() -> Iterator[str]:
    for library in (*LIBRARIES, NUMA):
        yield from places_of(library)[:1]


def places_of(library: str) -> list[str]:
    """Where the linker finds it on this machine."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    return [line.rpartition("=> ")[2] for line in listed.splitlines() if line.split()[:1] == [library]]
