from __future__ import annotations

from importlib.metadata import version

import execnet
import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.plugin import distributed


@pytest.mark.parametrize(
    ("found", "has"), [("0.0.9", "has pytest-humaneval 0.0.9, not 0.1.0"), ("", "has no pytest-humaneval")]
)
def test_another_version_on_the_workers_side_is_refused(found: str, has: str) -> None:
    distributed.check_version("ssh=host", "0.1.0", "0.1.0")
    with pytest.raises(InputError) as caught:
        distributed.check_version("ssh=host", found, "0.1.0")
    assert str(caught.value) == (
        f"--tx ssh=host: the Python there {has}; install the same version: pip install pytest-humaneval==0.1.0"
    )


def test_a_gateway_tells_the_version_behind_it() -> None:
    group = execnet.Group(execmodel="main_thread_only")
    try:
        gateway = group.makegateway("popen//execmodel=main_thread_only")
        assert distributed._remote_version(gateway) == version(distributed.PACKAGE)
    finally:
        group.terminate(timeout=5)


def test_a_worker_that_refuses_its_input_is_told_from_one_that_crashed() -> None:
    trace = 'Traceback (most recent call last):\n  File "plugin.py", line 1, in f\n'
    assert distributed.refusal_of(f"{trace}pytest.UsageError: mini.jsonl: cannot be read\n\n") == (
        "mini.jsonl: cannot be read"
    )
    assert distributed.refusal_of(f"{trace}MemoryError\n") == ""
    assert distributed.refusal_of("Not properly terminated") == ""
