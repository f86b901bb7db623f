"""The all-in-one: how soon it answers, and how much memory it takes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from bench import wrk
from bench.house import UNLIMITED, Size
from bench.table import Figure
from deploy.demo_tokens import access_token
from deploy.postgres_cluster import free_port

PART = "The all-in-one (`make run`)"
WITHIN = 300.0
"""Seconds for a start."""
PAUSE = 0.02
"""Seconds between two looks whether it answers."""


def measure(size: Size) -> Iterator[Figure]:
    """The first start with its demo data, the next one on the same data, and a while of work."""
    with tempfile.TemporaryDirectory(prefix="kersey-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with all_in_one(folder / "data") as (_, _, took):
            yield Figure(PART, "first start, with database and demo data", took, "s")
        with all_in_one(folder / "data") as (process, port, took):
            yield Figure(PART, "next start", took, "s")
            yield Figure(PART, "memory after the start", _memory(process), "MB", at_most=350)
            token = access_token(f"http://127.0.0.1:{port}", "link-worker")
            wrk.run(
                [port],
                ["/fhir/Task?status=requested", "/fhir/ServiceRequest?_count=50"],
                folder=folder,
                token=token,
                seconds=size.seconds,
            )
            yield Figure(
                PART, "memory after searches by 32 clients", _memory(process), "MB", at_most=350
            )


@contextmanager
def all_in_one(data: Path) -> Iterator[tuple[psutil.Process, int, float]]:
    """The process, its port, and how many seconds it took until it was ready."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("kersey")), "run", "--port", str(port)]
    environment = {**os.environ, **UNLIMITED, "KERSEY_DATA_DIR": str(data)}
    began = time.perf_counter()
    with (
        data.with_suffix(".log").open("ab") as log,
    ):
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > WITHIN:
                raise RuntimeError(data.with_suffix(".log").read_text()[-3000:])
            time.sleep(PAUSE)
        yield psutil.Process(process.pid), port, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _memory(process: psutil.Process) -> float:
    """Megabytes of the Python process alone; PostgreSQL's are processes of its own."""
    return float(process.memory_info().rss) / 2**20
