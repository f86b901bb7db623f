"""Where and when the figures were measured, and how busy the machine was with other things."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
BUSY = 0.25
"""Running programs per core, before we start any, from which figures are worth little."""


def describe() -> list[str]:
    """The head of the table: date, commit, machine and its load, a line each."""
    now = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    memory = psutil.virtual_memory().total / 2**30
    return [
        f"Date: {now}",
        f"Commit: {commit()}",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.platform()}",
        f"Python: {platform.python_version()}",
    ]


def load() -> tuple[float, str | None]:
    """The load average of the last minute, and a warning where others keep the machine busy."""
    average = os.getloadavg()[0]
    if average <= BUSY * (os.cpu_count() or 1):
        return average, None
    words = (
        f"the machine is busy with other things (load average {average:.1f}): trust the ratios, "
        "not the figures"
    )
    return average, words


def commit() -> str:
    """The short hash of what is measured, marked where files differ from it."""
    told = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--", ".", ":!docs/benchmarks.md")
    return f"{told} with changes" if changed else told


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=False, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
