"""What is measured: PostgreSQL that writes through to the disk, RabbitMQ, Kersey's processes."""

import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from sqlalchemy import Engine

from bench import wrk
from deploy.databases import in_database
from deploy.demo.clients import CLIENTS
from deploy.demo_tokens import access_token
from deploy.engines import opened
from deploy.postgres_cluster import PostgresCluster, embedded_binaries
from tests.infrastructure import rabbitmq
from tests.infrastructure.homes import new_home, sweep
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.processes import Processes, Started

DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}
"""Nothing that was answered is lost in a power cut; the last two keep checkpoints out of a run."""

UNLIMITED = {
    "KERSEY_CLIENT_RATE": "1000000/second",
    "KERSEY_ADDRESS_RATE": "1000000/second",
}
"""Requests are counted as always; a load is no client that asks too often."""

NEEDED = (
    "identity",
    "providers",
    "referrals",
    "notifications",
    "referrals-worker",
    "notifications-worker",
)
"""The processes whose speed is measured, and those that they cannot do without."""


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        seconds: how long one load lasts.
        resources: how many are searched among.
        services: how many the directory has.
        deliveries: how many are delivered in a row.
        referrals: how many a team has whose pages are looked at.
    """

    seconds: float
    resources: int
    services: int
    deliveries: int
    referrals: int


@dataclass
class House:
    """Everything that runs.

    Attributes:
        postgres: a server of its own.
        processes: web and workers apart.
        folder: for files.
        seconds: how long one load lasts.
        resources: how many are searched among.
        services: how many the directory has.
        deliveries: how many are delivered in a row.
        tell: shows whoever waits how far the filling is.
        empty: port of the empty routes.
        empty_process: serves them.
    """

    postgres: PostgresServer
    processes: Processes
    folder: Path
    seconds: float
    resources: int
    services: int
    deliveries: int
    tell: Callable[[str], None]
    empty: int
    empty_process: psutil.Process

    def token(self, client: str) -> str:
        """A fresh token of the issuer for one of the demo's clients."""
        return access_token(self.processes.url, client)

    def load(
        self,
        ports: Sequence[int],
        paths: Sequence[str],
        *,
        seconds: float | None = None,
        **how: Any,
    ) -> wrk.Load:
        """See `wrk.run`; two seconds before it warm everything up."""
        wrk.run(ports, paths, folder=self.folder, seconds=2, **how)
        return wrk.run(ports, paths, folder=self.folder, seconds=seconds or self.seconds, **how)

    def cost(self, port: int, paths: Sequence[str], **how: Any) -> tuple[wrk.Load, float]:
        """A load on one web process, and the microseconds of processor time that a request took.

        Others who keep the machine busy slow everything down; they change this much less.
        """
        process = self._process(port)
        wrk.run([port], paths, folder=self.folder, seconds=2, **how)
        before = process.cpu_times()
        load = wrk.run([port], paths, folder=self.folder, seconds=self.seconds, **how)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        return load, used / (load.rate * load.seconds) * 1e6

    def _process(self, port: int) -> psutil.Process:
        if port == self.empty:
            return self.empty_process
        served = next(each for each in self.processes.running if each.port == port)
        return psutil.Process(served.process.pid)

    def http(self, client: str, port: int | None = None) -> httpx.Client:
        """Calls the referrals service, or the one on another port, as a client of the demo."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{port or self.web[0]}",
            headers={"Authorization": f"Bearer {self.token(client)}"},
            timeout=60,
        )

    @property
    def web(self) -> list[int]:
        """The ports of the referrals service's web processes."""
        return [each.port for each in self.processes.of("referrals") if each.port]

    def second_web(self) -> Started:
        """Start one more web process of the referrals service."""
        started = self.processes.start("referrals", 1)
        self.processes.wait_until_ready([started])
        return started

    @property
    def database_url(self) -> str:
        """The referrals service's own database, under its role."""
        return self.processes.environment("referrals")["KERSEY_DATABASE_URL"]

    @property
    def administrator_url(self) -> str:
        """The same database under the server's administrator."""
        return in_database(self.postgres.url, "kersey_referrals")

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """The referrals service's own database."""
        with opened(self.database_url, 2, "bench") as engine:
            yield engine

    def administer(self, *statements: str) -> None:
        """Run statements on the referrals service's database as its administrator."""
        with psycopg.connect(self.administrator_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    @cached_property
    def durability(self) -> str:
        """What PostgreSQL itself says of its durability."""
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        with psycopg.connect(self.postgres.url) as connection:
            said = {}
            for name in names:
                row = connection.execute(f"SHOW {name}").fetchone()
                said[name] = row[0] if row else "?"
        version = said.pop("server_version")
        settings = ", ".join(f"{name} = {value}" for name, value in said.items())
        return f"PostgreSQL {version}: {settings}"


def organisation(client: str) -> str:
    """The organisation of one of the demo's clients, as access rows name it."""
    return str(CLIENTS[client].organisation)


@contextmanager
def running(size: Size, tell: Callable[[str], None]) -> Iterator[House]:
    """Start everything on fresh data, and stop it when the block ends.

    Parameters:
        size: of what is measured.
        tell: see `House`.

    Raises:
        Absent: there is no RabbitMQ to be had.
    """
    sweep()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kersey-bench-")))
        broker = rabbitmq.own()
        stack.callback(broker.close)
        postgres = durable_postgres()
        stack.callback(postgres.close)
        processes = Processes(postgres, broker, folder, replicas=1, only=NEEDED)
        for each in processes.compose["services"].values():
            each.setdefault("environment", {}).update(UNLIMITED)
        stack.enter_context(processes.up())
        loaded = processes.kersey("demo", "load")
        if loaded.returncode:
            raise RuntimeError(loaded.stderr)
        port, process = stack.enter_context(empty_routes())
        yield House(
            postgres,
            processes,
            folder,
            size.seconds,
            size.resources,
            size.services,
            size.deliveries,
            tell,
            port,
            process,
        )


def durable_postgres() -> PostgresServer:
    """The embedded PostgreSQL with everything on that keeps data safe."""
    home = new_home("bench")
    cluster = PostgresCluster(
        home / "postgres",
        binaries=embedded_binaries(),
        password=secrets.token_urlsafe(16),
        options=DURABLE,
    )
    try:
        cluster.start()
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return PostgresServer("bench", cluster, home)


@contextmanager
def empty_routes() -> Iterator[tuple[int, psutil.Process]]:
    """The port of `bench.empty`, and its process."""
    command = [sys.executable, "-m", "bench.empty"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), psutil.Process(process.pid)
        finally:
            process.terminate()
