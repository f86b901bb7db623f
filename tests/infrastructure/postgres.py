"""PostgreSQL servers for the tests: the embedded one always, version 15 where it is installed."""

import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from deploy.databases import EXTENSIONS, create_extensions, in_database, new_database
from deploy.postgres_cluster import ClusterError, PostgresCluster, embedded_binaries
from tests.infrastructure.absent import Absent
from tests.infrastructure.homes import new_home
from tests.infrastructure.ports import quiet_port
from tests.infrastructure.washing import keep, wash

FAST = {
    # The data is thrown away with the run: nothing needs to survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "128MB",
}

EVERY = ("embedded", "pg15")
"""The servers that a test marked `every_postgres` runs on."""


def installed_15() -> Path:
    """The folder with the binaries of an installed PostgreSQL 15.

    Raises:
        Absent: there is none in the usual places.
    """
    places = [
        Path("/usr/lib/postgresql/15/bin"),
        Path("/usr/pgsql-15/bin"),
        Path("/opt/homebrew/opt/postgresql@15/bin"),
    ]
    for place in places:
        if os.access(place / "initdb", os.X_OK):
            return place
    message = f"PostgreSQL 15 is not installed (looked in {', '.join(map(str, places))})"
    raise Absent(message)


@dataclass
class PostgresServer:
    """One running server and the databases that the tests made on it."""

    name: str
    cluster: PostgresCluster
    home: Path
    _templates: dict[str, str] = field(default_factory=dict)
    _clean: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def start(cls, name: str, options: Mapping[str, str] = FAST) -> "PostgresServer":
        """Start `embedded` or `pg15` in a temporary folder of its own.

        Parameters:
            name: which.
            options: settings of the server.

        Raises:
            Absent: with the reason, when this machine cannot run it.
        """
        home = new_home(name)
        try:
            binaries = embedded_binaries() if name == "embedded" else installed_15()
            cluster = PostgresCluster(
                home / "postgres",
                binaries=binaries,
                password=secrets.token_urlsafe(16),
                options=options,
                port=quiet_port(),
            )
            cluster.start()
        except (Absent, ClusterError, OSError) as error:
            shutil.rmtree(home, ignore_errors=True)
            message = f"PostgreSQL ({name}) is not to be had: {error}"
            raise Absent(message) from error
        return cls(name, cluster, home)

    @property
    def url(self) -> str:
        """URL of the superuser."""
        return self.cluster.url

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.cluster.remove()
        shutil.rmtree(self.home, ignore_errors=True)

    @contextmanager
    def databases(self) -> Iterator["NewDatabase"]:
        """A maker of fresh databases; all are washed or dropped at the end of the block."""
        made: list[tuple[str, str]] = []

        def new(template: str = "extensions", prepare: Callable[[str], None] | None = None) -> str:
            self._ensure_template(template, prepare)
            clean = self._clean[template]
            name = clean.pop(0) if clean else self._clone(template)
            made.append((template, name))
            return in_database(self.url, name)

        try:
            yield new
        finally:
            for template, name in made:
                self._take_back(template, name)

    def _clone(self, template: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        with self._admin() as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(f"template_{template}")
                )
            )
        return name

    def _take_back(self, template: str, name: str) -> None:
        try:
            if wash(in_database(self.url, name)):
                self._clean[template].append(name)
                return
        except psycopg.Error:
            pass  # whatever a test made of it: it goes
        with self._admin() as admin:
            admin.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _ensure_template(self, template: str, prepare: Callable[[str], None] | None) -> None:
        """Make a template once per server; cloning it takes a fraction of preparing it anew."""
        made_by = _named(prepare)
        if template in self._templates:
            # Else the order of the tests would decide which of two states one gets.
            assert self._templates[template] == made_by, f"{template}: two states of one name"
            return
        name = f"template_{template}"
        with self._admin() as admin:
            new_database(admin, name)
        url = in_database(self.url, name)
        create_extensions(url, EXTENSIONS)
        if prepare is not None:
            prepare(url)
        keep(url)
        self._templates[template] = made_by

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url, autocommit=True)


def _named(prepare: Callable[[str], None] | None) -> str:
    """What makes a state, in words that are the same wherever it is asked for."""
    if isinstance(prepare, partial):
        return f"{_named(prepare.func)}{prepare.args}"
    return f"{prepare.__module__}.{prepare.__qualname__}" if prepare is not None else ""


NewDatabase = Callable[..., str]
"""`new(template="extensions", prepare=None) -> URL`: a database that nobody else has.

`template` names a state, `prepare(url)` brings an empty database into it once per run, e.g.
`new("referrals", lambda url: migrate("referrals", url))`; later calls clone the result.
"""


def with_credentials(url: str, user: str, password: str) -> str:
    """The same server and database for another role."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))
