"""What the demo's people tell a link worker about themselves, in the first real conversation.

Invented from the person's number, the same every time. Some things nobody asked, and some are
answered with 'prefers not to say': both are part of real life, and they differ (care 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from sqlmodel import Session

from deploy.demo.people import SEED, DemoPerson
from services.referrals.tables import (
    AccessNeed,
    EqualityCharacteristic,
    SafeContact,
    WiderConsent,
)

SELF_STATED = "self-stated"
"""The source of what a person says; it stands beside what the GP's record says (care 8)."""

PREFERS_NOT_TO_SAY = "prefers-not-to-say"

_NOT_ASKED = ""

_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "disability": (
        *("none",) * 5,
        *("physical",) * 3,
        "long-term-illness",
        "long-term-illness",
        "mental-health",
        "hearing",
        "sight",
        "learning-disability",
    ),
    "religion": (
        *("none",) * 5,
        *("christian",) * 5,
        *("muslim",) * 4,
        "sikh",
        "hindu",
        "buddhist",
    ),
    "sexual-orientation": (
        *("heterosexual",) * 9,
        "gay-or-lesbian",
        "gay-or-lesbian",
        "bisexual",
    ),
    "gender-identity": (*("same-as-at-birth",) * 14, "not-as-at-birth"),
    "caring": (*("none",) * 4, "under-20-hours", "20-to-49-hours", "50-hours-or-more"),
}
"""By characteristic the answers, weighted by repetition."""

_ETHNIC = ("A", "A", "J", "J", "N", "C", "F", "K", "M", "R")
"""UK Core ethnic categories of those of whom the GP's record says nothing."""

_DETAILS = {
    "interpreter-urdu": "Urdu, spoken; a woman if possible",
    "interpreter-punjabi": "Punjabi, spoken",
    "interpreter-polish": "Polish, spoken and written",
    "bsl": "British Sign Language interpreter, booked two weeks ahead",
    "easy-read": "Letters in Easy Read, with pictures",
    "large-print": "Print of 18 points or more",
}


@dataclass(frozen=True)
class Contact:
    """A way to reach the person, and whether it is safe (care 12)."""

    channel: str
    value: str
    safe: str = "unknown"
    times: str = ""
    voicemail: bool = False
    words: str = ""
    keep_from: str = ""


@dataclass(frozen=True)
class Conversation:
    """What one person told.

    Attributes:
        characteristics: of equality, with the answers; whatever nobody asked is absent.
        access_needs: codes of what the person needs to take part (care 18).
        contacts: channels of which the person spoke.
        consents: purposes of wider consent, and whether it was given (care 7c).
    """

    characteristics: Mapping[str, str]
    access_needs: tuple[str, ...]
    contacts: tuple[Contact, ...]
    consents: Mapping[str, bool]


def conversation_with(person: DemoPerson) -> Conversation:
    """What this person tells; the same every time."""
    chance = Random(f"{SEED}/{person.number}")  # noqa: S311 - for variety, not for secrets
    said = {"ethnic-category": _said(chance, (_ethnic_category(person, chance),))}
    for characteristic, answers in _ANSWERS.items():
        said[characteristic] = _said(chance, answers)
    if person.need == "caring":
        said["caring"] = "50-hours-or-more"
    return Conversation(
        characteristics={name: value for name, value in said.items() if value != _NOT_ASKED},
        access_needs=person.access_needs,
        contacts=_contacts(person),
        consents=_consents(person),
    )


def record(session: Session, person: UUID, told: Conversation, *, by: str, at: datetime) -> None:
    """Write down what a person told, within the caller's transaction.

    Args:
        session: the caller's.
        person: Kersey's own record of the person.
        told: what was said.
        by: the link worker.
        at: when.
    """
    for characteristic, value in told.characteristics.items():
        session.add(
            EqualityCharacteristic(
                person=person,
                characteristic=characteristic,
                source=SELF_STATED,
                value=value,
                recorded=at,
            )
        )
    for code in told.access_needs:
        detail = _DETAILS.get(code, "")
        session.add(
            AccessNeed(person=person, code=code, detail=detail, source=SELF_STATED, recorded=at)
        )
    for contact in told.contacts:
        session.add(SafeContact(person=person, recorded_by=by, recorded=at, **vars(contact)))
    for purpose, given in told.consents.items():
        session.add(
            WiderConsent(
                person=person,
                purpose=purpose,
                given=given,
                how="verbal",
                recorded_by=by,
                recorded=at,
            )
        )


def _said(chance: Random, answers: tuple[str, ...]) -> str:
    """One of the answers; one in six was never asked, one in nine would rather not say."""
    answer = chance.choice(answers)
    draw = chance.randrange(18)
    return _NOT_ASKED if draw < 3 else PREFERS_NOT_TO_SAY if draw < 5 else answer


def _ethnic_category(person: DemoPerson, chance: Random) -> str:
    """Mostly what the GP's record says, where it says something; Z is 'not stated'."""
    told = chance.choice(_ETHNIC)
    known = person.ethnic_category
    return told if known in (None, "Z") or chance.randrange(10) == 0 else str(known)


def _contacts(person: DemoPerson) -> tuple[Contact, ...]:
    number = person.number
    if number % 9 == 3:
        return (
            Contact(
                "phone",
                person.phone,
                safe="no",
                words="Say that it is about the library card",
                keep_from="others at home",
            ),
            Contact("post", f"{person.line}, {person.town}", safe="no"),
            Contact("email", f"{person.given}.{number}@mail.example".lower(), safe="yes"),
        )
    if number % 4 == 1:
        return (Contact("phone", person.phone, safe="yes", times="after ten", voicemail=True),)
    return (Contact("phone", person.phone), Contact("text", person.phone))


def _consents(person: DemoPerson) -> dict[str, bool]:
    """Given, refused, or never asked, for each purpose by itself."""
    answers = {"research": person.number % 3, "stories": person.number % 5}
    return {purpose: answer == 0 for purpose, answer in answers.items() if answer < 2}
