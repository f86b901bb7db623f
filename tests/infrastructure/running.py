"""A whole Kersey, as `make run` starts it, in a folder and on a port of its own."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.infrastructure import leaks

KERSEY = Path(sys.executable).with_name("kersey")
STARTS_WITHIN = 240.0
"""Seconds: with demo data, on a machine that runs other tests beside it."""

AT_ANY_HOUR = {"KERSEY_PERSON_HOURS": "00:00-23:59"}
"""Tests may run at night, when persons would be written to the next morning."""


@dataclass
class Running:
    """A started all-in-one."""

    port: int
    folder: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a person in the next terminal would have set."""
        own = {"KERSEY_DATA_DIR": str(self.folder), "KERSEY_PUBLIC_URL": self.url}
        return {**os.environ, **own}

    def kersey(self, *words: str, **options: object) -> "subprocess.CompletedProcess[str]":
        """Run a command against it."""
        return subprocess.run(
            [str(KERSEY), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def start(folder: Path, port: int, **settings: str) -> Running:
    """Start one and wait until it is ready.

    Parameters:
        folder: for its data.
        port: where it answers.
        settings: what an operator would have set beside it, such as `KERSEY_CLIENT_RATE`.
    """
    log = folder.parent / f"{folder.name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(KERSEY), "run", "--port", str(port), "--data", str(folder)],
            env={**os.environ, **AT_ANY_HOUR, **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(port, folder, log, process)
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{running.url}/health/ready", timeout=5).is_success:
                return running
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    process.kill()
    process.wait()
    raise AssertionError(f"it did not become ready:\n{log.read_text()[-3000:]}")


def stop(running: Running) -> None:
    """Ctrl-C; then what it wrote is looked through (see `leaks`)."""
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(40)
        leaks.read(running.log, running.folder / "mail")
