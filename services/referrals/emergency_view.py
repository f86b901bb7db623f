"""What is shown of a case in an emergency: what keeps somebody safe, and no more of their life.

What somebody worries about, who they are and how to reach them safely, what stands against it, who
is with them and where they are expected, what was last heard of them. Not shown: measures and
goals, equality data, consents, what was written to services or to the GP, what colleagues talk
about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.referrals import codes, visits
from services.referrals.casefile import content_of
from services.referrals.domain import Kind
from services.referrals.record import stops_of
from services.referrals.record_views import reaching_view
from services.referrals.resources import instant
from services.referrals.tables import (
    Attempt,
    Case,
    CaseTask,
    LinkWorkerService,
    ListedProvider,
    ListedService,
    Person,
    Practice,
    Visiting,
    Worry,
    WorryNote,
)
from services.referrals.views import View
from services.referrals.worries import Act
from shared.fhir.store import Access, FhirStore

OF_PATIENT = (
    "name", "birthDate", "telecom", "address", "communication", "contact",
    "deceasedBoolean", "deceasedDateTime",
)  # fmt: skip
"""Elements of the sender's Patient that are shown; of its identifiers the NHS number alone."""
OF_REQUEST = ("authoredOn", "priority", "reasonCode", "note", "patientInstruction")
"""Elements of the sender's ServiceRequest that are shown."""


@dataclass(frozen=True)
class Shown:
    """A case as it is shown in an emergency.

    Attributes:
        view: what is told.
        records: which records that is read from, for the trail.
    """

    view: View
    records: tuple[str, ...]


def emergency_view(session: Session, store: FhirStore, case: Case) -> Shown:
    """Read a case as its team reads it: what its sender keeps from the team is not shown either.

    Args:
        session: the caller's.
        store: the documents.
        case: the case, which a team has.
    """
    as_team = Access.of(str(case.team))
    patient = _document(store, "Patient", case.patient, as_team)
    request = _document(store, "ServiceRequest", case.service_request, as_team)
    person = session.get(Person, case.person) if case.person else None
    contacts, needs = reaching_view(session, person.id) if person else ([], [])
    team = session.get(LinkWorkerService, case.team)
    practice = session.get(Practice, case.practice) if case.practice else None
    visiting = session.get(Visiting, case.id)
    view: View = {
        "id": str(case.id),
        "priority": case.priority,
        "source": case.source,
        "created": instant(case.created),
        "stops": stops_of(person) if person else [],
        "patient": _patient(patient),
        "request": {name: request[name] for name in OF_REQUEST if name in request}
        if request
        else None,
        "contacts": contacts,
        "access_needs": needs,
        "worries": list(_open_worries(session, case)),
        "visiting": {
            "at_home": visiting.at_home,
            "alone": visiting.alone,
            "because": visiting.because,
        }
        if visiting
        else None,
        "team": {"name": team.name, "phone": team.phone} if team else None,
        "allocated_to": case.allocated_to,
        "practice_name": practice.name if practice else case.practice,
        "services": list(_services(session, case)),
        "attempts": list(_attempts(session, case)),
    }
    read = (("Patient", patient), ("ServiceRequest", request))
    documents = [f"{kind}/{body['id']}" for kind, body in read if body]
    return Shown(view, (f"case/{case.id}", *documents))


def _document(
    store: FhirStore, kind: str, key: str | None, access: Access
) -> Mapping[str, Any] | None:
    found = store.find(kind, key, access) if key else None
    return None if found is None or found.deleted else content_of(found)


def _patient(sent: Mapping[str, Any] | None) -> View | None:
    if sent is None:
        return None
    numbers = [
        each for each in sent.get("identifier") or () if each.get("system") == codes.NHS_NUMBER
    ]
    shown = {name: sent[name] for name in OF_PATIENT if name in sent}
    return {"identifier": numbers} | shown


def _open_worries(session: Session, case: Case) -> Iterator[View]:
    """What somebody worries about that nobody has closed, with what was decided (care 11); who
    wrote it is the team's to say."""
    wanted = select(Worry).where(Worry.case == case.id, col(Worry.closed).is_(None))
    raised = session.exec(wanted.order_by(col(Worry.raised), col(Worry.id))).all()
    notes = select(WorryNote).where(col(WorryNote.worry).in_([each.id for each in raised]))
    done = session.exec(notes.order_by(col(WorryNote.made), col(WorryNote.id))).all()
    for each in raised:
        yield {
            "raised": instant(each.raised),
            "words": each.words,
            "by_provider": each.task is not None,
            "looked_at": each.lead is not None,
            "decisions": [
                {"made": instant(note.made), "words": note.words}
                for note in done
                if note.worry == each.id and note.kind == Act.DECISION
            ],
        }


def _services(session: Session, case: Case) -> Iterator[View]:
    """The services that were asked, and when the person is expected there."""
    expected = visits.of_case(session, case.id)
    asked = session.exec(
        select(CaseTask)
        .where(CaseTask.case == case.id, CaseTask.kind == Kind.PROVIDER.value)
        .order_by(col(CaseTask.created), col(CaseTask.id))
    ).all()
    services = select(ListedService.id, ListedService.name).where(
        col(ListedService.id).in_([each.service for each in asked])
    )
    providers = select(ListedProvider.id, ListedProvider.name).where(
        col(ListedProvider.id).in_([each.owner for each in asked])
    )
    names: dict[UUID | None, str] = {
        **dict(session.exec(services).all()),
        **dict(session.exec(providers).all()),
    }
    for task in asked:
        yield {
            "service_name": names.get(task.service),
            "provider_name": names.get(task.owner),
            "business_status": task.business,
            "first_visit": visits.view(expected.get(task.id)),
            "updated": instant(task.updated),
        }


def _attempts(session: Session, case: Case) -> Iterator[View]:
    """When somebody last heard of the person, the newest first."""
    rows = session.exec(
        select(Attempt).where(Attempt.case == case.id).order_by(col(Attempt.made).desc()).limit(20)
    )
    for each in rows:
        yield {
            "made": instant(each.made),
            "reached": each.reached,
            "how": each.how,
            "next_step": each.next_step,
            "next_on": each.next_on.isoformat() if each.next_on else None,
        }
