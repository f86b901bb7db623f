"""The referrals that a practice sent, and how each stands: what its care navigators see of them.

Only what the practice sent itself, by its record system or by one of its people here; what came by
a form without an account could be from anybody. No words of the case, no service and no provider.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from services.referrals.domain import Refused
from services.referrals.practice_standing import standing
from services.referrals.record import STOPS, stops_of
from services.referrals.resources import instant
from services.referrals.tables import (
    Case,
    FrontDoorEntry,
    GpSharing,
    LinkWorkerService,
    Person,
    PlaceHub,
    Practice,
    Worklist,
)
from services.referrals.views import NOTHING_AFTER, View
from shared.auth import Principal
from shared.fhir.json import parse
from shared.fhir.store import Access, FhirStore, Stored

Show = Literal["open", "ended"]


def practices_of(session: Session, principal: Principal) -> list[View]:
    """The practices for which the caller's organisation sends, by name, each with its hub and whom
    to ring."""
    rows = session.execute(
        columns(
            col(Practice.ods_code),
            col(Practice.name),
            col(Practice.hub),
            col(PlaceHub.name).label("hub_name"),
            func.coalesce(func.nullif(col(LinkWorkerService.phone), ""), col(PlaceHub.phone)).label(
                "phone"
            ),
        )
        .join(PlaceHub, col(PlaceHub.code) == col(Practice.hub))
        .outerjoin(LinkWorkerService, col(LinkWorkerService.organisation) == col(Practice.team))
        .where(col(Practice.organisation) == UUID(principal.organisation))
        .order_by(col(Practice.name))
    ).mappings()
    return [dict(row) for row in rows]


def sent_by(
    session: Session,
    store: FhirStore,
    principal: Principal,
    *,
    show: Show,
    practice: str | None,
    after: UUID | None,
    count: int,
) -> list[View]:
    """One page of what the caller's practices sent, the newest first.

    Args:
        session: the caller's.
        store: the documents, for the names that the practice sent.
        principal: somebody of the practices.
        show: those that go on, with those of which nothing is told; or those that ended.
        practice: the ODS code of one of them; all of them for None.
        after: the last row's case of the page before.
        count: at most so many.

    Raises:
        Refused: `after` is no case that they sent.
    """
    theirs = _sent(UUID(principal.organisation))
    told = col(GpSharing.withdrawn).is_(None)
    # On which of the two lists it is would tell too whether it has ended.
    stopped = or_(*(func.coalesce(getattr(Person, each), False) for each in STOPS.values()))
    goes_on = or_(col(Worklist.open), ~told, stopped)
    rows: Select[*tuple[Any, ...]] = (
        columns(
            Case,
            col(Worklist.state),
            col(Worklist.open).label("is_open"),
            col(FrontDoorEntry.reference),
            told.label("told"),
            Person,
        )
        .join(Worklist, col(Worklist.case) == col(Case.id))
        .outerjoin(FrontDoorEntry, col(FrontDoorEntry.case) == col(Case.id))
        .outerjoin(GpSharing, col(GpSharing.case) == col(Case.id))
        .outerjoin(Person, col(Person.id) == col(Case.person))
        .where(theirs, goes_on if show == "open" else ~goes_on)
    )
    if practice is not None:
        rows = rows.where(col(Case.practice) == practice)
    if after is not None:
        last = session.exec(select(Case.key).where(Case.id == after, theirs)).one_or_none()
        if last is None:
            raise Refused("business-rule", NOTHING_AFTER, "after")
        rows = rows.where(col(Case.key) < last)
    found = session.execute(rows.order_by(col(Case.key).desc()).limit(count)).all()
    named = {("Patient", row.Case.patient) for row in found if row.Case.patient}
    patients = store.find_all(named, Access.system())
    return [_row(row, patients) for row in found]


def _sent(organisation: UUID) -> ColumnElement[bool]:
    """Whether a case is of one of an organisation's practices, and was sent by it."""
    own = select(Practice.ods_code).where(Practice.organisation == organisation)
    typed = select(FrontDoorEntry.case).where(FrontDoorEntry.organisation == organisation)
    return (
        col(Case.practice).in_(own)
        & col(Case.erased).is_(None)
        & or_(col(Case.organisation) == organisation, col(Case.id).in_(typed))
    )


def _row(row: Any, patients: Mapping[tuple[str, str], Stored]) -> View:
    case: Case = row.Case
    stops = stops_of(row.Person) if row.Person else []
    sent = patients.get(("Patient", case.patient or ""))
    # A restricted record stands on no list by name (care 12).
    shown = sent is not None and "restricted" not in stops
    return {
        "case": str(case.id),
        "practice": case.practice,
        "sent": instant(case.created),
        "reference": row.reference,
        "person": _called(parse(sent.body.encode())) if sent and shown else None,
        "standing": standing(row.state, is_open=row.is_open, told=row.told, stops=stops),
        # When it moved tells how it stands.
        "since": instant(case.updated) if row.told and not stops else None,
    }


def _called(patient: Mapping[str, Any]) -> str | None:
    """The first name that says anything, as it was sent."""
    return next(_names(patient.get("name") or ()), None)


def _names(names: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for name in names:
        words = name.get("text") or " ".join([*name.get("given", ()), name.get("family", "")])
        if words.strip():
            yield words.strip()
