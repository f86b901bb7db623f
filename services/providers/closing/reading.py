"""Which closing days are known of providers."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import Uuid, and_, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers.nested import Json, plain
from services.providers.rows import table
from shared.closing_days import ClosedDays, Closing

SHOWN = ("id", "starts", "ends", "every_year", "why")

_closing = table("closing")
_OF = (
    select(_closing)
    .where(_closing.c.organization_id == any_(bindparam("keys", type_=ARRAY(Uuid))))
    .order_by(_closing.c.starts, _closing.c.id)
)


def closed_on(session: Session, day: date) -> set[UUID]:
    """The organisations that are closed on a day: nobody reminds them of anything then."""
    near = or_(_closing.c.every_year, and_(_closing.c.starts <= day, _closing.c.ends >= day))
    rows = session.connection().execute(select(_closing).where(near)).mappings()
    return {
        row["organization_id"]
        for row in rows
        if day in ClosedDays((Closing.model_validate(dict(row)),))
    }


def closing_days(session: Session, keys: Collection[UUID]) -> dict[UUID, list[Json]]:
    """The closing days of organisations by id, in the order of their first days; who has none is
    left out.
    """
    found: dict[UUID, list[Json]] = {}
    for row in session.connection().execute(_OF, {"keys": list(keys)}).mappings():
        said = {name: plain(row[name]) for name in SHOWN}
        found.setdefault(row["organization_id"], []).append(said)
    return found
