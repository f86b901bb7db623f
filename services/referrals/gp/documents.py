"""A message as the FHIR R4 resources that the practice's own client reads.

The letter is inside the DocumentReference: one page is some 30 KB, and a client that files it has
it with one read, by the token with which it reads everything else.
"""

import hashlib
from base64 import b64encode
from typing import Any
from uuid import UUID

from services.referrals import codes
from services.referrals.gp.rendering import Letter
from services.referrals.gp.standing import Kind
from services.referrals.gp.summary import Summary
from services.referrals.resources import Resource, concept, instant, reference
from services.referrals.tables import Case, GpMessage

MESSAGE = f"{codes.KERSEY}/NamingSystem/gp-message"
KIND = f"{codes.KERSEY}/CodeSystem/gp-message-kind"

RESTRICTED = concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R", "restricted")
"""On letters about people whose record is security-labelled (care 12)."""

_PRIORITY = {Kind.SAFETY: "asap"}


def communication(message: GpMessage, case: Case, it: Summary) -> Resource:
    """That the practice was told, with the coded line.

    Args:
        message: the message.
        case: its case.
        it: what it says.
    """
    body: Resource = {
        "resourceType": "Communication",
        "id": str(message.id),
        "identifier": [{"system": MESSAGE, "value": str(message.id)}],
        "basedOn": [reference("ServiceRequest", case.service_request)],
        "status": "completed",
        "category": [concept(KIND, message.kind, it.title)],
        "priority": _PRIORITY.get(it.kind, "routine"),
        **_subject(case),
        "about": [reference("DocumentReference", message.id)],
        "sent": instant(message.changed),
        "recipient": [_practice(message)],
        **({"sender": reference("Organization", case.team)} if case.team else {}),
    }
    if it.code:
        body["reasonCode"] = [it.code.concept]
    body["payload"] = [
        {"contentString": line(it)},
        {"contentReference": reference("DocumentReference", message.id)},
    ]
    return body


def line(it: Summary) -> str:
    """The message in one line, without a name."""
    if it.concern:
        return "A worry about this person's safety was recorded: read the letter now."
    if it.waits:
        return f"{it.waits.partition('.')[0]}, {it.made}"
    if it.code:
        already = "; already coded with your referral" if it.already_coded else ""
        return f"{it.code.display} ({it.code.code}), {it.code_day}{already}"
    return f"{it.outcome}, {it.made}"


def document_reference(message: GpMessage, case: Case, letter: Letter) -> Resource:
    """The letter itself, as PDF and as HTML."""
    it = letter.summary
    author = [reference("Organization", case.team)] if case.team else []
    return {
        "resourceType": "DocumentReference",
        "id": str(message.id),
        "masterIdentifier": {"system": MESSAGE, "value": str(message.id)},
        "status": "current",
        "docStatus": "final",
        "type": it.document.concept,
        "category": [concept(KIND, message.kind, it.title)],
        **_subject(case),
        "date": instant(message.changed),
        **({"author": author, "custodian": author[0]} if author else {}),
        "description": it.title,
        **({"securityLabel": [RESTRICTED]} if it.restricted else {}),
        "content": [
            {"attachment": _attachment(letter.pdf, "application/pdf", it.title, message)},
            {"attachment": _attachment(letter.html, "text/html", it.title, message)},
        ],
        "context": {"related": [reference("ServiceRequest", case.service_request)]},
    }


def attached(body: Resource, media_type: str) -> str:
    """The letter in a DocumentReference, as base64.

    Args:
        body: the resource.
        media_type: which of its forms.
    """
    found = (each["attachment"] for each in body["content"])
    return next(str(each["data"]) for each in found if each["contentType"] == media_type)


def _attachment(data: bytes, media_type: str, title: str, message: GpMessage) -> Resource:
    return {
        "contentType": media_type,
        "language": "en-GB",
        "data": b64encode(data).decode(),
        "size": len(data),
        # FHIR R4 datatypes, Attachment: the hash is SHA-1; it finds a slip, it is no signature.
        "hash": b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
        "title": title,
        "creation": instant(message.changed),
    }


def _subject(case: Case) -> dict[str, Any]:
    return {"subject": reference("Patient", case.patient)} if case.patient else {}


def _practice(message: GpMessage) -> Resource:
    """The practice by its ODS code: it is no resource of ours."""
    identifier = {"system": codes.ODS_ORGANISATION, "value": message.practice}
    return {"type": "Organization", "identifier": identifier}


def keys(message: UUID) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two documents of a message, as (type, id)."""
    return ("Communication", str(message)), ("DocumentReference", str(message))
