"""What a message to a person may say, and how it may reach them: asked just before it is sent.

Nobody else keeps any of it. What is needed least is told: the first name, no need, no diagnosis,
one address (care 12, 16).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from services.referrals.casefile import CaseFile, content_of, state_of
from services.referrals.domain import Actor, Kind, Refused, decide
from services.referrals.gp.summary import identity_of
from services.referrals.handlers.sharing import IDENTIFIED, agreed_items, person_of_case
from services.referrals.record import stops_of
from services.referrals.record_views import reaching_view
from services.referrals.register import EXPECTED
from services.referrals.tables import CaseTask, LinkWorkerService, ListedService, Person
from services.referrals.views import View
from services.referrals.visits import BOOKED
from services.referrals.ways import Instead, Way, way_to
from shared.fhir.store import Access

TONGUES: Mapping[str, str] = {
    "urdu": "ur",
    "punjabi": "pa",
    "panjabi": "pa",
    "polish": "pl",
    "polski": "pl",
}
"""Languages by the words in which an access need names them, in small letters (BCP 47)."""
EASY_READ = "easy-read"


def person_message_view(file: CaseFile, task: CaseTask, by: Collection[str]) -> View:
    """What a message to the person about one place may say, and how it may reach them.

    Args:
        file: the open case.
        task: asks the provider for the place.
        by: the channels that whoever asks can use.
    """
    session, person = file.uow.session, person_of_case(file)
    stops = stops_of(person) if person is not None else []
    service = session.get(ListedService, task.service)
    visit = file.visits.get(task.id)
    booked = visit if visit is not None and visit.status == BOOKED else None
    told: View = {
        "task": task.id,
        "case": str(file.case.id),
        "stops": stops,
        "business_status": task.business,
        "ended": state_of(task).ended or state_of(file.triage).ended,
        "service": {"id": str(task.service), "name": service.name if service else ""},
        "places": list(_places(service)),
        "company": booked.company if booked else "",
        "meet": booked.meet if booked else "",
        "link_worker": team_view(file),
        "sharing": _sharing(file, task),
        "may": _may(file, task),
    }
    return told | (NO_WAY if stops or person is None else reached_view(file, person, by))


NO_WAY: View = {
    "given": "",
    "language": "en",
    "easy_read": False,
    "way": None,
    "instead": Instead.ASK_FIRST.value,
}
"""What is told of how somebody is reached where nothing is."""


def reached_view(file: CaseFile, person: Person, by: Collection[str]) -> View:
    """The one safe way to the person, and how they are spoken to.

    Args:
        file: the open case.
        person: its person, of whom no stop stands.
        by: the channels that whoever asks can use.
    """
    contacts, needs = reaching_view(file.uow.session, person.id)
    found = way_to(contacts, [each["code"] for each in needs], by)
    way: View
    if isinstance(found, Way):
        way = {"way": {"channel": found.channel, "address": found.address}, "instead": None}
    else:
        way = {"way": None, "instead": found.value}
    return way | {
        "given": _given(file),
        "language": language_of(needs),
        "easy_read": any(each["code"] == EASY_READ for each in needs),
    }


def team_view(file: CaseFile) -> View | None:
    """The link workers whom somebody can ring; None where no team has the case."""
    team = file.uow.session.get(LinkWorkerService, file.case.team) if file.case.team else None
    return {"name": team.name, "phone": team.phone} if team else None


class Hears(StrEnum):
    """How a person hears what is new about a place; why is theirs and the team's to know."""

    MESSAGE = "message"
    """A program writes to them."""
    TEAM = "team"
    """The team is asked to tell them."""
    NOBODY = "nobody"
    """No message goes and nobody is asked: whoever has news agrees with the team what to do."""


def person_hears(file: CaseFile, by: Collection[str]) -> Hears:
    """How the person hears what is new now: as a message to them would fare, and nothing more.

    Args:
        file: the open case.
        by: the channels that whoever asks can use.
    """
    person = person_of_case(file)
    if person is not None and stops_of(person):
        return Hears.NOBODY
    found: Way | Instead = Instead.ASK_FIRST
    if person is not None:
        contacts, needs = reaching_view(file.uow.session, person.id)
        found = way_to(contacts, [each["code"] for each in needs], by)
    if isinstance(found, Way):
        return Hears.MESSAGE
    return Hears.NOBODY if found is Instead.NOTHING or file.case.team is None else Hears.TEAM


def language_of(needs: Sequence[Mapping[str, Any]]) -> str:
    """In which language somebody is written to, of the access needs that stand; English if none.

    Args:
        needs: with `code` and `detail`, such as `interpreter-urdu` or `language`: `Polish`.
    """
    for each in needs:
        kind, _, named = each["code"].partition("-")
        if kind in ("interpreter", "language"):
            said = f"{named} {each['detail']}".lower()
            for word, tongue in TONGUES.items():
                if word in said:
                    return tongue
    return "en"


def _given(file: CaseFile) -> str:
    """The first name, as the sender's record has it."""
    if not file.case.patient:
        return ""
    found = file.store.find("Patient", file.case.patient, Access.system())
    if found is None or found.deleted:
        return ""
    return next(iter(identity_of(content_of(found)).given), "")


def _places(service: ListedService | None) -> Iterator[str]:
    """Where a service is, as its public listing says."""
    for at in (service.listing.get("service_at_locations") or ()) if service else ():
        location = at.get("location") or {}
        address: Mapping[str, Any] = next(iter(location.get("addresses") or ()), {})
        parts = [
            location.get("name"),
            *(address.get(name) for name in ("address_1", "city", "postal_code")),
        ]
        words = ", ".join(dict.fromkeys(str(each).strip() for each in parts if each))
        if words:
            yield words


def _sharing(file: CaseFile, task: CaseTask) -> list[str]:
    """The names of what the provider may know of the person; the values are told to it alone."""
    agreement, state = file.agreement(task.id), state_of(task)
    over = state.ended and state.business not in IDENTIFIED
    if over or agreement is None or agreement.withdrawn is not None:
        return []
    return sorted(agreed_items(file, agreement))


def _may(file: CaseFile, task: CaseTask) -> list[str]:
    """What the person may say about it now, beside asking to be called."""
    may = ["not-this-time"] if task.business in EXPECTED else []
    may += ["stop-sharing"] if _sharing(file, task) else []
    try:
        decide(Kind.PROVIDER, state_of(task), "cancel", Actor.PERSON, "person-changed-mind")
    except Refused:
        return may
    return ["cancel", *may]
