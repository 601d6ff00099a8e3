"""Plugins beside ours that would run an evaluated item otherwise than once, and in this process."""

from __future__ import annotations

import pytest

FORKED = pytest.StashKey[bool]()
FORKED_NOTE = (
    "note: --forked was left out: every completion runs in a process of its own, and an item has its engine here"
)


def stay_in_process(config: pytest.Config) -> None:
    """Take back pytest-forked's option: an evaluation has evaluated items alone.

    A fork would start a sandbox for each item, and with pytest 9.2 pytest-forked 1.7 cannot send a report back at all.
    """
    if getattr(config.option, "forked", False):
        config.option.forked = False
        config.stash[FORKED] = True


def run_once(item: pytest.Item) -> None:
    """Keep pytest-rerunfailures away: a failure is a result, and the best of several draws is no pass@1.

    A condition that never holds is what stands above --reruns, --force-reruns and the marks of the user. pytest-forked
    has no such condition: its marks are taken away.
    """
    if _asks_for_reruns(item):
        item.add_marker(pytest.mark.flaky(reruns=0, condition=False), append=False)
    for node in item.listchain():
        node.own_markers[:] = [mark for mark in node.own_markers if mark.name != "forked"]


def _asks_for_reruns(item: pytest.Item) -> bool:
    """Whether pytest-rerunfailures would have an eye on the item.

    It leaves alone what has no mark and no option; of what has any, xdist's controller is asked over a socket, a byte
    at a time, which took more of its time than everything else together.
    """
    config = item.config
    if not config.pluginmanager.hasplugin("rerunfailures"):
        return False
    if any(config.getoption(name, None) is not None for name in ("reruns", "force_reruns")):
        return True
    return bool(config.getini("reruns")) or item.get_closest_marker("flaky") is not None


def notes(config: pytest.Config) -> list[str]:
    """What the summary says of it."""
    return [FORKED_NOTE] if FORKED in config.stash else []
