"""How many webhooks are switched off, read at each scrape."""

from collections.abc import Iterator

from sqlalchemy import Engine, func, select
from sqlmodel import col

from services.notifications.tables import Contact, Endpoint
from shared.metrics import Gauge, Reading, Source

OFF = Gauge("kersey_endpoints_off", "Webhooks that are switched off.", ("service",))


def of_endpoints(engine: Engine) -> Source:
    """What the database knows of webhooks.

    Args:
        engine: of notifications.
    """
    off = (
        select(func.count())
        .select_from(Endpoint)
        .join(Contact, col(Contact.id) == col(Endpoint.contact))
        .where(col(Endpoint.off_since).is_not(None), col(Contact.active))
    )

    def read() -> Iterator[Reading]:
        with engine.connect() as connection:
            yield Reading(OFF, ("notifications",), connection.execute(off).scalar_one())

    return Source("notifications", "endpoints", read)
