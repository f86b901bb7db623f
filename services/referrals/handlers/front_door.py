"""A referral comes in at a hub's front door: one case, however often the form is sent (care 22)."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.front_door import SENDER, Handed, new_reference, patient, request
from services.referrals.handlers.listings import organisation_document
from services.referrals.handlers.opening import Sent, open_case
from services.referrals.handlers.people import link_to_person
from services.referrals.handlers.recording import Record, keep_access_need, keep_contact
from services.referrals.handlers.routing import NO_TEAM, Route
from services.referrals.handlers.routing import Practice as Declared
from services.referrals.pad import Pad
from services.referrals.record import Source
from services.referrals.tables import (
    Case,
    FrontDoorEntry,
    GpSharing,
    LinkWorkerService,
    Person,
    PlaceHub,
    Practice,
)
from services.referrals.trail import note
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.model import validate
from shared.fhir.store import Access, Grant
from shared.repeating import repeating

NAME = "Front door"
"""The sender of what came in there, as Tasks show it."""

OLDEST_PAPER = timedelta(days=366)
"""What was written earlier is a slip of the pen: nobody waits so long for what they wrote."""

Shown = dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What whoever hands in is told: nothing of the person, and not whether they are known.

    Attributes:
        reference: names the referral and nobody.
        repeated: it was here already, and nothing was made now.
    """

    reference: str
    repeated: bool


class OtherContent(Exception):
    """The key of this form came before with other words; what came first stands.

    Args:
        reference: of what came first.
    """

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def hubs(desk: Desk) -> list[Shown]:
    """What the page of each hub says, by name."""
    with desk.look() as uow:
        found = uow.session.exec(select(PlaceHub).order_by(PlaceHub.name)).all()
        return [_hub(each) for each in found]


def hub(desk: Desk, code: str) -> Shown | None:
    """The same of one, with the practices that a person may name there; None without such a hub."""
    with desk.look() as uow:
        found = uow.session.get(PlaceHub, code)
        if found is None:
            return None
        practices = select(Practice).where(Practice.hub == code).order_by(Practice.name)
        return _hub(found) | {
            "practices": [
                {"ods_code": each.ods_code, "name": each.name}
                for each in uow.session.exec(practices)
            ]
        }


def practice(desk: Desk, ods_code: str) -> Shown | None:
    """A practice and its hub; None where no such practice is known."""
    with desk.look() as uow:
        found = uow.session.get(Practice, ods_code)
        if found is None:
            return None
        return {"ods_code": found.ods_code, "name": found.name, "hub": found.hub}


@repeating
def hand_in(desk: Desk, principal: Principal, handed: Handed) -> Receipt:
    """Open the case of what was handed in by a form, or say that it is here.

    Whom it may be about besides is a question for a human at the hub: the person is always a record
    of its own first, so that whoever hands in learns nothing.

    Args:
        desk: what every use case works with.
        principal: the client that hands in, which reads nothing of it afterwards.
        handed: what was said.

    Raises:
        OtherContent: the key was used for other content.
        Refused: there is no such hub or practice, or the practice is another hub's.
    """
    with desk.work() as uow:
        before = handed_in_before(desk, uow, principal, handed)
        if before is not None:
            return Receipt(before.reference, repeated=True)
        entry = take_in(desk, uow, principal, handed)
        reference = entry.reference
        uow.commit()
        return Receipt(reference, repeated=False)


@repeating
def enter(desk: Desk, principal: Principal, handed: Handed) -> Receipt:
    """Open the case of what staff took down on the phone or from paper; see `hand_in`.

    Raises:
        OtherContent: the key was used for other content.
        Refused: the caller's team or hub has no such door; see `hand_in` too.
    """
    with desk.work() as uow:
        before = handed_in_before(desk, uow, principal, handed)
        if before is not None:
            return Receipt(before.reference, repeated=True)
        if handed.hub not in doors_of(uow.session, principal):
            raise Refused("business-rule", "You take down what comes to your own hub.", "hub")
        check_paper(desk, handed)
        entry = take_in(desk, uow, principal, handed, sender=SENDER)
        reference = entry.reference
        uow.commit()
        return Receipt(reference, repeated=False)


def check_paper(desk: Desk, handed: Handed) -> None:
    """Refuse a day on the paper that cannot be right.

    Raises:
        Refused: it is to come, or long ago.
    """
    if handed.written is not None:
        today = desk.clock().astimezone(ZoneInfo(desk.settings.timezone)).date()
        if not today - OLDEST_PAPER <= handed.written <= today:
            raise Refused("business-rule", "Check the day on the paper.", "written")


def doors(desk: Desk, principal: Principal) -> list[Shown]:
    """The hubs at whose door the caller takes down what comes, with the practices of each."""
    with desk.look() as uow:
        codes = doors_of(uow.session, principal)
    return [shown for code in codes if (shown := hub(desk, code)) is not None]


def doors_of(session: Session, principal: Principal) -> list[str]:
    """The codes of the hubs of the caller's team, or of the caller's own."""
    organisation = UUID(principal.organisation)
    of_team = select(LinkWorkerService.hub).where(LinkWorkerService.organisation == organisation)
    own = select(PlaceHub.code).where(PlaceHub.organisation == organisation)
    return sorted({*session.exec(of_team), *session.exec(own)})


def handed_in_before(
    desk: Desk, uow: UnitOfWork, principal: Principal, handed: Handed
) -> FrontDoorEntry | None:
    """What came under this key of this caller before; nobody else can hand it in meanwhile.

    Raises:
        OtherContent: it had other words.
    """
    organisation = UUID(principal.organisation)
    desk.store(uow).serialise(f"front-door/{organisation}/{handed.key}")
    before = uow.session.exec(
        select(FrontDoorEntry).where(
            FrontDoorEntry.organisation == organisation, FrontDoorEntry.key == handed.key
        )
    ).one_or_none()
    if before is not None and before.digest != handed.digest:
        raise OtherContent(before.reference)
    return before


def take_in(
    desk: Desk,
    uow: UnitOfWork,
    principal: Principal,
    handed: Handed,
    *,
    sender: UUID | None = None,
    apart: bool = False,
) -> FrontDoorEntry:
    """Open the case; the caller commits.

    Args:
        desk: what every use case works with.
        uow: the transaction.
        principal: who hands in or types.
        handed: what was said.
        sender: in whose name, where that is not the caller.
        apart: whether no link worker and no hub hears of it.

    Raises:
        Refused: there is no such hub or practice, or the practice is another hub's.
    """
    store, session = desk.store(uow), uow.session
    by = principal if sender is None else replace(principal, organisation=str(sender))
    way = way_of(session, handed.hub, handed.practice)
    if store.find("Organization", by.organisation, Access.system()) is None:
        store.serialise("front-door")
        organisation_document(desk, uow, UUID(by.organisation), NAME)
    pad, reference = Pad(uow, store), new_reference()
    case, person = _open(desk, uow, pad, by, handed, way, reference, apart=apart)
    # In whose name it stands tells whether a person typed it, or a page without an account.
    by_name = sender is not None or handed.entered != "online"
    entry = _keep(desk, session, principal, handed, case, person, reference, by_name=by_name)
    session.flush()
    return entry


def way_of(session: Session, hub: str, practice: str | None = None) -> Route:
    """To the team of the person's practice, else to the hub's one team, else to the hub's list.

    Raises:
        Refused: there is no such hub or practice, or the practice is another hub's.
    """
    place = session.get(PlaceHub, hub)
    if place is None:
        raise Refused("business-rule", "There is no such hub.", "hub")
    declared, team = None, None
    if practice:
        found = session.get(Practice, practice)
        if found is None:
            raise Refused("business-rule", "This practice is not registered here.", "practice")
        if found.hub != place.code:
            other = session.get_one(PlaceHub, found.hub).name
            words = f"Another hub looks after this practice: {other}."
            raise Refused("business-rule", words, "practice")
        declared = Declared(found.ods_code, found.organisation, found.team, found.hub)
        team = found.team
    if team is None:
        teams = session.exec(
            select(LinkWorkerService.organisation)
            .where(col(LinkWorkerService.hub) == place.code)
            .limit(2)
        ).all()
        team = teams[0] if len(teams) == 1 else None
    fault = None if team else NO_TEAM
    return Route(place.code, place.organisation, team, declared, fault)


def _open(
    desk: Desk,
    uow: UnitOfWork,
    pad: Pad,
    principal: Principal,
    handed: Handed,
    way: Route,
    reference: str,
    *,
    apart: bool,
) -> tuple[Case, UUID]:
    """The person, the documents and the case, all written."""
    owner, now = principal.organisation, desk.clock()
    key, patient_key = str(uuid4()), str(uuid4())
    about = patient(handed, patient_key)
    asked = request(handed, key, patient_key, reference, now)
    person = link_to_person(uow.session, pad, about, patient_key, UUID(owner), now)
    for body in (about, asked):
        validate(body, expected_type=body["resourceType"])
        kind = body["resourceType"]
        grants = {Grant(owner, "sender")}
        pad.draft(body, body["id"], owner=owner, grants=grants, person=person)
        pad.audit(principal, "create", f"{kind}/{body['id']}", now, person=person, version=1)
    sent = Sent(
        request=asked,
        patient=patient_key,
        person=person,
        documents={("Patient", patient_key): "", ("ServiceRequest", key): ""},
        practices=(handed.practice,) if handed.practice else (),
        source=handed.source,
        way=way,
        apart=apart,
    )
    readers, _ = open_case(desk, uow, pad, principal, sent)
    pad.admit(readers)
    pad.write()
    case = uow.session.exec(select(Case).where(Case.service_request == key)).one()
    return case, person


def _keep(
    desk: Desk,
    session: Session,
    principal: Principal,
    handed: Handed,
    case: Case,
    person: UUID,
    reference: str,
    *,
    by_name: bool,
) -> FrontDoorEntry:
    """What was said beside the request, in the tables where link workers keep it."""
    now = desk.clock()
    held = select(Person).where(Person.id == person).with_for_update(key_share=True)
    record = Record(session, case, session.exec(held).one(), principal, now)
    for each in handed.contacts:
        told = asdict(each)
        keep_contact(record, told.pop("channel"), told)
    for need in handed.access_needs:
        said: Source = "self-stated" if handed.own else "carer"
        keep_access_need(record, code=need["code"], detail=need["detail"], source=said)
    if handed.practice:
        # No more than the outcome, and nothing at all unless the person said so (care 21, 22).
        session.add(
            GpSharing(
                case=case.id,
                items=[],
                how=handed.agreed_how,
                recorded_by=principal.subject,
                given=now,
                withdrawn=None if handed.tell_gp else now,
            )
        )
    entry = FrontDoorEntry(
        case=case.id,
        organisation=UUID(principal.organisation),
        key=handed.key,
        digest=handed.digest,
        reference=reference,
        source=handed.source,
        entered=handed.entered,
        entered_by=principal.subject if by_name else "",
        written=handed.written,
        relation=handed.relation,
        referrer=dict(handed.referrer),
        agreed_how=handed.agreed_how,
        tell_referrer=handed.tell_referrer,
        received=now,
    )
    session.add(entry)
    note(session, principal, "front-door", f"case/{case.id}", now, person=person, case=case.id)
    return entry


def _hub(row: PlaceHub) -> Shown:
    return {
        "code": row.code,
        "name": row.name,
        "phone": row.phone,
        "hours": row.hours,
        "for_whom": row.for_whom,
        "crisis": row.crisis,
    }
