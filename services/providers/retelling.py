"""Services whose listing repeats what was changed elsewhere: their organisation, or a room in which
they meet beside others. They changed, too: whoever keeps a copy of them must hear, and whoever asks
for what changed since (`modified_after`) must find them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session

from services.providers import documents, gathering, listing, search_texts
from services.providers.nested import Json
from services.providers.rows import among, table
from shared.messaging.events import Event, ServiceChanged

Events = list[tuple[Event, int]]
"""Each with its service's version."""


def of_organizations(session: Session, owners: Sequence[UUID], now: datetime) -> Events:
    """Tell the services of organisations again.

    Args:
        session: the caller's transaction, which holds the organisations' locks.
        owners: organisations that changed.
        now: the instant of the change.
    """
    return _told(session, table("service").c.organization_id.in_(owners), now) if owners else []


def meeting(session: Session, places: Collection[UUID]) -> set[UUID]:
    """The listed services at locations: to be locked with those that are written there.

    Args:
        session: the caller's transaction.
        places: the locations.
    """
    if not places:
        return set()
    at, service = table("service_at_location").c, table("service").c
    wanted = select(service.id).join(table("service_at_location"), at.service_id == service.id)
    wanted = wanted.where(among(at.location_id, places), service.withdrawn.is_(None))
    return set(session.connection().execute(wanted).scalars())


@dataclass(frozen=True)
class Rooms:
    """Locations as they stand before services at them are written, and who else meets there.

    Attributes:
        writing: the services that are written; they are told of by themselves.
        stood: the locations.
        before: what the others meet, and where.
    """

    writing: frozenset[UUID]
    stood: Mapping[UUID, Json]
    before: Mapping[UUID, Json]

    def told_again(self, session: Session, now: datetime) -> Events:
        """Tell those whose room is not as it stood, also one that came while locks were waited for.

        Args:
            session: the caller's transaction, in which the locations were written.
            now: the instant of the change.
        """
        stand = gathering.locations(session, self.stood.keys())
        moved = {key for key in self.stood if stand.get(key, self.stood[key]) != self.stood[key]}
        there = meeting(session, moved) - self.writing
        return _told(session, table("service").c.id.in_(there), now, self.before) if there else []


def rooms(session: Session, writing: Collection[UUID], places: Collection[UUID]) -> Rooms:
    """Look at locations before services at them are written.

    Args:
        session: the caller's transaction, which holds the locks of the locations, and of the
            services that met there when it began.
        writing: the services that are going to be written.
        places: the locations that they will be at and that there are.
    """
    if not places:
        return Rooms(frozenset(writing), {}, {})
    others = meeting(session, places) - set(writing)
    before = {key: meets(each.said) for key, each in documents.read(session, others).items()}
    return Rooms(frozenset(writing), gathering.locations(session, places), before)


def _told(
    session: Session,
    which: ColumnElement[bool],
    now: datetime,
    before: Mapping[UUID, Json] | None = None,
) -> Events:
    """Raise the versions of listed services and say how they stand now.

    Args:
        session: the caller's transaction.
        which: the services.
        now: the instant of the change.
        before: what they met and where, so far as that is known: somebody may wait for what
            changed of it (care 3).
    """
    service = table("service")
    run = session.connection().execute
    held = select(service.c.id).where(which, service.c.withdrawn.is_(None)).order_by(service.c.id)
    keys = run(held.with_for_update(key_share=True)).scalars().all()
    if not keys:
        return []
    raised = run(
        update(service)
        .where(service.c.id.in_(keys))
        .values(version=service.c.version + 1, last_modified=now)
        .returning(service.c.id, service.c.organization_id, service.c.version)
    ).all()
    documents.keep(session, keys)
    listings = listing.listings(session, keys, now)
    search_texts.renew(session, listings)
    return [
        (
            ServiceChanged(
                service=row.id,
                provider=row.organization_id,
                listing=listings[row.id],
                before=_differing(before or {}, row.id, listings[row.id]),
            ),
            row.version,
        )
        for row in raised
    ]


def _differing(before: Mapping[UUID, Json], key: UUID, said: Json) -> dict[str, Any] | None:
    stood = before.get(key)
    return None if stood is None or stood == meets(said) else stood


def meets(said: Json) -> Json:
    """Of a listing, in its own shape: which needs it meets, in which ways, and where."""
    own = said["kersey"]
    terms = own.get("terms") or {}
    return {
        "service_at_locations": [
            {"location": {"addresses": [{"postal_code": each.get("postal_code")}]}}
            for at in said.get("service_at_locations") or ()
            for each in at["location"].get("addresses") or ()
        ],
        "kersey": {
            "hub": own.get("hub"),
            "terms": {name: sorted(terms.get(name) or ()) for name in ("need", "format")},
        },
    }
