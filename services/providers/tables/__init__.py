"""The directory's tables: HSDS 3.0 / Open Referral UK entities, and what Kersey keeps beside them.

Column names of the HSDS part are HSDS's own, so that a listing is read out without a mapping.
Kersey's own columns are the ones that HSDS has no word for (hub, tier, capacity, who verified).
"""

from typing import Any

from sqlalchemy import Connection, MetaData, event

from services.providers.tables import (
    assurance,
    capacity,
    claims,
    closing,
    consortium,
    documents,
    gaps,
    life,
    locations,
    matching,
    onboarding,
    organizations,
    places,
    replies,
    services,
    sources,
    taxonomies,
)
from services.providers.tables.base import metadata
from shared.database import NAMING
from shared.database import metadata as leases
from shared.messaging.outbox import metadata as messages

__all__ = [
    "assurance",
    "capacity",
    "claims",
    "closing",
    "consortium",
    "documents",
    "gaps",
    "life",
    "locations",
    "matching",
    "metadata",
    "onboarding",
    "organizations",
    "places",
    "replies",
    "schema",
    "services",
    "sources",
    "taxonomies",
]


def schema() -> MetaData:
    """Every table of this service's database: its own, the outbox and inbox, and the leases."""
    whole = MetaData(naming_convention=NAMING)
    for part in (metadata, messages, leases):
        for table in part.sorted_tables:
            table.to_metadata(whole)
    event.listen(whole, "after_create", _triggers)
    return whole


def _triggers(_: MetaData, connection: Connection, **__: Any) -> None:
    kept = (*documents.FORGETTING, *matching.SAYING, *matching.HOLDING, *services.PLACING)
    for statement in kept:
        connection.exec_driver_sql(statement)
