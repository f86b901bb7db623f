"""What comes in at a hub's front door, and its FHIR forms (care 22). Pure, no I/O."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from services.referrals import codes
from services.referrals.record import Channel, Safe
from services.referrals.resources import instant

Source = Literal[
    "self",
    "family",
    "care-navigator",
    "practice",
    "pharmacy",
    "hospital",
    "council",
    "housing",
    "police",
    "fire",
    "job-centre",
    "charity",
]
"""Who refers (care 22); `practice` is a page that a GP opened, `family` with the person's word."""

Entered = Literal["online", "phone", "paper", "walk-in"]
"""By the form; by staff for whoever rang or wrote; by a provider to whom somebody came."""

WALK_IN = "walk-in"
"""The source of whoever came to a provider by themselves, and was not referred by anybody."""

SENDER = uuid5(NAMESPACE_URL, f"{codes.KERSEY}/front-door")
"""In whose name stands what staff enter. Nobody acts for it: whoever types for another reads no
more of the case afterwards than the form's page would."""

SYSTEM = f"{codes.KERSEY}/front-door-reference"
"""Of the reference on a receipt, as an identifier of the ServiceRequest."""

_SIGNS = "23456789" + "BCDFGHJKM" + "PQRTVWXYZ"
"""No sign that is read as another, no vowel to make a word with."""

Resource = dict[str, Any]


@dataclass(frozen=True)
class Reachable:
    """One way to the person and whether it may be used (care 12)."""

    channel: Channel
    value: str
    safe: Safe
    times: str = ""
    voicemail: bool = False
    words: str = ""
    keep_from: str = ""


@dataclass(frozen=True)
class Handed:
    """What was said at a front door.

    Attributes:
        key: the form's own; the same one again means this very referral.
        hub: the code of the place hub.
        source: who refers.
        entered: by the form, or by staff.
        given: the first name, or what the person is called.
        family: the last name.
        birth_date: where it was said.
        nhs_number: where it was said; nobody verified it.
        words: what matters to the person, in their words.
        needs: codes with their words.
        contacts: ways to the person.
        access_needs: code and detail of each.
        practice: the ODS code of the person's practice, where they named one.
        tell_gp: whether their practice may hear what came of it.
        referrer: `name`, `role`, `organisation`, `phone`, `email` of whoever refers another.
        relation: what a relative is to the person.
        agreed_how: how the person agreed.
        tell_referrer: whether the person agreed that the referrer hears what came of it.
        written: the day on the paper, of what came on paper.
    """

    key: str
    hub: str
    source: Source | Literal["walk-in"]
    entered: Entered
    given: str
    family: str
    birth_date: date | None
    nhs_number: str | None
    words: str
    needs: Sequence[Mapping[str, str]]
    contacts: Sequence[Reachable]
    access_needs: Sequence[Mapping[str, str]]
    practice: str | None
    tell_gp: bool
    referrer: Mapping[str, str]
    relation: str
    agreed_how: str
    tell_referrer: bool
    written: date | None = None

    @property
    def own(self) -> bool:
        """Whether nobody refers another."""
        return self.source in ("self", WALK_IN)

    @property
    def digest(self) -> str:
        """Of all that was said."""
        said = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()


def new_reference() -> str:
    """A reference that names nobody, short enough to be read out on the phone."""
    drawn = "".join(secrets.choice(_SIGNS) for _ in range(9))
    return f"{drawn[:3]}-{drawn[3:6]}-{drawn[6:]}"


def patient(handed: Handed, key: str) -> Resource:
    """The person, without any way to reach them: that is kept where it is said whether it is safe
    (care 12)."""
    name = {"given": [handed.given] if handed.given else [], "family": handed.family}
    body: Resource = {"resourceType": "Patient", "id": key}
    if handed.nhs_number:
        body["identifier"] = [{"system": codes.NHS_NUMBER, "value": handed.nhs_number}]
    body["name"] = [{part: value for part, value in name.items() if value}]
    if handed.birth_date:
        body["birthDate"] = handed.birth_date.isoformat()
    if handed.practice:
        body["generalPractitioner"] = [
            {"identifier": {"system": codes.ODS_ORGANISATION, "value": handed.practice}}
        ]
    return body


def request(handed: Handed, key: str, patient_key: str, reference: str, now: datetime) -> Resource:
    """What is asked for.

    It carries no code that starts a referral: the national one is counted when the person accepts,
    and nobody coded it before (care 21).
    """
    subject = {"reference": f"Patient/{patient_key}"}
    body: Resource = {"resourceType": "ServiceRequest", "id": key}
    if not handed.own:
        body["contained"] = [_referrer(handed, subject)]
    body |= {
        "identifier": [{"system": SYSTEM, "value": reference}],
        "status": "active",
        "intent": "proposal",
        "code": {"text": "Social prescribing, asked for at the front door"},
        "subject": subject,
        "authoredOn": instant(now),
        "requester": subject if handed.own else {"reference": "#referrer"},
    }
    if handed.needs:
        body["reasonCode"] = [
            {
                "coding": [{"system": codes.NEED, "code": each["code"]}],
                "text": each.get("display") or each["code"].replace("-", " "),
            }
            for each in handed.needs
        ]
    if handed.words:
        body["note"] = [{"text": handed.words}]
    return body


def _referrer(handed: Handed, subject: Resource) -> Resource:
    said = handed.referrer
    telecom = [
        {"system": system, "value": said[system]}
        for system in ("phone", "email")
        if said.get(system)
    ]
    shown: Resource
    if handed.source == "family":
        shown = {
            "resourceType": "RelatedPerson",
            "id": "referrer",
            "patient": subject,
            "relationship": [{"text": handed.relation}],
            "name": [{"text": said["name"]}],
        }
    else:
        shown = {
            "resourceType": "PractitionerRole",
            "id": "referrer",
            "practitioner": {"display": said["name"]},
            "organization": {"display": said.get("organisation") or handed.source},
        }
        if said.get("role"):
            shown["code"] = [{"text": said["role"]}]
    return shown | ({"telecom": telecom} if telecom else {})
