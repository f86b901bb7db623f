"""Engines that are given back when their block ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from shared.database import create_engine
from shared.settings import ServiceSettings


@contextmanager
def opened(
    url: str, connections: int, name: str, *, statement_seconds: float | None = None
) -> Iterator[Engine]:
    """An engine for the block.

    Parameters:
        url: of the database.
        connections: at most.
        name: shown to the database's operator after `kersey`.
        statement_seconds: after which a statement is given up; only where requests are answered,
            since what works in the background may take its time.
    """
    engine = create_engine(
        url,
        pool_size=connections,
        application_name=f"kersey {name}",
        statement_seconds=statement_seconds,
    )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def opened_for(
    settings: ServiceSettings, name: str, *, for_requests: bool = False
) -> Iterator[Engine]:
    """An engine for the block on a service's own database, as its settings say."""
    with opened(
        settings.database_url.get_secret_value(),
        settings.pool_size,
        name,
        statement_seconds=settings.statement_seconds if for_requests else None,
    ) as engine:
        yield engine
