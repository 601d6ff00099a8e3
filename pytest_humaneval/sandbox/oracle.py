"""The oracle: a trusted process that runs the hidden tests and never executes generated code.

It is a process of its own, beside the worker, for two reasons. A test may loop or exhaust its memory over a value it
was given, in C code that no signal interrupts: a worker would hang with it, whereas an oracle is killed and replaced.
And the worker may be interrupted anywhere (pytest-timeout's alarm, Ctrl-C): it then drops its oracle, which takes
server and child along, instead of repairing a conversation that was cut off in the middle.

It reads checks from the worker's socket, one at a time, and answers each with a verdict.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .budget import Budget, wall_limit
from .candidate import Candidate, Stop
from .decoder import decode
from .encoder import encode
from .errors import LinkError
from .frames import framed, read_frame, write_frame
from .judge import Case, Judgement, TestError, judge
from .link import Child, End, Link
from .process import Recipe
from .scratch import remove_tree


def main() -> None:
    """Start the server, report its layers, then judge until the worker is gone. The one argument is JSON."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the worker held them while it started us
    settings = json.loads(sys.argv[1])
    sys.path += settings["path"]
    recipe = Recipe(settings["command"], settings["cleanup"], settings["workspace"])
    oracle = Oracle(settings["channel"], recipe)
    try:
        _die_with_worker(settings["worker"])
        oracle.serve()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the worker has left
    finally:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what follows must not be cut short
        finally:
            oracle.close()


def _die_with_worker(worker: int) -> None:
    """Leave in good order when the worker is killed, also in the middle of a test."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        from . import linux

        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)
    except (ImportError, AttributeError, OSError):
        return  # not Linux: the end of file on the worker's socket has to do
    if os.getppid() != worker:
        sys.exit("the worker has left")


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    sys.exit(0)


LAST_RESORT = 30.0  # CPU seconds of a test beyond the wall limit: no worker is left that would end it
STARTED = b"S"  # sent to the worker when a check starts


class Oracle:
    """Judges completions against one server, which it replaces when it dies."""

    def __init__(self, worker: int, recipe: Recipe) -> None:
        self._worker = worker  # the descriptor of its socket
        self._recipe = recipe
        self._link: Link | None = None
        self._child: Child | None = None
        self._worn = False  # the server is to be replaced: a completion left something behind in it

    def serve(self) -> None:
        """Judge until the worker is gone.

        Raises:
            EOFError, OSError: it is.
        """
        write_frame(self._worker, self._start())
        while True:
            prompt, entry_point, test, completion, timeout = decode(read_frame(self._worker))
            self.answer(Case(prompt, entry_point, test), completion, timeout)
            self.prepare()

    def _start(self) -> bytes:
        """The first message to the worker: the layers in force, or why there are none."""
        try:
            self._link = Link(self._recipe)
            self.prepare()
        except (LinkError, OSError) as error:
            return encode(("error", str(error)))
        return encode(("ready", self._link.layers))

    def answer(self, case: Case, completion: str, timeout: float) -> None:
        """Tell the worker that the check has started, then kind, detail and seconds of the verdict; or an error.

        Between the two the worker's wall limit runs: what happens before is no fault of the completion.
        """
        try:
            link, child = self._ready_child()
            os.write(self._worker, STARTED)
        except LinkError as error:
            self._drop()
            os.write(self._worker, STARTED + framed(encode(("error", str(error), 0.0))))
            return
        started = time.monotonic()
        try:
            kind, detail = self._judge(link, child, case, completion, timeout)
        except (LinkError, TestError) as error:
            self._drop()
            kind, detail = "error", str(error)
        write_frame(self._worker, encode((kind, detail, time.monotonic() - started)))

    def prepare(self) -> None:
        """Have a child ready before it is asked for. A failure is reported by the check that needs it."""
        if self._worn:
            self._drop()
        try:
            self._link = self._link or Link(self._recipe)
            self._child = self._child or self._link.fork()
        except (LinkError, OSError):
            self._drop()

    def close(self) -> None:
        """End everything, and leave nothing."""
        self._drop()
        remove_tree(self._recipe.workspace)

    def _judge(self, link: Link, child: Child, case: Case, completion: str, timeout: float) -> Judgement:
        self._child = None
        candidate = Candidate(child, Budget(timeout, child.pid), link.scratch, self._worker)
        try:
            with _wall_limit(timeout):
                judgement = judge(case, completion, candidate)
        except Stop as stop:
            judgement = Judgement(stop.kind, stop.detail)
        try:
            end = link.end(child, seems_gone=judgement.kind == "gone")
        except LinkError:
            self._worn = True
            if judgement.kind == "gone":
                raise
            return judgement
        self._worn = end.left_files
        return judgement if judgement.kind != "gone" else _explained_end(end)

    def _ready_child(self) -> tuple[Link, Child]:
        try:
            return self._greeted_child()
        except LinkError:  # it died of something between two checks: nobody's program has run in it, so try another
            self._drop()
            return self._greeted_child()

    def _greeted_child(self) -> tuple[Link, Child]:
        self._link = self._link or Link(self._recipe)
        child = self._child or self._link.fork()
        self._link.await_hello(child)
        return self._link, child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.channel.close()
        if self._link is not None:
            self._link.close()
        self._link = self._child = None
        self._worn = False


def _explained_end(end: End) -> Judgement:
    if not end.by_itself:
        return Judgement("refused", "the sandboxed process closed its channel")
    if end.signal == signal.SIGXCPU:
        return Judgement("timed out", "more than its CPU time")
    if end.signal == signal.SIGKILL:
        return Judgement("out of memory", "killed by the system")
    if end.signal:
        return Judgement("exception", f"the process was killed by {signal.Signals(end.signal).name}")
    return Judgement("exception", f"the process ended itself with status {end.exit_status}")


@contextmanager
def _wall_limit(timeout: float) -> Iterator[None]:
    """Stop a test that loops by itself, which no wait for the candidate would notice."""
    armed = True

    def stop(number: int, frame: FrameType | None) -> None:
        if armed:
            raise Stop("timed out", f"the test was not done within the wall limit of {wall_limit(timeout):g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, wall_limit(timeout), 0.1)  # again and again: the test may swallow it
    signal.setitimer(signal.ITIMER_PROF, wall_limit(timeout) + LAST_RESORT)  # ends the process, whatever it is in
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
