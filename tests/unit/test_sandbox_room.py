"""Limits that were inherited, room for threads, and locks for a place without processes."""

from __future__ import annotations

import os
import resource
import threading
from types import SimpleNamespace

import pytest

from pytest_humaneval.sandbox.confined import limits, room
from pytest_humaneval.sandbox.confined.semaphores import SemLock
from pytest_humaneval.sandbox.wire.errors import ConfinementError

ENDLESS = resource.RLIM_INFINITY


def inherit(monkeypatch: pytest.MonkeyPatch, **hard: int) -> list[tuple[int, tuple[int, int]]]:
    """Have this process inherit these hard limits, and no others; what is set is returned."""
    by_number = {getattr(resource, name): value for name, value in hard.items()}
    monkeypatch.setattr(resource, "getrlimit", lambda limit: (5, by_number.get(limit, ENDLESS)))
    done: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda limit, values: done.append((limit, values)))
    return done


def test_limits_are_imposed_on_a_process_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    done = inherit(monkeypatch)
    limits.impose(1 << 30)
    assert (resource.RLIMIT_AS, (1 << 30, 1 << 30)) in done
    assert (resource.RLIMIT_NOFILE, (128, 128)) in done


def test_lower_limit_that_does_no_harm_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (resource.RLIMIT_MEMLOCK, (0, 0)) in _imposed(monkeypatch, RLIMIT_MEMLOCK=0)


def _imposed(monkeypatch: pytest.MonkeyPatch, **hard: int) -> list[tuple[int, tuple[int, int]]]:
    done = inherit(monkeypatch, **hard)
    limits.impose(1 << 30)
    return done


def test_memory_below_what_a_program_may_have_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfinementError, match=r"524288 KiB of memory for each process \(ulimit -v\).*needs 1048576;"):
        _imposed(monkeypatch, RLIMIT_AS=512 << 20)


def test_soft_limits_are_lifted_to_the_hard_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    done = inherit(monkeypatch, RLIMIT_NPROC=900)
    limits.lift()
    assert done == [(resource.RLIMIT_CPU, (ENDLESS, ENDLESS)), (resource.RLIMIT_NPROC, (900, 900))]


@pytest.mark.parametrize(
    ("allowed", "there", "apart", "limit"),
    [
        (ENDLESS, 70, True, 130),
        (ENDLESS, 70, False, 1070),  # 1,000 beyond those that are there
        (900, 70, False, 900),
        (900, 70, True, 130),
    ],
)
def test_threads_are_limited_by_who_else_is_counted(
    monkeypatch: pytest.MonkeyPatch, allowed: int, there: int, apart: bool, limit: int
) -> None:
    inherit(monkeypatch, RLIMIT_NPROC=allowed)
    monkeypatch.setattr(room, "tasks_of_user", lambda: there)
    assert room.limit(counted_apart=apart) == limit


def test_user_who_has_nearly_all_threads_already_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    inherit(monkeypatch, RLIMIT_NPROC=200)
    monkeypatch.setattr(room, "tasks_of_user", lambda: 100)
    monkeypatch.setattr(room, "_left_in_groups", lambda: ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConfinementError, match=r"\(ulimit -u\) leaves room for 100 more .*needs 130"):
        room.check()


def test_control_group_without_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    inherit(monkeypatch)
    monkeypatch.setattr(room, "_left_in_groups", lambda: [5000, 90])
    with pytest.raises(ConfinementError, match=r"\(pids.max\) leaves room for 90 more"):
        room.check()


@pytest.mark.parametrize(
    ("release", "apart"), [("5.13.0-1", False), ("5.14.0-427.el9", True), ("6.1.0", True), ("10.0-rc1", True)]
)
def test_kernel_that_counts_by_namespace(release: str, apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    assert room.namespaces_count() is apart


def test_recursive_lock_belongs_to_its_thread() -> None:
    lock = SemLock(0, 1, 1, "/x", True)
    with lock, lock:
        assert lock._count() == 2
        refused: list[bool] = []
        other = threading.Thread(target=lambda: refused.append(lock.acquire(False)))
        other.start()
        other.join()
        assert refused == [False]
    assert lock.acquire(True, 0.1)
    lock.release()
    with pytest.raises(AssertionError, match="not owned"):
        lock.release()


def test_semaphore_counts() -> None:
    semaphore = SemLock(1, 2, 2, "/x", True)
    assert [semaphore.acquire(False) for _ in range(3)] == [True, True, False]
    assert semaphore._is_zero()
    assert not semaphore.acquire(True, 0.01)
    semaphore.release()
    semaphore.release()
    with pytest.raises(ValueError, match="too many times"):
        semaphore.release()
