"""An engine process that outlives the run that started it, and serves one run after the other.

Started by :mod:`pytest_humaneval.background.warm` as ``python -m pytest_humaneval.background.warm_host``; its first
line of standard input is its configuration. It always has an idle limit: when no run has had it for so many seconds, it
ends.

A run takes its turn over the control socket, one JSON object a line, each way:

    {"op": "begin", "store": StoreOptions, "idle_limit": ...}  -> {"address": ...} or {"in_use": true}
    {"op": "status"}                                           -> Turns.status()
    {"op": "stop"}                                             -> {"in_use": ...}

The connection over which a run began is its lifeline: the turn ends with it, however the run ends. For its workers each
run gets a socket and a broker of its own, as an engine process of its own would have them (host.py), so store, answers
and figures are those of the run. A stop during a turn takes effect after it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socketserver
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.processes import peer_is_own, start_mark
from pytest_humaneval.engine.broker import Broker
from pytest_humaneval.engine.catalogue import open_ordered
from pytest_humaneval.engine.host import BrokerServer, Condition, keep_temporary_files_in, run_engine
from pytest_humaneval.engine.kept_answers import KeptAnswers
from pytest_humaneval.engine.protocol import ReusableEngine
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.marshalling.plain import from_plain


class Turns:
    """Which run has the engine, and for how long nobody had it. Thread-safe."""

    def __init__(self, idle_limit: float) -> None:
        self._changed = threading.Condition()
        self._broker: Broker | None = None
        self._idle_limit = idle_limit
        self._idle_since = time.monotonic()
        self._closing = False

    def begin(self, broker: Broker, idle_limit: float) -> bool:
        """Give the engine to a run; false where another one has it. The limit holds from the end of this turn on."""
        with self._changed:
            if self._broker is not None or self._closing:
                return False
            self._broker, self._idle_limit = broker, idle_limit
            self._changed.notify_all()
            return True

    def end(self, broker: Broker) -> None:
        """Take the engine back from a run."""
        with self._changed:
            if self._broker is broker:
                self._broker, self._idle_since = None, time.monotonic()
                self._changed.notify_all()
        broker.end()

    def next(self) -> Broker | None:
        """The broker of the run whose turn it is; None after the idle limit without one, or when it is to stop."""
        with self._changed:
            while self._broker is None and not self._closing:
                left = self._idle_since + self._idle_limit - time.monotonic()
                self._closing = left <= 0
                self._changed.wait(max(0.0, left))
            return self._broker

    def wait_for_end_of(self, broker: Broker) -> None:
        """Wait until a run is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._broker is not broker)

    def stop(self) -> bool:
        """Begin no turn any more; returns whether a run has the engine, which it keeps to its end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            return self._broker is not None

    def loading(self, message: str) -> None:
        """Tell the run that waits what the engine is doing."""
        with self._changed:
            broker = self._broker
        if broker is not None:
            broker.loading(message)

    def status(self) -> dict[str, Any]:
        """Whether a run has the engine, how long none has had it, and how long that may be, in seconds."""
        with self._changed:
            idle = 0.0 if self._broker is not None else time.monotonic() - self._idle_since
            return {"in_use": self._broker is not None, "idle": idle, "idle_limit": self._idle_limit}


class _Control(socketserver.StreamRequestHandler):
    """One question about the engine, or one run's turn."""

    server: _ControlServer

    def handle(self) -> None:
        if not peer_is_own(self.connection):
            return
        with contextlib.suppress(ConnectionError):  # whoever asked is gone
            question = json.loads(self.rfile.readline() or b"{}")
            match question.get("op"):
                case "begin":
                    self._serve_a_run(question)
                case "status":
                    self._reply(self.server.turns.status())
                case "stop":
                    in_use = self.server.turns.stop()
                    self._reply({"in_use": in_use})

    def _serve_a_run(self, question: dict[str, Any]) -> None:
        with self.server.turn(question) as address:
            if address:
                self._reply({"address": address})
                with contextlib.suppress(ConnectionError):
                    self.rfile.read()
            elif self.server.turns.status()["in_use"]:
                self._reply({"in_use": True})

    def _reply(self, answer: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class _ControlServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, address: str, turns: Turns) -> None:
        self.turns = turns
        self._directory = Path(address).parent
        self._count = itertools.count()
        super().__init__(address, _Control)

    @contextlib.contextmanager
    def turn(self, question: dict[str, Any]) -> Iterator[str]:
        """A run's turn, with the address for its workers; an empty one where another run has it, or it is to end."""
        if self.turns.status()["in_use"]:
            yield ""
            return
        broker = Broker(KeptAnswers(from_plain(StoreOptions, question["store"], "the store's options")))
        address = str(self._directory / f"run-{next(self._count)}.sock")
        with BrokerServer(address, broker) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield address if self.turns.begin(broker, question["idle_limit"]) else ""
            finally:
                self.turns.end(broker)
                server.shutdown()
                os.unlink(address)


def serve_turns(engine: ReusableEngine, turns: Turns) -> None:
    """Serve one run after the other, until there was none for too long or the engine broke."""
    condition: Condition = "new"
    while (broker := turns.next()) is not None:
        condition = run_engine(engine, broker, condition)
        turns.wait_for_end_of(broker)
        if condition == "broken":
            return
        if condition == "loaded":
            engine.reset()


def main() -> None:
    """Serve until nobody needs the engine any more."""
    config = json.loads(sys.stdin.buffer.readline())
    _leave_the_run()
    announce = os.dup(1)
    os.dup2(2, 1)  # what is printed belongs into the log
    directory, address = PrivateDirectory(Path(config["state_directory"])), config["socket"]
    keep_temporary_files_in(Path(address).parent)
    name = f"{config['name']}-{os.getpid()}"
    try:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
        turns = Turns(config["idle_limit"])
        engine = cast("ReusableEngine", open_ordered(config["engine"], turns.loading))
        threading.Thread(target=_ControlServer(address, turns).serve_forever, daemon=True).start()
        own = {"pid": os.getpid(), "start_mark": start_mark(os.getpid()), "address": address, "since": time.time()}
        directory.write(name, config["state"] | own)
        os.write(announce, b"listening\n")
        os.close(announce)
        serve_turns(engine, turns)
    except Exception:
        traceback.print_exc()  # nobody is left to do it after the last line
    finally:
        directory.remove(name)
        shutil.rmtree(Path(address).parent, ignore_errors=True)
        sys.stderr.flush()
        os.killpg(0, signal.SIGKILL)  # with what the engine has started; nothing of it is worth an orderly end


def _leave_the_run() -> None:
    """Go on as a child of nobody's, in a session of its own, so that no run has to wait for it or can interrupt it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    main()
