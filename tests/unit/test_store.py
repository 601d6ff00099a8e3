from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.engine.store import SCHEMA_VERSION, Store
from pytest_humaneval.sample import Generation
from pytest_humaneval.store import row_store

SMALL = Generation("    return 1\n", "stop", 100, 5, 0.25, -0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "generations.sqlite"


def fill(path: Path, *keys: str) -> None:
    store, notice = Store.open(path)
    assert notice == ""
    assert store.put_many((key, SMALL) for key in keys) == ""
    store.close()


def files_set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.aside-*"))


def test_what_was_put_is_found_after_reopening(path: Path) -> None:
    fill(path, "a", "b")
    store, notice = Store.open(path)
    assert notice == ""
    assert store.get_many(["b", "missing", "a"]) == {"b": SMALL, "a": SMALL}
    store.close()


def test_what_was_put_survives_a_kill_without_close(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from pytest_humaneval.engine.store import Store; from pytest_humaneval.sample import Generation\n"
        "store, _ = Store.open(Path(sys.argv[1])); store.put_many([('a', Generation('kept'))])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == -9
    store, notice = Store.open(path)
    assert notice == ""
    assert store.get_many(["a"]) == {"a": Generation("kept")}
    store.close()


def test_a_second_put_replaces_the_first(path: Path) -> None:
    store, _ = Store.open(path)
    store.put_many([("a", SMALL)])
    store.put_many([("a", Generation("other"))])
    assert store.get_many(["a"]) == {"a": Generation("other")}
    store.close()


@given(text=st.text(alphabet=st.characters()), logprob=st.none() | st.floats(allow_nan=False))
def test_any_text_comes_back_unchanged(text: str, logprob: float | None) -> None:
    store, _ = Store.open(Path("/proc/unwritable/store"))  # no such directory can be made: rows in memory
    generation = Generation(text, logprob=logprob, is_completion=True)
    store.put_many([("a", generation)])
    found = store.get_many(["a"])
    store.close()
    assert found == {"a": generation}


@pytest.mark.parametrize("text", ["\ud800\udfff lone", "nul\0nul", "x" * 1_000_000 + "é" * 100_000, "\u2028\r\n"])
def test_awkward_text_comes_back_from_disk(path: Path, text: str) -> None:
    store, _ = Store.open(path)
    assert store.put_many([("a", Generation(text))]) == ""
    store.close()
    store, _ = Store.open(path)
    assert store.get_many(["a"])["a"].text == text
    store.close()


def test_more_keys_than_one_query_takes_are_found_in_the_order_asked(path: Path) -> None:
    keys = [f"{number:064x}" for number in range(1_234)]
    store, _ = Store.open(path)
    store.put_many((key, Generation(key)) for key in keys)
    found = store.get_many(reversed(keys))
    assert list(found) == keys[::-1]
    assert all(found[key].text == key for key in keys)
    store.close()


def test_size_grows_with_what_is_stored(path: Path) -> None:
    store, _ = Store.open(path)
    before = store.size()
    store.put_many([("a", Generation("x" * 100_000))])
    assert 100_000 <= store.size() - before <= 150_000
    store.close()


def test_stored_fields_are_those_of_the_schema_version() -> None:
    # When this fails, the meaning of a stored generation has changed: raise SCHEMA_VERSION, then the expectation.
    # Not for a field with a default that is left out of rows without it: those are read by all releases.
    names = (
        "text finish_reason prompt_tokens completion_tokens seconds logprob is_completion reasoning score scored_tokens"
    )
    assert (SCHEMA_VERSION, [field.name for field in fields(Generation)]) == (1, names.split())


def test_reasoning_is_kept_and_rows_without_it_are_those_of_older_releases(tmp_path: Path) -> None:
    thoughtful, plain = Generation("x", reasoning="hm"), Generation("y")
    scored = Generation("", score=-1.5, scored_tokens=2)
    store, _ = Store.open(tmp_path / "store.sqlite")
    store.put_many([("thoughtful", thoughtful), ("plain", plain), ("scored", scored)])
    assert store.get_many(["scored"]) == {"scored": scored}
    found = store.get_many(["thoughtful", "plain"])
    store.close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        rows = dict(connection.execute("SELECT key, generation FROM generations"))
    assert found == {"thoughtful": thoughtful, "plain": plain}
    assert b"reasoning" in rows[b"thoughtful"]
    assert b"reasoning" not in rows[b"plain"]
    assert b"score" not in rows[b"plain"]


# What lies at the path may be no store


def make_text(path: Path) -> None:
    path.write_text("not a database, but longer than its header would be " * 100)


def make_truncated(path: Path) -> None:
    fill(path, *(str(number) for number in range(500)))
    os.truncate(path, path.stat().st_size // 2)


def make_overwritten_in_the_middle(path: Path) -> None:
    fill(path, *(str(number) for number in range(500)))
    with path.open("r+b") as file:
        file.seek(4096 + 8)  # the table's root page, after its header
        file.write(b"\xff" * 3000)


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE generations (key BLOB PRIMARY KEY, generation BLOB)")
    connection.close()


def make_newer(path: Path) -> None:
    fill(path, "a")
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def make_other_table(path: Path) -> None:
    fill(path, "a")
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE generations RENAME COLUMN checksum TO hash")
    connection.close()


def make_directory(path: Path) -> None:
    path.mkdir()
    (path / "precious").touch()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (make_text, r"damaged or not a database \(file is not a database\)"),
        (make_truncated, r"damaged or not a database \(database disk image is malformed\)"),
        (make_overwritten_in_the_middle, "damaged"),
        (make_foreign, "a database of another program"),
        (make_newer, rf"a store of format {SCHEMA_VERSION + 1} \(this release reads format {SCHEMA_VERSION}\)"),
        (make_other_table, "a store without the expected table"),
        (make_directory, "a directory"),
    ],
)
def test_what_is_no_store_is_set_aside_with_a_notice(path: Path, make: object, why: str) -> None:
    path.parent.mkdir()
    assert callable(make)
    make(path)
    content = path.read_bytes() if path.is_file() else None
    store, notice = Store.open(path)
    (aside,) = files_set_aside(path)
    assert re.search(f"^{re.escape(str(path))} is {why}", notice)
    assert str(aside) in notice
    assert aside.is_dir() if content is None else aside.read_bytes() == content
    assert store.get_many(["a", "0"]) == {}
    assert store.put_many([("a", SMALL)]) == ""
    store.close()
    store, notice = Store.open(path)
    assert (notice, store.get_many(["a"])) == ("", {"a": SMALL})
    store.close()


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    fill(path, "a")
    assert files_set_aside(path) == []


def test_a_newer_store_in_use_is_set_aside_with_its_journals(path: Path) -> None:
    fill(path, "a")
    holder = sqlite3.connect(path)  # its row is still in the write-ahead log while the file is renamed
    holder.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    store, notice = Store.open(path)
    assert "was set aside" in notice
    store.close()
    holder.execute("INSERT INTO generations VALUES (x'00', x'00', 0)")
    holder.commit()
    holder.close()
    aside = next(file for file in files_set_aside(path) if not file.name.endswith(("-wal", "-shm")))
    with sqlite3.connect(aside) as connection:
        assert connection.execute("SELECT count(*) FROM generations").fetchone() == (2,)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
    connection.close()


def test_two_files_set_aside_in_one_second_both_stay(path: Path) -> None:
    path.parent.mkdir()
    for _ in range(2):
        make_text(path)
        store, _ = Store.open(path)
        store.close()
        path.unlink()
    assert len(files_set_aside(path)) == 2


def test_a_damaged_row_is_made_anew_and_told_once(path: Path) -> None:
    fill(path, "a", "b")
    raw = path.read_bytes()
    assert raw.count(b"return 1") == 2
    path.write_bytes(raw.replace(b"return 1", b"return 2", 1))
    store, notice = Store.open(path)
    assert notice == ""
    found = store.get_many(["a", "b"])
    assert len(found) == 1
    assert set(found.values()) == {SMALL}
    (lost,) = {"a", "b"} - found.keys()
    notice = store.put_many([(lost, SMALL)])
    assert notice == f"{path}: 1 or more stored generations are damaged and are made again"
    assert store.get_many(["a", "b"]) == {"a": SMALL, "b": SMALL}
    assert store.put_many([("c", SMALL)]) == ""
    store.close()


# The disk may not play along


def test_a_full_disk_costs_the_store_but_not_the_run(path: Path) -> None:
    store, _ = Store.open(path)
    store.put_many([("before", SMALL)])
    store._connection.execute("PRAGMA max_page_count = 4")
    big = Generation("x" * 100_000)
    notice = store.put_many([("a", big)])
    assert notice.startswith(f"{path}: database or disk is full; ")
    assert store.put_many([("b", big)]) == "", "told once"
    assert store.get_many(["before", "a", "b"]) == {"before": SMALL, "a": big, "b": big}
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.close()
    store, _ = Store.open(path)
    assert store.get_many(["before", "a", "b"]).keys() == {"before", "a", "b"}, "written as soon as there was room"
    store.close()


def test_a_disk_that_really_refuses_to_grow_is_told_and_survived(path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from pytest_humaneval.engine.store import Store; from pytest_humaneval.sample import Generation\n"
        "store, _ = Store.open(Path(sys.argv[1])); store.put_many([('before', Generation('kept'))])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "print(store.put_many([('a', Generation('x' * 200_000))]))\n"
        "print(sorted(store.get_many(['before', 'a']))); store.close()"
    )
    run = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
    notice, keys = run.stdout.splitlines()
    assert notice.startswith(f"{path}: ")
    assert notice.endswith("unless it recovers")
    assert keys == "['a', 'before']"
    fresh, notice = Store.open(path)
    assert (notice, fresh.get_many(["before", "a"])) == ("", {"before": Generation("kept")})
    fresh.close()


@pytest.fixture
def read_only_store() -> Iterator[Path]:
    """A store that the current user may read but not write, also when the tests are run by root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        path = Path(directory) / "generations.sqlite"
        fill(path, "a")
        Path(f"{path}.lock").unlink()
        path.chmod(0o444)
        Path(directory).chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield path
        os.seteuid(user)
        Path(directory).chmod(0o755)


def test_a_read_only_store_is_read(read_only_store: Path) -> None:
    store, notice = Store.open(read_only_store)
    assert notice.startswith(f"{read_only_store} cannot be written (")
    assert store.get_many(["a", "b"]) == {"a": SMALL}
    assert store.put_many([("b", SMALL)]) == "", "told when it was opened"
    assert store.get_many(["a", "b"]) == {"a": SMALL, "b": SMALL}
    store.close()


def test_a_directory_that_cannot_be_made_leaves_a_store_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "generations.sqlite"
    store, notice = Store.open(path)
    assert re.fullmatch(rf"{path} cannot be used \(.*\); this run's generations are not kept", notice)
    assert store.put_many([("a", SMALL)]) == ""
    assert store.get_many(["a"]) == {"a": SMALL}
    store.close()


def test_a_device_is_never_renamed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    store, notice = Store.open(pipe)
    assert "not a regular file" in notice
    assert pipe.is_fifo()
    store.close()


# Two runs at once


def test_two_stores_on_one_file_see_each_others_rows(path: Path) -> None:
    (first, _), (second, _) = Store.open(path), Store.open(path)
    first.put_many([("a", SMALL)])
    second.put_many([("b", SMALL)])
    assert first.get_many(["a", "b"]) == second.get_many(["a", "b"]) == {"a": SMALL, "b": SMALL}
    first.close()
    second.close()


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from pytest_humaneval.engine.store import Store; from pytest_humaneval.sample import Generation\n"
        "store, notice = Store.open(Path(sys.argv[1]))\n"
        "notices = [store.put_many([(f'{sys.argv[2]}-{n}', Generation('x'))]) for n in range(50)]\n"
        "store.close(); print([notice, *filter(None, notices)])"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    assert [writer.communicate(timeout=60)[0].strip() for writer in writers] == ["['']", "['']"]
    store, _ = Store.open(path)
    assert len(store.get_many(f"{name}-{number}" for name in "ab" for number in range(50))) == 100
    store.close()


def test_of_many_that_find_one_damaged_file_one_sets_it_aside(path: Path) -> None:
    path.parent.mkdir()
    make_text(path)
    notices: list[str] = []

    def open_store() -> None:
        store, notice = Store.open(path)
        notices.append(notice)
        store.close()

    threads = [threading.Thread(target=open_store) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(filter(None, notices))) == len(files_set_aside(path)) == 1
    assert len(notices) == 8


def test_a_file_that_is_locked_for_good_is_neither_set_aside_nor_waited_for_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_humaneval.store.row_store._BUSY_TIMEOUT", 0.05)
    fill(path, "a")
    holder = sqlite3.connect(path)
    holder.execute("BEGIN IMMEDIATE")
    store, notice = Store.open(path)
    assert "cannot be written (database is locked)" in notice
    assert files_set_aside(path) == []
    assert store.get_many(["a"]) == {"a": SMALL}
    store.close()
    holder.close()


@pytest.mark.parametrize(
    "row",
    [b'{"text": 5}', b"{}", b"[]", b"5", b'{"text": "a", "prompt_tokens": null}', b'{"text": "a", "colour": 1}',
     b'{"text": "a", "completion_tokens": "many"}', b"[" * 100_000, b"{", b"1,2"],
)  # fmt: skip
def test_a_row_that_is_no_generation_is_set_aside_and_the_others_are_read(tmp_path: Path, row: bytes) -> None:
    store, _ = Store.open(tmp_path / "store.db")
    store.put_many([("good", Generation("right"))])
    with store._connection:
        store._connection.execute(
            "INSERT INTO generations VALUES (?, ?, ?)", (b"bad", row, row_store.row_checksum(b"bad", row))
        )
    assert store.get_many(["bad", "good"]) == {"good": Generation("right")}
    assert "1 or more stored rows are not generations" in store.put_many([])
    store.close()
