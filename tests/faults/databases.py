"""The services' databases seen from outside: what is in them, and waiting for what will be."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from deploy.databases import in_database

WITH_EVENTS = ("identity", "providers", "referrals", "notifications")
"""The services that have an outbox."""

SETTLED_WITHIN = 600.0
"""Seconds in which the calm after the storm may settle everything, on the slowest machine."""


@dataclass(frozen=True)
class Databases:
    """Every service's database.

    Parameters:
        url: of the server's administrator.
    """

    url: str

    def rows(self, service: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that a statement answers, in a transaction of its own."""
        with psycopg.connect(in_database(self.url, f"kersey_{service}")) as connection:
            done = connection.execute(query, values)
            return done.fetchall() if done.description else []

    def run(self, service: str, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Execute statements in one transaction."""
        with psycopg.connect(in_database(self.url, f"kersey_{service}")) as connection:
            for statement, values in statements:
                connection.execute(statement, values)

    def one(self, service: str, query: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.rows(service, query, *values)[0][0]

    def wait_for(self, what: str, service: str, query: str) -> None:
        """Wait until a query answers true.

        Raises:
            AssertionError: it did not, in time.
        """
        eventually(what, lambda: bool(self.one(service, query)))


def eventually(what: str, holds: Callable[[], bool], seconds: float = SETTLED_WITHIN) -> None:
    """Wait until something holds; a database that is away for a moment does not end it.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except psycopg.OperationalError as away:
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s: {what}") from away
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.3)
