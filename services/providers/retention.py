"""How long the directory keeps what. It is public, and knows no patients (care 9)."""

from collections.abc import Mapping

from sqlalchemy import Engine

from services.providers.settings import ProvidersSettings
from services.providers.tables import metadata
from shared.database import LEASES
from shared.messaging import outbox as messages
from shared.retention import Expiry, RecordClass, Retention

_PLACES = "place_taken"

LISTINGS = RecordClass(
    name="listings",
    holds="organisations, services and all that is said of them in public",
    tables=tuple(table.name for table in metadata.sorted_tables if table.name != _PLACES),
    basis="the directory itself; whoever is listed can change or withdraw it",
    start="its publication",
    length=None,
    review="the provider and its hub, who keep it fresh",
)
PLACES = RecordClass(
    name="places-taken",
    holds="ids of Tasks that hold or held a place; the directory never learns who came",
    tables=(_PLACES,),
    basis="operation: no place is taken or given back twice",
    start="the acceptance",
    length=None,
    review="none: no personal data",
)

RECORDS = (LISTINGS, PLACES, LEASES, *messages.RECORDS)

NOBODY: Mapping[str, str] = {
    **dict.fromkeys(LISTINGS.tables, "a public listing"),
    "place_taken": "ids of Tasks",
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "outbox": "events about listings",
}
"""Tables that concern no patient, and what is in them: all."""


def expiries(_settings: ProvidersSettings, engine: Engine) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
    """
    return messages.expiries(engine)


RETENTION = Retention(RECORDS, expiries)
