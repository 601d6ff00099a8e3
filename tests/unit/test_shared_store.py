"""A store on a Redis server: shared while it is there, and nothing is lost when it is not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis_server import RedisServer, needs_redis, redis_server

from pytest_humaneval.engine.store import Store
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.sample import Generation
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.store import shared_rows, shared_server
from pytest_humaneval.store.keeping_sandbox import KeepingSandbox
from pytest_humaneval.store.shared_address import PASSWORD_VARIABLE, shared_address
from pytest_humaneval.store.shared_rows import KeptRows, open_rows
from pytest_humaneval.store.shared_server import KIND, SharedServer, check_shared
from pytest_humaneval.testing import ADD, ScriptedSandbox
from pytest_humaneval.verdict import Verdict

pytestmark = needs_redis


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(running: RedisServer) -> RedisServer:
    """An empty one."""
    running.client().flushall()
    return running


@pytest.fixture(autouse=True)
def _without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_server, "SHORTEST_REST", 0.0)


class Machine:
    """A runner's local store beside a shared one."""

    def __init__(self, folder: Path, url: str) -> None:
        self.server = SharedServer(shared_address(url))
        self.rows: KeptRows[Generation]
        self.rows, notice = open_rows(Store, folder / "generations.sqlite", self.server)
        assert notice == ""

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *error: object) -> None:
        self.rows.close()
        self.server.close()


def answers(*names: str) -> dict[str, Generation]:
    return {name: Generation(f"    return {name!r}  # \ud800", prompt_tokens=3) for name in names}


def test_what_one_machine_keeps_another_has(redis: RedisServer, tmp_path: Path) -> None:
    with Machine(tmp_path / "one", redis.url) as one, Machine(tmp_path / "two", redis.url) as two:
        assert one.rows.put_many(answers("a", "b").items()) == ""
        assert two.rows.get_many(["b", "c", "a"]) == answers("b", "a")
        assert list(two.rows.get_many(["b", "c", "a"])) == ["b", "a"]
    local, _ = Store.open(tmp_path / "two" / "generations.sqlite")
    with closing(local):
        assert local.get_many(["a", "b"]) == answers("a", "b")  # it needs the server no more


def test_what_was_kept_before_or_without_the_server_is_handed_in(redis: RedisServer, tmp_path: Path) -> None:
    local, _ = Store.open(tmp_path / "one" / "generations.sqlite")
    with closing(local):
        local.put_many(answers("a", "b").items())
    with Machine(tmp_path / "two", redis.url) as two:
        two.rows.put_many({"a": Generation("the team's")}.items())
    with Machine(tmp_path / "one", redis.url) as one:
        assert one.rows.get_many(["a", "b"]) == answers("a", "b")
    with Machine(tmp_path / "three", redis.url) as three:
        assert three.rows.get_many(["a", "b"]) == {"a": Generation("the team's")} | answers("b")


def test_a_server_that_is_away_costs_nothing_and_is_told_once(tmp_path: Path) -> None:
    with redis_server() as server, Machine(tmp_path / "one", server.url) as one:
        server.stop()
        assert one.rows.get_many(["a"]) == {}
        assert one.rows.put_many(answers("a").items()) == ""
        assert one.rows.get_many(["a"]) == answers("a")
        (notice,) = one.server.take_notices()
        assert notice.startswith(f"--humaneval-store: {server.url} does not answer (")
        assert notice.endswith("the run goes on with the local store, and hands in what this one lacks when it can")
        server.start()
        one.rows.put_many(answers("b").items())
        with Machine(tmp_path / "two", server.url) as two:
            assert two.rows.get_many(["a", "b"]) == answers("a", "b")
        assert one.server.take_notices() == []


def test_only_so_much_is_remembered_for_a_server_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_rows, "UNSENT", 3)
    with redis_server() as server:
        with Machine(tmp_path / "one", server.url) as one:
            server.stop()
            one.rows.put_many(answers("a", "b").items())
            one.rows.put_many(answers("c", "d").items())
            server.start()
        assert sorted(key[-1:] for key in server.client().keys("*:generations.1:*")) == [b"a", b"b", b"c"]
        with Machine(tmp_path / "one", server.url) as later:
            assert later.rows.get_many(["d"]) == answers("d")
        assert len(server.client().keys("*:generations.1:*")) == 4


def test_a_server_in_trouble_is_left_in_peace_for_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shared_server, "SHORTEST_REST", 60.0)
    tried: list[SharedServer] = []

    def times_out(server: SharedServer) -> None:
        import redis

        tried.append(server)
        raise redis.exceptions.TimeoutError("no answer")

    with Machine(tmp_path, "redis://127.0.0.1:1") as machine:
        monkeypatch.setattr(SharedServer, "_make_ours", times_out)
        machine.rows.get_many(["a"])
        machine.rows.put_many(answers("a").items())
        assert len(tried) == 1


def test_a_server_that_is_full_is_still_read(tmp_path: Path) -> None:
    with redis_server("--maxmemory-policy", "noeviction") as server, Machine(tmp_path / "one", server.url) as one:
        one.rows.put_many(answers("a").items())
        server.client().config_set("maxmemory", "1")
        one.rows.put_many(answers("b").items())
        (notice,) = one.server.take_notices()
        assert f"{server.url} takes nothing more (command not allowed when used memory > 'maxmemory'" in notice
        with Machine(tmp_path / "two", server.url) as two:
            assert two.rows.get_many(["a", "b"]) == answers("a")
        server.client().config_set("maxmemory", "0")
        one.rows.put_many(answers("c").items())
        with Machine(tmp_path / "three", server.url) as three:
            assert three.rows.get_many(["a", "b", "c"]) == answers("a", "b", "c")


def test_a_damaged_value_is_worked_out_again(redis: RedisServer, tmp_path: Path) -> None:
    with Machine(tmp_path / "one", redis.url) as one:
        one.rows.put_many(answers("a", "b").items())
    redis.client().append("pytest-humaneval:1:generations.1:a", " ")
    with Machine(tmp_path / "two", redis.url) as two:
        assert two.rows.get_many(["a", "b"]) == answers("b")
        assert two.rows.put_many([]) == f"{redis.url}: 1 or more stored generations are damaged and are made again"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("celery-task", "x", "holds no store of ours, but something else, for instance the key 'celery-task'; nothing"),
        ("pytest-humaneval:store", "x", "has something else under 'pytest-humaneval:store'; nothing was written"),
        ("pytest-humaneval:store", json.dumps({"kind": KIND}), "has something else under"),
        (
            "pytest-humaneval:store",
            json.dumps({"kind": KIND, "version": 2}),
            "is of version 2, and this release knows version 1; use the release that made it, or another database",
        ),
    ],
)
def test_what_is_not_ours_is_named_and_left_as_it_is(
    redis: RedisServer, tmp_path: Path, key: str, value: str, message: str
) -> None:
    redis.client().set(key, value)
    with pytest.raises(InputError) as error:
        check_shared(shared_address(redis.url))
    assert f"{redis.url} {message}" in str(error.value)
    with Machine(tmp_path, redis.url) as machine:  # an engine process that finds it so goes on without
        machine.rows.put_many(answers("a").items())
        assert message in machine.server.take_notices()[0]
    assert redis.client().keys() == [key.encode()]
    assert redis.client().get(key) == value.encode()


def test_with_a_prefix_it_lies_beside_what_others_have(redis: RedisServer, tmp_path: Path) -> None:
    redis.client().set("celery-task", "x")
    with Machine(tmp_path, f"{redis.url}?prefix=ours") as machine:
        machine.rows.put_many(answers("a").items())
        assert machine.server.take_notices() == []
    assert sorted(redis.client().keys()) == [b"celery-task", b"ours:1:generations.1:a", b"ours:store"]


def test_a_store_whose_mark_was_evicted_is_still_ours(redis: RedisServer, tmp_path: Path) -> None:
    with Machine(tmp_path, redis.url) as machine:
        machine.rows.put_many(answers("a").items())
    redis.client().delete("pytest-humaneval:store")
    check_shared(shared_address(redis.url))
    assert redis.client().exists("pytest-humaneval:store")


def test_the_password_is_the_environments_and_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server("--requirepass", "open sesame") as server:
        address = shared_address(server.url)
        for given in (None, "another one"):
            if given:
                monkeypatch.setenv(PASSWORD_VARIABLE, given)
            with pytest.raises(InputError, match=f"refuses this user or password .*{PASSWORD_VARIABLE}") as error:
                check_shared(address)
            assert "another one" not in str(error.value)
        monkeypatch.setenv(PASSWORD_VARIABLE, "open sesame")
        with Machine(tmp_path, server.url) as machine:
            machine.rows.put_many(answers("a").items())
            assert machine.server.take_notices() == []
        assert server.client(password=os.environ[PASSWORD_VARIABLE]).dbsize() == 2


class Confined(ScriptedSandbox):
    name = "lockdown"
    layers = ("lockdown",)


def test_verdicts_are_shared_too(redis: RedisServer, tmp_path: Path) -> None:
    address, options = shared_address(redis.url), SandboxOptions("lockdown")
    passed = Verdict("passed", "", 0.25)
    for machine, kept in (("one", False), ("two", True)):
        sandbox = Confined(lambda *_: passed)
        path = tmp_path / machine / "verdicts.sqlite"
        with KeepingSandbox(sandbox, options, path, read=True, shared=address) as keeping:
            assert keeping.check(ADD, "", timeout=3.0) == passed
            assert keeping.last_from_store is kept
            assert keeping.notices == []


def test_verdicts_of_a_server_that_is_away_are_told(tmp_path: Path) -> None:
    path, address = tmp_path / "verdicts.sqlite", shared_address("redis://127.0.0.1:1")
    sandbox = Confined(lambda *_: Verdict("passed"))
    with KeepingSandbox(sandbox, SandboxOptions("lockdown"), path, read=True, shared=address) as keeping:
        assert keeping.check(ADD, "", timeout=3.0) == Verdict("passed")
        assert "redis://127.0.0.1:1 does not answer" in keeping.notices[0]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here, which makes a certificate")
def test_with_tls_only_a_server_that_is_who_it_says(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*new, "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    with redis_server("--tls-port", str(port), "--bind", "127.0.0.1", *files):
        url = f"rediss://127.0.0.1:{port}"
        with Machine(tmp_path / "one", f"{url}?ssl_ca_certs={certificate}") as one:
            one.rows.put_many(answers("a").items())
            assert one.server.take_notices() == []
        with Machine(tmp_path / "two", url) as two:  # nobody vouches for it
            assert two.rows.get_many(["a"]) == {}
            assert "certificate" in two.server.take_notices()[0]
