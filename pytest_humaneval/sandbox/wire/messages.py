"""The words of both conversations: the oracle's with a child, and with the server that forks it.

A child's replies are one letter and an encoded value. It is sent values: the program; then ``(arguments, keywords)`` of
a call, ``([calls],)`` of many, which it answers one by one, ``(operation, number, arguments, keywords)`` for an object
that it has lent, or ``(whether it returned, what)`` for a function of the test's that it has called. The server gets
one letter and answers with fixed bytes.
"""

from __future__ import annotations

import struct

# Of a child.
HELLO = b"H"  # ready for a program
LOADED = b"L"  # the module body ran to its end, and the entry point is there
VALUE = b"V"  # what a call returned
CHANGED = b"C"  # the same, and the arguments and keywords as they are now: for tests that look at them afterwards
ASK = b"A"  # a function of the test's that is to be called before the answer comes: (its number, arguments, keywords)
RAISED = b"X"  # what the module body or a call raised: (type, names of its bases, message, line, source of the line)
SYNTAX = b"S"  # why the program does not compile, in the same form
REFUSED = b"R"  # why a result cannot cross
MEMORY = b"M"  # no memory left, not even to say more

# To the server.
FORK, KILL, REAP = b"F", b"K", b"R"
# How a child ended: whether by itself, its wait status, whether it left files. Not by way of the codec: every page of
# memory that the server touches after a fork has to be copied first.
END = struct.Struct("<?i?")
