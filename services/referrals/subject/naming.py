"""Which Subscriptions name a person: their filters are words that an erasure has to reach.

A number, a Patient or a name with its date of birth is one person's; such a Subscription is about
them. A name alone, or where somebody lives, is others' too: it stays, for its client would else
hear nothing of them any more, and the report of the erasure says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from sqlalchemy import String, cast
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from services.referrals.tables import Person, SubscriptionState
from shared.fhir import tables as fhir
from shared.fhir.json import parse
from shared.fhir.search.folding import contact, fold

NAMES = frozenset({"family", "given", "name"})
BIRTH = frozenset({"birthdate"})
PLACES = frozenset({"address", "address-city", "address-postalcode"})
"""Search parameters of a Patient, by what they tell of somebody."""
_SHORTEST = 3
"""Letters of the beginning of a word that are taken for the word."""
_DAY = re.compile(r"^(eq|ap)(?=\d)")
"""What may stand before a day that is asked for itself."""


@dataclass(frozen=True)
class Naming:
    """Subscriptions whose filters hold something of a person.

    Attributes:
        alone: ids of those that are about this person and nobody else.
        others: ids of those with a name or a place that others may have too.
    """

    alone: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass
class _Known:
    """What the Patients say of a person, in any version, as it is compared."""

    numbers: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    births: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    def take(self, patient: Mapping[str, Any]) -> None:
        for element in ("identifier", "telecom"):
            for each in patient.get(element, ()):
                if each.get("value"):
                    self.numbers |= {contact(str(each["value"])), fold(str(each["value"]))}
        for name in patient.get("name", ()):
            self.names |= _words(name.get("family"), name.get("text"), *name.get("given", ()))
        for place in patient.get("address", ()):
            said = (place.get(each) for each in ("text", "city", "postalCode"))
            self.places |= _words(*said, *place.get("line", ()))
        if patient.get("birthDate"):
            self.births.add(str(patient["birthDate"]))


def subscriptions_naming(
    session: Session, persons: Sequence[UUID], patients: Sequence[str]
) -> Naming:
    """Subscriptions that ask for a person.

    Args:
        session: of the referrals service.
        persons: ids of their records.
        patients: ids of the Patients that senders sent of them.
    """
    records = session.exec(select(Person).where(col(Person.id).in_(persons))).all()
    certain = {*(each.nhs_number for each in records if each.nhs_number), *patients}
    known = _Known(numbers={fold(each) for each in certain})
    for each in records:
        known.names |= _words(each.family)
        known.births |= {each.birth_date.isoformat()} if each.birth_date else set()
    for patient in _versions(session, patients):
        known.take(patient)
    alone, others = [], []
    for key, queries in _with_filters(session):
        asked = [pair for query in queries for pair in _values(query)]
        about = any({fold(value), contact(value)} & known.numbers for _, value in asked)
        named = _asks(asked, NAMES, known.names)
        born = any(name in BIRTH and _DAY.sub("", value) in known.births for name, value in asked)
        if about or (named and born) or any(each in str(queries) for each in certain):
            alone.append(key)
        elif named or _asks(asked, PLACES, known.places):
            others.append(key)
    return Naming(tuple(alone), tuple(others))


def _with_filters(session: Session) -> Sequence[tuple[str, Sequence[str]]]:
    found = select(SubscriptionState.id, SubscriptionState.filters).where(
        cast(col(SubscriptionState.filters), String) != "[]"
    )
    return session.exec(found.order_by(col(SubscriptionState.id))).all()


def _asks(asked: Iterable[tuple[str, str]], names: frozenset[str], words: set[str]) -> bool:
    """Whether one of some parameters asks for one of the words, or for its beginning."""
    wanted = (part for name, value in asked if name in names for part in _words(value))
    return any(
        word == part or (len(part) >= _SHORTEST and word.startswith(part))
        for part in wanted
        for word in words
    )


def _words(*texts: str | None) -> set[str]:
    whole = {fold(text) for text in texts if text}
    return {word for text in whole for word in (text, *re.split(r"[\s,]+", text)) if word}


def _versions(session: Session, patients: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Patients in all their versions."""
    document, version = fhir.document.c, fhir.document_version.c
    bodies = (
        sql_select(version.body)
        .join(fhir.document, document.pk == version.pk)
        .where(document.type == "Patient", document.id.in_(patients), version.body != "")
    )
    for body in session.connection().execute(bodies).scalars():
        yield parse(body.encode())


def _values(query: str) -> Iterator[tuple[str, str]]:
    """What a search asks for: the parameter of the last resource in a chain, and each value
    without its system or type."""
    for name, value in parse_qsl(query.partition("?")[2]):
        asked = name.rpartition(".")[2].partition(":")[0]
        for part in re.split(r"[,|/$]", value):
            yield asked, part
