"""A referral arrives: its case and triage Task are opened; nothing goes silently into nowhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.referrals import capacities, codes
from services.referrals.casefile import CaseFile
from services.referrals.desk import Desk
from services.referrals.domain import NEW, UNROUTED, WITH_PROVIDER, Kind
from services.referrals.handlers.routing import (
    FAULTS,
    NO_PERSON,
    Route,
    Sought,
    codes_of,
    routes,
)
from services.referrals.handlers.stopping import announce_standing
from services.referrals.handlers.urgency import alert, not_monitored
from services.referrals.pad import Pad
from services.referrals.readers import Label, Readers, label_in, readers_of
from services.referrals.record import Stop
from services.referrals.tables import Case, CaseDocument, CaseTask, ListedService, Person, PlaceHub
from services.referrals.tables.case import RECORD_SYSTEM
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.outcome import Issue
from shared.messaging.events import ReferralReceived, ReferralUnrouted


@dataclass(frozen=True)
class Sent:
    """What came with a referral.

    Attributes:
        request: the ServiceRequest as stored.
        patient: the id of its Patient, if it is one that is here.
        person: whom that Patient is about.
        documents: everything that came with it, as (type, id), with their own labels.
        practices: the ODS codes found on its requesting organisations.
        source: who referred.
        way: where it goes, for whoever knows that already.
        stands: what stands of the person, for whoever holds it already; see `announce_standing`.
        apart: whether no link worker and no hub hears of it.
    """

    request: Mapping[str, Any]
    patient: str | None
    person: UUID | None
    documents: Mapping[tuple[str, str], Label] = field(default_factory=dict)
    practices: tuple[str, ...] = ()
    source: str = RECORD_SYSTEM
    way: Route | None = None
    stands: Sequence[Stop] | None = None
    apart: bool = False

    @property
    def sought(self) -> Sought:
        """What decides where it goes."""
        return Sought(self.practices, codes_of(self.request), self.person is not None)


class NewCase(CaseFile):
    """A case that nobody else knows of yet: nothing is there to be locked or read.

    Args:
        desk: what every use case works with.
        uow: the transaction; the caller commits it.
        case: its row, in no session.
        by: who sends it.
        pad: takes all that is made.
    """

    def __init__(
        self, desk: Desk, uow: UnitOfWork, case: Case, by: Principal | None, pad: Pad
    ) -> None:
        super().__init__(desk, uow, case, by)
        self.pad = pad

    def _read(self) -> None:
        """Nothing is there."""

    def add_task(self, task: CaseTask) -> None:
        """See `CaseFile.add_task`."""
        self.tasks[task.id] = task
        self._created.add(task.id)
        self._changed[task.id] = task

    def audit(self, action: str, record: str, version: int | None = None) -> None:
        """See `CaseFile.audit`."""
        case = self.case
        concerns = {"person": case.person, "case": case.id, "version": version}
        self.pad.audit(self.by, action, record, self.now, **concerns)

    def put(self, sent: Mapping[tuple[str, str], Label], hub: UUID) -> Readers:
        """Note everything on the pad; who reads `sent` for this case's sake."""
        self.pad.rows.add(
            self.case,
            *(CaseDocument(case=self.case.id, type=kind, id=key) for kind, key in sorted(sent)),
            *self.tasks.values(),
            self.worklist(None),
        )
        readers = readers_of(self.case, self.tasks.values(), (), sent, hub)
        self.draft(readers)
        return {document: readers[document] for document in sent}


def open_case(
    desk: Desk, uow: UnitOfWork, pad: Pad, principal: Principal, sent: Sent
) -> tuple[Readers, list[Issue]]:
    """Open the case of a referral within the transaction that stores it.

    Returns:
        Who reads what came with it from now on, and what its sender must be told: that nobody
        covers it yet (care 1), that nobody watches it round the clock (care 11), or that a service
        it names takes nobody now: the referral goes to the link worker all the same.
    """
    request = sent.request
    client, sought = UUID(principal.organisation), sent.sought
    way = sent.way or routes(uow.session, client, [sought])[0]
    now = desk.clock()
    case = Case(
        organisation=client,
        client_id=principal.client_id,
        service_request=str(request["id"]),
        patient=sent.patient,
        person=sent.person or _somebody(pad, now),
        practice=way.practice.ods_code if way.practice else None,
        hub=way.hub,
        team=None if sent.apart else way.team,
        priority=str(request.get("priority", "routine")),
        source=sent.source,
        coded_by_sender=(codes.SNOMED, codes.REFERRED) in sought.codes,
        created=now,
        updated=now,
    )
    file = NewCase(desk, uow, case, principal, pad)
    task = _triage_task(file, way, apart=sent.apart)
    restricted = "restricted" in _announce(file, way, task, sent.stands)
    labels = {
        document: label_in(case, document, label, restricted=restricted)
        for document, label in sent.documents.items()
    }
    readers = file.put(labels, way.hub_organisation)
    unknown = () if sought.known_person else (NO_PERSON,)
    return readers, [*_warnings(file, way, unknown), *_services_without_room(file, request)]


def _somebody(pad: Pad, now: datetime) -> UUID:
    """A record of whom a referral is about that names no Patient: nothing is known of them, and
    they can be erased, and their record ends, like anybody's (care 9)."""
    person = Person(created=now, updated=now)
    pad.rows.add(person)
    pad.persons.add(person.id)
    return person.id


def _triage_task(file: CaseFile, way: Route, *, apart: bool) -> CaseTask:
    state = WITH_PROVIDER if apart else NEW if way.team else UNROUTED
    task = CaseTask(
        id=str(uuid4()),
        case=file.case.id,
        kind=Kind.TRIAGE,
        service_request=file.case.service_request,
        owner=way.team or way.hub_organisation,
        status=state.status,
        business=state.business,
        created=file.now,
        updated=file.now,
    )
    file.add_task(task)
    return task


def _announce(
    file: CaseFile, way: Route, task: CaseTask, stands: Sequence[Stop] | None
) -> Sequence[Stop]:
    """Have others hear of the case; what stands already of its person."""
    announce_arrival(file, way, task)
    standing = announce_standing(file, stands)
    alert(file)
    return standing


def announce_arrival(file: CaseFile, way: Route, task: CaseTask) -> None:
    """Have others hear that there is a case, and whether somebody has to place it."""
    request = UUID(file.case.service_request)
    context = file.context()
    file.announce(
        ReferralReceived(
            **context,
            service_request=request,
            task=UUID(task.id),
            practice=way.practice.organisation if way.practice else None,
            hub=way.hub,
        )
    )
    if way.fault:
        file.announce(
            ReferralUnrouted(**context, service_request=request, hub=way.hub, reason=way.fault)
        )


def _warnings(file: CaseFile, way: Route, unknown: Sequence[str]) -> list[Issue]:
    faults = dict.fromkeys(fault for fault in (way.fault, *unknown) if fault)
    next_step = _next_step(file, way) if faults else ""
    issues = [
        Issue("warning", "business-rule", f"{_UNROUTED_NOW} {why} {next_step}", (element,))
        for why, element in (FAULTS[fault] for fault in faults)
    ]
    return issues + not_monitored(file)


def _next_step(file: CaseFile, way: Route) -> str:
    """What the sender does about it, and whom they ask."""
    hub = file.uow.session.get(PlaceHub, way.hub)
    if hub is None:
        return _NOT_AGAIN
    return f"{_NOT_AGAIN} To ask about it: {', '.join(filter(None, (hub.name, hub.phone)))}."


def _services_without_room(file: NewCase, request: Mapping[str, Any]) -> Iterator[Issue]:
    """What the sender is told of a listed service that it names as performer (R4, ServiceRequest).

    Never a refusal: a link worker decides with the person whom to ask.
    """
    for n, performer in enumerate(request.get("performer", ())):
        kind, _, key = str(performer.get("reference", "")).rpartition("/")
        try:
            service = UUID(key) if kind == "HealthcareService" else None
        except ValueError:
            service = None  # a sender's own, by an id of its own
        if service is None:
            continue
        listed = file.uow.session.get(ListedService, service)
        if listed is None:
            continue
        room = capacities.of(file.uow.session, service)
        if not listed.listed:
            why = "This service is closed to referrals now."
        elif capacities.turns_away(room, file.now):
            why = capacities.in_words(room, file.now)
        else:
            continue
        words = f"{why} The referral was received; a link worker will look with the person."
        yield Issue("warning", "business-rule", words, (f"ServiceRequest.performer[{n}]",))


_NOT_AGAIN = "Do not send it again."
_UNROUTED_NOW = "The referral was received and is on the hub's list of referrals to place by hand."
