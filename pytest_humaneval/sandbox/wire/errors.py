"""What the processes of the sandbox tell each other about trouble."""

from __future__ import annotations


class ConfinementError(Exception):
    """A layer that cannot be had; the text says which, and how to get it."""


class LinkError(Exception):
    """The server could not start or answer."""


class Leave(BaseException):
    """The worker wants its oracle to leave: neither a test nor a guard of ours may take it for a failure."""
