"""The sandboxes there are, by name, and how each is started."""

from __future__ import annotations

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox import bubblewrap, container
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.sandbox.launch import SERVER, Launch, boot
from pytest_humaneval.text.wording import unknown

DESCRIPTIONS = {
    "auto": "bubblewrap where it can be had, else lockdown",
    "lockdown": "limits, Landlock, seccomp and namespaces, as far as the kernel has them",
    "bubblewrap": "lockdown in bubblewrap's namespaces",
    "docker": "lockdown in a container",
    "podman": "lockdown in a container",
    "unsafe-process": "a process with limits, and nothing around it",
}
SANDBOXES = tuple(DESCRIPTIONS)
# Among the layers, so that every report that names them warns.
UNSAFE = "unsafe-process (warning: completions can read and change your files and use the network)"


def launches(options: SandboxOptions) -> tuple[Launch, ...]:
    """The ways to start the sandbox asked for, the one to be tried first in front. Only ``auto`` has more than one.

    Raises:
        SandboxError: there is no such sandbox, or what it needs is not installed.
    """
    if options.name not in SANDBOXES:
        raise SandboxError(unknown("sandbox", options.name, SANDBOXES))
    settings = {
        "control": "{control}",
        "scratch": "{scratch}",
        "memory": options.memory_mb << 20,
        "lockdown": options.name != "unsafe-process",
        "around": [],
    }
    if options.name == "unsafe-process":
        return (Launch("unsafe-process", boot(SERVER, settings), (UNSAFE,)),)
    plain = Launch("lockdown", boot(SERVER, settings))
    if options.name == "lockdown":
        return (plain,)
    if options.name in ("docker", "podman"):
        return (container.launch(options.name, options.image, settings),)
    if options.name == "bubblewrap":
        return (bubblewrap.launch(settings),)
    return (bubblewrap.launch(settings), plain) if bubblewrap.is_installed() else (plain,)
