"""The oracle's end of a child's channel: messages there, as many back as are due, within the limits of the check."""

from __future__ import annotations

import select
import time

from ..wire.codec import CodecError
from ..wire.frames import CHUNK, FrameReader, framed
from .budget import LOOK_INTERVAL, Budget
from .link import Child


class Stop(BaseException):
    """The check is over, whatever the test would like to do next: no ``except Exception`` may catch it.

    ``kind`` is a verdict's, or ``gone`` when the child has ended without a word.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


class Channel:
    """Asks a child, and looks at its limits while it waits."""

    def __init__(self, child: Child, budget: Budget, worker: int) -> None:
        self.timeout = budget.timeout
        self.stopped: Stop | None = None  # once set, the check's outcome, even if the test swallows the exception
        self._socket = child.channel
        self._budget = budget
        self._worker = worker  # the descriptor of its socket
        self._readable = self._poll(select.POLLIN)
        self._reader = FrameReader()
        self._due = 0  # messages that are to come

    def renew(self, budget: Budget) -> None:
        """Go on with other limits of time."""
        self.timeout, self._budget = budget.timeout, budget

    def stop(self, kind: str, detail: str = "") -> Stop:
        """Decide the check; what is returned is to be raised."""
        self.stopped = self.stopped or Stop(kind, detail)
        return self.stopped

    def ask(self, message: bytes) -> bytes:
        """Send a message; the one that comes back.

        Raises:
            Stop: none did.
        """
        self.say(message)
        return self.reply()

    def say(self, message: bytes, count: int = 1, *, early: bool = False) -> None:
        """Send a message that so many answer. ``early``: something that was asked before is still to be answered.

        Raises:
            Stop: nobody hears it any more. If it is early, what was said before that comes first.
        """
        self._due += count
        try:
            self._send(framed(message))
        except OSError:
            if not early:
                raise self.stop("gone") from None

    def reply(self) -> bytes:
        """The next message that is due.

        Raises:
            Stop: none comes any more.
        """
        try:
            while (message := self._reader.taken()) is None:
                self._wait(self._readable)
                self._reader.add(self._socket.recv(CHUNK))
        except (EOFError, OSError):
            raise self.stop("gone") from None
        except CodecError as error:
            raise self._out_of_turn(error) from None
        self.expect(self._due - 1)
        return message

    def expect(self, count: int) -> None:
        """So many messages are still to come.

        Raises:
            Stop: more have come.
        """
        self._due = count
        if count == 0:
            try:
                self._reader.end()
            except CodecError as error:
                raise self._out_of_turn(error) from None

    def _out_of_turn(self, error: CodecError) -> Stop:
        return self.stop("refused", f"the sandboxed process spoke out of turn: {error}")

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                self._wait(self._poll(select.POLLOUT))

    def _poll(self, event: int) -> select.poll:
        poll = select.poll()
        poll.register(self._socket, event)
        poll.register(self._worker, 0)  # which closes when nobody waits for the verdict any more
        return poll

    def _wait(self, poll: select.poll) -> None:
        """Until there is something to do. Limits are looked at as often however much there is: a reply may trickle."""
        ready = False
        while not ready:
            started = time.monotonic()
            events = poll.poll(min(self._budget.patience(), LOOK_INTERVAL) * 1000)
            self._budget.charge(time.monotonic() - started)
            if any(descriptor == self._worker for descriptor, _ in events):
                raise self.stop("error", "the worker has left")
            ready = bool(events)
            if not ready or self._budget.is_due():  # a reply that trickles is no reason not to look
                self._look()

    def _look(self) -> None:
        if reason := self._budget.exhausted():
            raise self.stop("timed out", reason)
        if reason := self._budget.out_of_memory():
            raise self.stop("out of memory", reason)
