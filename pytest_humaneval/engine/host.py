"""The engine process: owns the one engine and the store, answers workers over a unix socket.

Started by :class:`~pytest_humaneval.engine.engine_process.EngineProcess` as ``python -m
pytest_humaneval.engine.host``. Its first line of standard input is its configuration; after that the pipe is a
lifeline: it ends when the run ends, however the run ends, and the process then ends itself with all its children.
Nothing heavy is imported before there is a request that the store cannot answer.

One JSON object a line, each way:

    {"op": "missing", "keys": [...]}                     -> {"missing": [...]}
    {"op": "submit", "batch": [[key, request], ...]}     -> {}
    {"op": "wait", "key": key, "strategy": name}         -> {"generation": {...}} or {"error": "...", "shared": bool}
                                                            or {"stopped": why}
    {"op": "news", "since": n, "stopped": n}             -> {"keys": [...], "stopped": [names], "number": n}
    {"op": "want", "keys": [...]}                        -> {}
    {"op": "forget", "keys": [...]}                      -> {}
    {"op": "stop", "strategies": {name: why}, "keep": [keys]}  -> {}
    {"op": "announce", "keys": [...]}                    -> {}
    {"op": "publish", "key": key, "answer": {...}}       -> {}
    {"op": "solution", "key": key, "strategy": name}     -> {"solution": {...}}, {"error": "..."} or {"stopped": why}
    {"op": "hold"}, {"op": "release"}                    -> {}
    {"op": "progress"}                                   -> Broker.progress()
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import socketserver
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pytest_humaneval.engine.broker import Broker
from pytest_humaneval.engine.catalogue import open_ordered
from pytest_humaneval.engine.kept_answers import KeptAnswers
from pytest_humaneval.engine.protocol import DroppingEngine, Engine, TellingEngine
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import HumanEvalError, SharedEngineError, StoppedError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.sample import Generation, Request


class _Connection(socketserver.StreamRequestHandler):
    """One worker's questions, answered in their order."""

    server: BrokerServer

    def handle(self) -> None:
        for line in self.rfile:
            answer = _answer(self.server.broker, json.loads(line))
            try:
                self.wfile.write(json.dumps(answer).encode() + b"\n")
            except BrokenPipeError:  # the worker is gone; its questions with it
                return


class BrokerServer(socketserver.ThreadingUnixStreamServer):
    """Answers the questions of one run's workers from its broker."""

    daemon_threads = True

    def __init__(self, address: str, broker: Broker) -> None:
        self.broker = broker
        super().__init__(address, _Connection)


def _answer(broker: Broker, question: dict[str, Any]) -> dict[str, Any]:
    match question["op"]:
        case "missing":
            return {"missing": broker.missing(question["keys"])}
        case "submit":
            batch = question["batch"]
            broker.submit((key, from_plain(Request, plain, "a request").sharing()) for key, plain in batch)
            return {}
        case "wait":
            answer = broker.wait_for(question["key"], question["strategy"])
            if isinstance(answer, Generation):
                return {"generation": to_plain(answer)}
            if isinstance(answer, StoppedError):
                return {"stopped": str(answer)}
            return {"error": str(answer), "shared": isinstance(answer, SharedEngineError)}
        case "news":
            keys, stopped, number = broker.news(question["since"], question["stopped"])
            return {"keys": keys, "stopped": stopped, "number": number}
        case "want":
            broker.want(question["keys"])
            return {}
        case "forget":
            broker.forget(question["keys"])
            return {}
        case "announce":
            broker.announce(question["keys"])
            return {}
        case "publish":
            broker.publish(question["key"], question["answer"])
            return {}
        case "solution":
            return broker.solution(question["key"], question["strategy"])
        case "stop":
            broker.stop(question["strategies"], question["keep"])
            return {}
        case "hold":
            broker.hold()
            return {}
        case "release":
            broker.release()
            return {}
        case "progress":
            return broker.progress()
    return {"error": f"unknown question {question['op']!r}"}


CLOSE_SECONDS = 3.0  # for a shared store to take what it lacks, and claims back
LOOK_SECONDS = 0.5  # between two looks at how far the engine is

Condition = Literal["new", "loaded", "broken"]
"""What an engine is after a run: it never had to load its model, it has loaded it, or it is of no more use."""


def run_engine(engine: Engine, broker: Broker, condition: Condition = "new") -> Condition:
    """Hand what is asked for to the engine and its answers to the broker, until the run has ended.

    A broken engine answers everything outstanding with its error; the process stays, to say so to every worker.

    Returns:
        The engine's condition after the run, from that before it.
    """
    try:
        batch = broker.take(block=True)
        if broker.has_ended():
            return condition
        _make_ready(engine, broker, warm=condition == "loaded")
        batch += broker.take(block=False)  # what came meanwhile
        looked_at = -math.inf
        while not broker.has_ended():
            if batch:
                broker.generating()
                engine.submit(batch)
            if (unwanted := broker.unwanted()) and isinstance(engine, DroppingEngine):
                broker.dropped(engine.drop(unwanted))
            answers = list(engine.poll())
            broker.note(getattr(engine, "notices", ()))  # only servers have anything to say
            if answers:
                broker.finish(answers, engine.cached_prompt_tokens)
            if shared := next((error for _, error in answers if isinstance(error, SharedEngineError)), None):
                broker.fail(shared)
                return "broken"
            if time.monotonic() - looked_at >= LOOK_SECONDS:
                looked_at = time.monotonic()
                _look(engine, broker)
            batch = broker.take(block=not broker.outstanding)
        return "loaded"
    except HumanEvalError as error:
        traceback.print_exc()
        broker.fail(SharedEngineError(str(error)))
    except Exception as error:
        traceback.print_exc()
        broker.fail(SharedEngineError(f"the engine broke: {type(error).__name__}: {error}"))
    return "broken"


def _make_ready(engine: Engine, broker: Broker, *, warm: bool) -> None:
    """Load what is to be loaded, and wait until the run lets us generate: it tries its problems meanwhile."""
    if warm:
        broker.await_release()
        broker.found_warm()
        return
    broker.loading("starting the engine")
    start = time.monotonic()
    engine.start()
    seconds = time.monotonic() - start
    broker.await_release()
    broker.generating(seconds)


def _look(engine: Engine, broker: Broker) -> None:
    """Have the broker know how far the engine is, where that can be told."""
    if isinstance(engine, TellingEngine) and (underway := engine.underway()) is not None:
        broker.observe(underway)


def main() -> None:
    """Serve until the lifeline ends."""
    config = json.loads(sys.stdin.buffer.readline())
    brokers: list[Broker] = []
    threading.Thread(target=_end_with_the_run, args=(Path(config["socket"]).parent, brokers), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the controller's to handle
    announce = os.dup(1)
    os.dup2(2, 1)  # vLLM and its kernels print to stdout; that belongs into the log
    keep_temporary_files_in(Path(config["socket"]).parent)
    broker = Broker(KeptAnswers(from_plain(StoreOptions, config["store"], "the store's options")))
    brokers.append(broker)
    engine = open_ordered(config["engine"], broker.loading)
    server = BrokerServer(config["socket"], broker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.write(announce, b"listening\n")
    os.close(announce)
    run_engine(engine, broker)
    threading.Event().wait()


def keep_temporary_files_in(directory: Path) -> None:
    """Have what is left behind go with a directory that is removed: vLLM leaves a file in /tmp at every start.

    Its workers, of a model that is split over several processes, leave one each.
    """
    tempfile.tempdir = os.environ["TMPDIR"] = str(directory)


def _end_with_the_run(directory: Path, brokers: Sequence[Broker]) -> None:
    sys.stdin.buffer.read()
    giving_back = [threading.Thread(target=broker.close, daemon=True) for broker in brokers]
    for thread in giving_back:
        thread.start()
    for thread in giving_back:
        thread.join(CLOSE_SECONDS)
    shutil.rmtree(directory, ignore_errors=True)  # a controller that was killed could not
    # The whole group: vLLM may have started processes of its own. The store is safe: it commits every answer at once.
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main()
