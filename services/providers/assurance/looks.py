"""When a person last looked at a listing: kept beside it, and shown with it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from services.providers import domain, hsds, many
from services.providers.nested import Row
from services.providers.rows import table
from shared.database import UnitOfWork

Json = dict[str, Any]


def begin(
    uow: UnitOfWork, listed: Mapping[UUID, hsds.Service], again: Collection[UUID], now: datetime
) -> None:
    """Start the review's clock of new listings and of those `again` listed, and take a later
    assured date of known ones.

    An assured date (HSDS: when the information was last checked) is a look, whoever says so: a
    council's feed is kept by people too.
    """
    assurance = table("assurance")
    begun: list[Json] = []
    moved: list[Json] = []
    for key, model in listed.items():
        assured = None if key in again else model.assured_date
        row = {
            "service_id": key,
            "since": min(assured or now.date(), now.date()),
            "stage": int(domain.Reviewing.RESTING),
            "unlisted": False,
        }
        (moved if assured or key in again else begun).append(row)
    statement = insert(assurance)
    run = uow.session.connection().execute
    many.insert(uow.session, "assurance", begun, known_by=("service_id",))
    if moved:
        same = {name: statement.excluded[name] for name in ("since", "stage", "unlisted")}
        run(
            statement.on_conflict_do_update(
                index_elements=["service_id"],
                set_=same | {"asked": None, "reached": None},
                where=statement.excluded.since > assurance.c.since,
            ),
            moved,
        )


def shown(row: Row | None, assured: date | None, now: datetime) -> Json:
    """What readers are told of it.

    Args:
        row: of the assurance table.
        assured: the listing's own assured date.
        now: the present instant, by which confidence falls.
    """
    verified = row["verified"] if row is not None else None
    looked = verified.astimezone(now.tzinfo).date() if verified else None
    last = max((day for day in (assured, looked) if day is not None), default=None)
    said: Json = {"confidence": domain.confidence(last, now)}
    if last is not None:
        said["last_verified"] = last.isoformat()
    if row is not None and looked is not None and last == looked:
        said |= {"verified_by": row["verified_by"], "how": row["verified_how"]}
    return said


def looked(uow: UnitOfWork, key: UUID, *, by: str, how: str, now: datetime) -> None:
    """Keep that a person found a listing right; the review's clock begins again."""
    assurance = table("assurance")
    values: Json = {
        "since": now.date(),
        "verified": now,
        "verified_by": by,
        "verified_how": how,
        "stage": int(domain.Reviewing.RESTING),
        "asked": None,
        "reached": None,
        "unlisted": False,
    }
    statement = insert(assurance).values(service_id=key, **values)
    uow.session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["service_id"],
            set_=values | {"since": func.greatest(assurance.c.since, statement.excluded.since)},
        )
    )
