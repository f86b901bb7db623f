"""What is known of the person of a case, read by one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid, bindparam, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services.referrals.persons import records_under
from services.referrals.tables import (
    Agreement,
    Case,
    LinkWorkerService,
    ListedProvider,
    ListedService,
    PatientLink,
    Person,
    PersonAround,
    PersonDecision,
    SafeContact,
)
from services.referrals.unnamed.found import Kind
from services.referrals.unnamed.known import Known
from services.referrals.unnamed.words import folded
from shared.fhir import tables as fhir
from shared.fhir.json import parse
from shared.gathering import Gathering

_RECORDS = records_under(
    select(Person.id).where(col(Person.id) == bindparam("person", type_=Uuid()))
)
_LINKED = columns(col(PatientLink.patient)).where(col(PatientLink.person).in_(_RECORDS))
_document = fhir.document.c

_GATHERING = Gathering(
    persons=select(Person).where(col(Person.id).in_(_RECORDS)),
    documents=columns(_document.type, _document.body).where(
        ~_document.deleted,
        or_(
            (_document.type == "Patient") & _document.id.in_(_LINKED),
            (_document.type == "RelatedPerson") & _document.person.in_(_RECORDS),
            # Of a referral at the front door, who handed it in is contained in it.
            (_document.type == "ServiceRequest")
            & (_document.id == bindparam("request", type_=String())),
        ),
    ),
    contacts=columns(col(SafeContact.channel), col(SafeContact.value)).where(
        col(SafeContact.person).in_(_RECORDS)
    ),
    around=columns(col(PersonAround.name), col(PersonAround.phone)).where(
        col(PersonAround.person).in_(_RECORDS)
    ),
    deciders=columns(col(PersonDecision.who)).where(col(PersonDecision.person).in_(_RECORDS)),
    agreements=columns(col(Agreement.shared)).where(col(Agreement.person).in_(_RECORDS)),
    teams=columns(col(LinkWorkerService.name), col(LinkWorkerService.phone)).where(
        col(LinkWorkerService.organisation) == bindparam("team", type_=Uuid())
    ),
    services=columns(
        col(ListedService.name),
        col(ListedProvider.name).label("provider"),
        col(ListedService.listing),
    )
    .outerjoin(ListedProvider, col(ListedProvider.id) == col(ListedService.provider))
    .where(col(ListedService.id) == bindparam("service", type_=Uuid())),
)  # fmt: skip


@dataclass(frozen=True)
class Around:
    """What is known of a person, and of what a text to a service may name all the same.

    Attributes:
        known: of the person and those around them.
        ordinary: words of the names and places of the service and the team, as compared.
        public: the team's telephone number, where it has one.
    """

    known: Known
    ordinary: frozenset[str]
    public: frozenset[str]


def read_around(session: Session, case: Case, service: UUID | None) -> Around:
    """What is known before a text to a service is looked through.

    Args:
        session: the caller's.
        case: whose person it is.
        service: who will read the text.
    """
    rows = _GATHERING.read(
        session, person=case.person, request=case.service_request, team=case.team, service=service
    )
    known = Known()
    for person in rows["persons"]:
        known.take_name(person.family)
        known.births |= {person.birth_date} if person.birth_date else set()
        known.nhs_numbers |= {person.nhs_number} if person.nhs_number else set()
    for each in rows["documents"]:
        _take_document(known, each["type"], parse(each["body"].encode()))
    for each in rows["contacts"]:
        take = known.take_address if each["channel"] in ("post", "visit") else known.take_contact
        take(each["value"])
    for each in rows["around"]:
        known.take_name(each["name"], Kind.NAME_OF_SOMEBODY_CLOSE)
        known.take_contact(each["phone"])
    for each in rows["deciders"]:
        known.take_name(each["who"], Kind.NAME_OF_SOMEBODY_CLOSE)
    for each in rows["agreements"]:
        known.take_shared(each["shared"])
    named = [each["name"] for each in rows["teams"]]
    for each in rows["services"]:
        named += [each["name"], each["provider"] or "", *_places(each["listing"])]
    return Around(
        known,
        frozenset(word for name in named for word in folded(name)),
        frozenset(each["phone"] for each in rows["teams"] if each["phone"]),
    )


def _take_document(known: Known, kind: str, document: Mapping[str, Any]) -> None:
    if kind == "Patient":
        known.take_record(document)
        return
    around = document.get("contained", ()) if kind == "ServiceRequest" else (document,)
    for each in around:
        if each.get("resourceType") == "RelatedPerson":
            known.take_record(each, Kind.NAME_OF_SOMEBODY_CLOSE)


def _places(listing: Mapping[str, Any]) -> list[str]:
    """The names of a service's places and their towns, as its public listing says."""
    found = []
    for at in listing.get("service_at_locations") or ():
        location = at.get("location") or {}
        towns = [each.get("city") for each in location.get("addresses") or ()]
        found += [str(each) for each in (location.get("name"), *towns) if each]
    return found
