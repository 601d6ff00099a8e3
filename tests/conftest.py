"""Settings of all the project's tests."""

from __future__ import annotations

import signal

from hypothesis import settings

# A shell that starts something in the background has it ignore Ctrl-C, and what that starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loaded machine is no counterexample.
settings.register_profile("humaneval", deadline=None)
settings.load_profile("humaneval")
