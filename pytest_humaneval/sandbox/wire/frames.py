"""Messages on a byte stream: a length (unsigned 32-bit, little endian) and as many bytes.

The confined end may be told several messages before it has answered the first. What comes from it beyond the answers
that are due is a breach of the protocol.
"""

from __future__ import annotations

import os

from .codec import COUNT, MAX_MESSAGE, CodecError

SMALL = 1 << 12  # bytes read at first: a buffer that is thrown away costs a fresh child dearly
CHUNK = 1 << 16  # bytes read at once from then on


def framed(message: bytes) -> bytes:
    """The message with its length in front."""
    return COUNT.pack(len(message)) + message


def write_frame(descriptor: int, message: bytes) -> None:
    """Write one message to a blocking descriptor."""
    data = framed(message)
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def read_frame(descriptor: int) -> bytes:
    """Read one message from a blocking descriptor.

    Raises:
        EOFError: the other end is gone.
        CodecError: the message is over the cap, or followed by bytes out of turn.
    """
    frames = Frames(descriptor)
    message = frames.read()
    frames.end()
    return message


class Frames:
    """The messages from a blocking descriptor, of which several may have come together."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reader = FrameReader()

    def read(self) -> bytes:
        """The next one.

        Raises:
            EOFError: the other end is gone.
            CodecError: the message is over the cap.
        """
        size = SMALL
        while (message := self._reader.taken()) is None:
            self._reader.add(os.read(self._descriptor, size))
            size = CHUNK
        return message

    def end(self) -> None:
        """No message is to follow.

        Raises:
            CodecError: one has come.
        """
        self._reader.end()


class FrameReader:
    """Puts messages together from pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, chunk: bytes) -> bytes | None:
        """Take what was read; the message, once it is complete.

        Raises:
            EOFError: the piece is empty: the other end is gone.
            CodecError: the message is over the cap, or followed by bytes out of turn.
        """
        self.add(chunk)
        message = self.taken()
        if message is not None:
            self.end()
        return message

    def add(self, chunk: bytes) -> None:
        """Take what was read, of which more than one message may come.

        Raises:
            EOFError: the piece is empty: the other end is gone.
        """
        if not chunk:
            raise EOFError("the other end is gone")
        self._data += chunk

    def taken(self) -> bytes | None:
        """The next message, once it is complete.

        Raises:
            CodecError: it is over the cap.
        """
        if len(self._data) < COUNT.size:
            return None
        end = COUNT.size + COUNT.unpack_from(self._data)[0]
        if end > COUNT.size + MAX_MESSAGE:
            raise CodecError(f"a message of more than {MAX_MESSAGE} bytes")
        if len(self._data) < end:
            return None
        message = bytes(self._data[COUNT.size : end])
        del self._data[:end]
        return message

    def end(self) -> None:
        """No message is to follow.

        Raises:
            CodecError: one does.
        """
        if self._data:
            raise CodecError("bytes out of turn")
