"""A headless Chromium that opens a page from a file, and sees nothing else."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

# In a container there is no sandbox for the browser to make, no graphics, and nobody to update it for.
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars",
)  # fmt: skip
PACKAGES = ("chromium", "chromium-driver")


@functools.cache
def missing() -> str:
    """Why there is no browser, after an attempt to install Debian's; empty where there is one."""
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return ""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"needs {' and '.join(PACKAGES)}; they are not installed, and only root can do so, with apt-get"
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0 or not (shutil.which("chromium") and shutil.which("chromedriver")):
        return f"needs {' and '.join(PACKAGES)}; apt-get could not install them: {done.stderr.strip()[-300:]}"
    return ""


@contextmanager
def chromium(width: int = 1280, height: int = 900, *, dark: bool = False, phone: bool = False) -> Iterator[Chrome]:
    """A new browser with a profile of its own; ``phone`` makes the window's size the device's."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))
        try:
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
            if phone:
                size = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
                driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            yield driver
        finally:
            driver.quit()


def console(driver: Chrome) -> list[str]:
    """What the page's console said since it was last asked: errors, and what a policy refused."""
    entries: list[dict[str, Any]] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return [str(entry["message"]) for entry in entries]
