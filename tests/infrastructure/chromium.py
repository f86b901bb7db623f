"""Chromium for the tests that look at pages: one that is there, else Debian's as root."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.infrastructure.absent import Absent
from tests.infrastructure.debian import install

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root has no sandbox, and the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Chromium asks home for updates and experiments; a test run speaks to this machine alone.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Launch arguments for every browser test."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find(environment: Mapping[str, str] = os.environ) -> Path:
    """The first Chromium that starts.

    Raises:
        Absent: with every way that was tried. A `KERSEY_TEST_CHROMIUM` that does not start ends the
            search.
    """
    named = environment.get("KERSEY_TEST_CHROMIUM")
    if named:
        return _checked(Path(named))
    reasons = []
    for way in WAYS:
        try:
            return way()
        except Absent as absent:
            reasons.append(str(absent))
    raise Absent("Chromium is not to be had: " + "; ".join(reasons))


def installed() -> Path:
    """One on the PATH."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return _checked(Path(path))
    message = f"none of {', '.join(NAMES)} is installed"
    raise Absent(message)


def fetched_by_playwright() -> Path:
    """One that `playwright install chromium` put in the user's cache."""
    cache = Path.home() / ".cache" / "ms-playwright"
    for path in sorted(cache.glob("chromium-*/chrome-linux*/chrome"), reverse=True):
        return _checked(path)
    message = f"Playwright has fetched none into {cache}"
    raise Absent(message)


def apt() -> Path:
    """Debian's package, where we are root."""
    install("chromium")
    return installed()


WAYS: tuple[Callable[[], Path], ...] = (installed, fetched_by_playwright, apt)
"""After KERSEY_TEST_CHROMIUM, in this order."""


def _checked(path: Path) -> Path:
    try:
        done = subprocess.run(
            [str(path), "--version"], check=False, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{path} does not start ({error})"
        raise Absent(message) from error
    if done.returncode != 0:
        message = f"{path} does not start ({done.stderr.strip()[-200:]})"
        raise Absent(message)
    return path
