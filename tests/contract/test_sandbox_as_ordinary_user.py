"""The corpus once more, as a user without any privilege, when the tests themselves run as root."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from sandbox_ordinary_user import ROOT, NoOrdinaryUserError, OrdinaryUser, copy_of_interpreter, ordinary_user


def test_corpus_holds_for_an_ordinary_user() -> None:
    """Without what may run into the time limit: see test_sandbox_attacks.py."""
    corpus = str(ROOT / "tests" / "contract" / "test_sandbox_attacks.py")
    try:
        with ordinary_user() as user:
            result = user.run_module(
                *("pytest", "-p", "no:cacheprovider", "-n0", "-q", "--rootdir", str(ROOT)),
                *("-c", str(ROOT / "pyproject.toml"), "-k", "(lockdown or bubblewrap) and not timed_out", corpus),
            )
    except NoOrdinaryUserError as error:
        pytest.skip(str(error))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert " passed" in result.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_interpreter_that_only_root_can_reach_can_be_copied() -> None:
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path, whose parents are root's alone
        os.chmod(folder, 0o755)
        user = OrdinaryUser(copy_of_interpreter(Path(folder, "copy")))
        assert user.run_module("this").stdout.startswith("The Zen of Python")
