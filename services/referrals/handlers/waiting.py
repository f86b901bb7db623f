"""A case says what it waits for; its worker hears first when something opens (care 3)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from services.referrals.casefile import refuse_unless
from services.referrals.desk import Desk
from services.referrals.needs import is_known
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
        Refused: somebody else asks, the case has ended, or nobody knows such a need: no listing
            would ever meet it, and nobody would hear.
    """
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        session.exec(delete(Waiting).where(col(Waiting.case) == case))
        wanted = list(dict.fromkeys(needs))
        for place, need in enumerate(wanted):
            words = "The directory has no such need: nobody would hear. Take one of its codes."
            refuse_unless(is_known(session, need), "business-rule", words, f"needs.{place}")
        for need in wanted:
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
    before: Mapping[str, Any] | None = None
    if isinstance(event, ServicePublished):
        listing, opens = event.listing, _capacity(event.listing) not in CLOSED
    elif isinstance(event, ServiceChanged):
        # It ran not, and runs again; or it meets a need, or is in a place, that it did not.
        listing, runs_again = event.listing, event.was not in (None, "active")
        before = None if runs_again else event.before
        opens = (runs_again or before is not None) and _capacity(listing) not in CLOSED
    else:
        assert isinstance(event, CapacityChanged)
        known = uow.session.get(ListedService, event.service)
        listing = known.listing if known is not None and known.listed else {}
        opens = event.state in OPEN and event.was not in OPEN
    if not opens or listing.get("status", "active") != "active":
        return
    for case, needs in _waiting(uow.session, listing, before).items():
        # The case row is locked first, as everywhere.
        uow.session.exec(select(Case.id).where(Case.id == case).with_for_update())
        changed = uow.session.execute(
            update(Waiting)
            .where(
                col(Waiting.case) == case,
                col(Waiting.need).in_(needs),
                col(Waiting.opened).is_(None),
            )
            .values(opened=desk.clock(), service=event.service)
            .returning(col(Waiting.need))
        )
        if changed.all():
            _to_do(uow.session, case, opened=True)


def _waiting(
    session: Session, listing: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[UUID, list[str]]:
    """The open cases that wait for a need that a listing meets, where it meets it, and which.

    What stood `before` and met the same there is no news: its cases heard of it, or its link
    worker found it and did not take it.
    """
    rows = session.exec(
        select(Waiting, Case.hub)
        .join(Worklist, col(Worklist.case) == col(Waiting.case))
        .join(Case, col(Case.id) == col(Waiting.case))
        .where(
            col(Waiting.need).in_(_needs(listing)),
            col(Waiting.opened).is_(None),
            col(Worklist.open),
        )
        .order_by(col(Waiting.case), col(Waiting.need))
    )
    met: dict[UUID, list[str]] = defaultdict(list)
    for row, hub in rows:
        if before is not None and row.need in _needs(before) and _within(before, hub, row.areas):
            continue
        if _within(listing, hub, row.areas):
            met[row.case].append(row.need)
    return met


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
