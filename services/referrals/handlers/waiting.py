"""A case says what it waits for; its worker hears first when something opens (care 3)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from services.referrals.desk import Desk
from services.referrals.standing import by_link_worker
from services.referrals.tables import Case, ListedService, Waiting, Worklist
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import CapacityChanged, Envelope, ServiceChanged, ServicePublished
from shared.repeating import repeating

SUBSCRIPTION = Subscription(
    "referrals",
    "openings",
    frozenset({ServicePublished.type, ServiceChanged.type, CapacityChanged.type}),
)
OPEN = ("taking", "ask-first")
CLOSED = ("full", "waiting-list")
FROM_ANYWHERE = frozenset({"phone", "online", "remote"})
"""Ways of meeting for which nobody has to live nearby."""
_POSTCODE = re.compile(r"(?P<district>[A-Z]{1,2}[0-9][0-9A-Z]?)(?:[0-9][A-Z]{2})?")
"""A postcode, or the first part of one, as feeds write them: with a space or without."""


@repeating
def wait_for(
    desk: Desk, principal: Principal, case: UUID, needs: Iterable[str], areas: Iterable[str]
) -> None:
    """Say what a case waits for, in the place of what it waited for before.

    Args:
        desk: what every use case works with.
        principal: a link worker of its team.
        case: the case.
        needs: codes of the directory's taxonomy of needs; none ends the waiting.
        areas: postcode districts where the person would go; none for all of the hub's place.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: somebody else asks, or the case has ended.
    """
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        session.exec(delete(Waiting).where(col(Waiting.case) == case))
        for need in dict.fromkeys(needs):
            session.add(Waiting(case=case, need=need, areas=sorted(set(areas)), since=file.now))
        _to_do(session, case, opened=False)
        file.audit("wait", f"case/{case}")


def note_opening(desk: Desk, uow: UnitOfWork, envelope: Envelope) -> None:
    """A service opened: the cases that wait for such a one get it on their list.

    What is told again opened long ago. Each case hears once, of the first; what its worker makes
    of it is theirs to say.
    """
    event = envelope.data
    if envelope.replay:
        return
    if isinstance(event, ServicePublished):
        listing, opens = event.listing, _capacity(event.listing) not in CLOSED
    elif isinstance(event, ServiceChanged):
        # It ran not, and runs again; a listing whose words changed was there before.
        listing = event.listing
        opens = event.was not in (None, "active") and _capacity(listing) not in CLOSED
    else:
        assert isinstance(event, CapacityChanged)
        known = uow.session.get(ListedService, event.service)
        listing = known.listing if known is not None and known.listed else {}
        opens = event.state in OPEN and event.was not in OPEN
    if not opens or listing.get("status", "active") != "active":
        return
    for case in _waiting(uow.session, listing):
        # The case row is locked first, as everywhere.
        uow.session.exec(select(Case.id).where(Case.id == case).with_for_update())
        changed = uow.session.execute(
            update(Waiting)
            .where(
                col(Waiting.case) == case,
                col(Waiting.need).in_(_needs(listing)),
                col(Waiting.opened).is_(None),
            )
            .values(opened=desk.clock(), service=event.service)
            .returning(col(Waiting.need))
        )
        if changed.all():
            _to_do(uow.session, case, opened=True)


def _waiting(session: Session, listing: Mapping[str, Any]) -> list[UUID]:
    """The open cases that wait for a need that a listing meets, where it meets it."""
    rows = session.exec(
        select(Waiting, Case.hub)
        .join(Worklist, col(Worklist.case) == col(Waiting.case))
        .join(Case, col(Case.id) == col(Waiting.case))
        .where(
            col(Waiting.need).in_(_needs(listing)),
            col(Waiting.opened).is_(None),
            col(Worklist.open),
        )
        .order_by(col(Waiting.case))
    )
    cases = [row.case for row, hub in rows if _within(listing, hub, row.areas)]
    return list(dict.fromkeys(cases))


def _within(listing: Mapping[str, Any], hub: str, areas: list[str]) -> bool:
    """Whether a listing is where a case would have it: in one of the districts, or else with its
    hub. Districts may lie beyond the hub's border, and what is offered by phone lies everywhere.
    Of what has no postcode nobody knows that it is elsewhere: its hub's cases hear (care 26).
    """
    if FROM_ANYWHERE & set(_terms(listing, "format")):
        return True
    there = _districts(listing)
    if areas and there:
        return bool(there & set(areas))
    own = listing.get("kersey") or {}
    return bool(own.get("hub") == hub)


def _districts(listing: Mapping[str, Any]) -> set[str]:
    codes = (
        "".join(str(address.get("postal_code") or "").upper().split())
        for at in listing.get("service_at_locations") or ()
        for address in (at.get("location") or {}).get("addresses") or ()
    )
    found = (_POSTCODE.fullmatch(code) for code in codes)
    return {each["district"] for each in found if each}


def _terms(listing: Mapping[str, Any], taxonomy: str) -> list[str]:
    own = listing.get("kersey") or {}
    return list((own.get("terms") or {}).get(taxonomy) or ())


def _needs(listing: Mapping[str, Any]) -> list[str]:
    return _terms(listing, "need")


def _capacity(listing: Mapping[str, Any]) -> str:
    own = listing.get("kersey") or {}
    return str((own.get("capacity") or {}).get("state", "unknown"))


def _to_do(session: Session, case: UUID, *, opened: bool) -> None:
    session.exec(update(Worklist).where(col(Worklist.case) == case).values(opened=opened))
