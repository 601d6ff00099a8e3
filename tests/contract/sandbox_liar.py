"""A fork server's side of the conversation without any fork: its children say what the fuzzer makes them say.

Run as a program by the oracle, in place of the server. A completion that ends in ``#script`` and base64 is not run, but
played: one reply to each message, bytes as they are. Any other gets the answers of a right ``x + x``.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent.parent / "pytest_humaneval"
MARK = "#script "


def script(replies: list[bytes], end: tuple[bool, int, bool] = (True, 0, False), *, together: bool = False) -> str:
    """A completion that is played: each reply answers one message; then the child ends as ``end`` says.

    ``together``: all replies behind the first answer the second message.
    """
    told = {"replies": [base64.b64encode(reply).decode() for reply in replies], "end": end, "together": together}
    return MARK + base64.b64encode(json.dumps(told).encode()).decode() + "\n"


def main() -> None:
    """Serve as :mod:`pytest_humaneval.sandbox.confined.server` does."""
    sys.path.append(str(PACKAGE))
    from sandbox.wire.encoder import encode  # type: ignore[import-not-found]
    from sandbox.wire.frames import framed  # type: ignore[import-not-found]
    from sandbox.wire.messages import END, FORK  # type: ignore[import-not-found]

    control = socket.socket(fileno=int(sys.argv[1]))
    control.sendall(framed(encode(("ready", ["lies"]))))
    children: list[_Child] = []
    while True:
        command, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not command:
            os._exit(0)
        if command == FORK:
            children.append(_Child(descriptors[0]))
        else:
            control.sendall(END.pack(*children.pop(0).end))


class _Child:
    """One child, in a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self.end: tuple[Any, ...] = (False, 9, False)
        self._channel = socket.socket(fileno=descriptor)
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        from sandbox.wire.decoder import decode  # type: ignore[import-not-found]
        from sandbox.wire.frames import Frames, write_frame
        from sandbox.wire.messages import HELLO

        self._frames = Frames(self._channel.fileno())
        try:
            write_frame(self._channel.fileno(), HELLO)
            source = decode(self._frames.read())[0]
            _, mark, played = source.rpartition(MARK)
            if mark:
                self._play(json.loads(base64.b64decode(played)))
            else:
                self._be_right()
        except (OSError, EOFError):
            pass  # the oracle has seen enough
        finally:
            self._channel.close()

    def _play(self, told: dict[str, Any]) -> None:
        self.end = tuple(told["end"])
        for number, reply in enumerate(told["replies"]):
            if number == 1 or (number and not told["together"]):
                self._frames.read()
            self._channel.sendall(base64.b64decode(reply))

    def _be_right(self) -> None:
        from sandbox.wire.decoder import decode
        from sandbox.wire.encoder import encode
        from sandbox.wire.frames import write_frame
        from sandbox.wire.messages import LOADED, VALUE

        write_frame(self._channel.fileno(), LOADED)
        while True:
            (value,), _ = decode(self._frames.read())
            write_frame(self._channel.fileno(), VALUE + encode(value + value))


if __name__ == "__main__":
    main()
