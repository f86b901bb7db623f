"""The ITK3 message that carries a letter, and the two responses that come back.

Sources: GP Connect: Send Document 2.0.1 (the requirement numbers stand beside what they ask for),
ITK3 Message Distribution (bundle structure, handling specification, response codes). FHIR is STU3.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from xml.sax.saxutils import escape

from services.referrals.gp.mesh.fhir_xml import from_xml, storable, to_xml, values
from services.referrals.gp.summary import Summary
from shared.fhir.nhs import NHS_NUMBER, ODS_ORGANISATION

NHS = "https://fhir.nhs.uk/STU3"
CARE_CONNECT = "https://fhir.hl7.org.uk/STU3"
HANDLING = f"{NHS}/StructureDefinition/Extension-ITK-MessageHandling-2"
EVENTS = f"{NHS}/CodeSystem/ITK-MessageEvent-2"
DEFINITION = f"{NHS}/MessageDefinition/ITK-GPConnectSendDocument-MessageDefinition-Instance-1"
UUIDS = "https://tools.ietf.org/html/rfc4122"
MEDIA_TYPE = "application/fhir+xml"

SUCCESS = "20013"
DUPLICATES = frozenset({"20007", "20008"})
"""The practice's system had this message or this document already: the first one counts."""

_CODE = re.compile(r"[123]00\d\d")


@dataclass(frozen=True)
class Sender:
    """Who sends.

    Attributes:
        mailbox: its MESH mailbox.
        ods_code: its organisation.
    """

    mailbox: str
    ods_code: str


@dataclass(frozen=True)
class Response:
    """What a practice's system answered.

    Attributes:
        reference: the message that it is about, as we named it; None where it does not say.
        identifier: the message that it is about, by the message's own identifier.
        ok: whether it is positive.
        code: the ITK3 response code.
    """

    reference: UUID | None
    identifier: UUID | None
    ok: bool
    code: str

    @property
    def is_business(self) -> bool:
        """Whether somebody who knows the patient answered, and not only the system."""
        return self.code.startswith("3")


def message(
    key: UUID, itk_id: UUID, it: Summary, pdf: bytes, sender: Sender, now: datetime
) -> bytes:
    """The message, as XML.

    Args:
        key: the message's id, by which its responses are known (SenderReference).
        itk_id: its identifier, the same at every attempt to send the same one.
        it: what the letter says.
        pdf: the letter.
        sender: who sends it.
        now: when it is made.
    """
    return to_xml(bundle(key, itk_id, it, pdf, sender, now))


def bundle(
    key: UUID, itk_id: UUID, it: Summary, pdf: bytes, sender: Sender, now: datetime
) -> dict[str, Any]:
    """The same as JSON, its members in the order of their definitions."""
    ids = {name: str(uuid5(itk_id, name)) for name in _PARTS}
    stamp = now.isoformat(timespec="seconds")
    organisation = {"system": ODS_ORGANISATION, "value": sender.ods_code}
    header = {
        "resourceType": "MessageHeader",
        "id": ids["header"],
        "meta": _profile(f"{NHS}/StructureDefinition/ITK-MessageHeader-2"),
        "extension": [_handling(key)],
        # GPCM-SD-051: the event of every Send Document message.
        "event": {
            "system": EVENTS,
            "code": "ITK007C",
            "display": "ITK GP Connect Send Document",
        },
        "sender": _to(ids["header-sender"]),
        "timestamp": stamp,
        "source": {"endpoint": sender.mailbox},
        "focus": [_to(ids["document"])],
    }
    header_sender = {
        "resourceType": "Organization",
        "id": ids["header-sender"],
        "meta": _profile(f"{NHS}/StructureDefinition/CareConnect-ITK-Header-Organization-1"),
        "identifier": [organisation],
    }
    document = {
        "resourceType": "Bundle",
        "id": ids["document"],
        "meta": _profile(f"{NHS}/StructureDefinition/ITK-Document-Bundle-1"),
        "identifier": {"system": UUIDS, "value": ids["document"]},
        "type": "document",
        "entry": [
            _entry(each)
            for each in (
                _composition(ids, it, sender, stamp),
                _attachment(ids, pdf),
                _practitioner(ids, it),
                _organisation(ids, it, organisation),
                _patient(ids, it),
            )
        ],
    }
    return {
        "resourceType": "Bundle",
        "id": ids["message"],
        "meta": _profile(f"{NHS}/StructureDefinition/ITK-Message-Bundle-1"),
        "identifier": {"system": UUIDS, "value": str(itk_id)},
        "type": "message",
        "entry": [_entry(header), _entry(header_sender), _entry(document)],
    }


_PARTS = (
    "message header header-sender document composition pdf practitioner organisation patient"
).split()


def _handling(key: UUID) -> dict[str, Any]:
    """Who must answer what: both acknowledgements (GPCM-SD-CS-043 to 048)."""
    recipient = {
        "system": f"{NHS}/CodeSystem/ITK-RecipientType-1",
        "code": "FA",
        "display": "For Action",
    }
    return {
        "url": HANDLING,
        "extension": [
            {"url": "BusAckRequested", "valueBoolean": True},
            {"url": "InfAckRequested", "valueBoolean": True},
            {"url": "RecipientType", "valueCoding": recipient},
            {"url": "MessageDefinition", "valueReference": {"reference": DEFINITION}},
            {"url": "SenderReference", "valueString": f"urn:uuid:{key}"},
            # 2.0: the document is known by Composition.type, no longer by this.
            {"url": "LocalExtension", "valueString": "None"},
        ],
    }


def _composition(ids: Mapping[str, str], it: Summary, sender: Sender, stamp: str) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "id": ids["composition"],
        "meta": _profile(f"{CARE_CONNECT}/StructureDefinition/CareConnect-Composition-1"),
        "text": {"status": "generated", "div": _div(subject_line(it, sender))},
        "identifier": {"system": UUIDS, "value": ids["composition"]},
        "status": "final",
        "type": it.document.concept,
        "subject": _to(ids["patient"]),
        "date": stamp,
        "author": [_to(ids["practitioner"])],
        "title": it.title,
        "confidentiality": "R" if it.restricted else "N",
        "custodian": _to(ids["organisation"]),
        # GPCM-SD-022: the letter is the first entry of the first section.
        "section": [{"title": it.title, "entry": [_to(ids["pdf"])]}],
    }


def _attachment(ids: Mapping[str, str], pdf: bytes) -> dict[str, Any]:
    return {
        "resourceType": "Binary",
        "id": ids["pdf"],
        "meta": _profile(f"{NHS}/StructureDefinition/ITK-Attachment-Binary-1"),
        "contentType": "application/pdf",
        "content": b64encode(pdf).decode(),
    }


def _practitioner(ids: Mapping[str, str], it: Summary) -> dict[str, Any]:
    """The link worker, by the team's name: Kersey knows no names and no smartcards of staff."""
    body = {
        "resourceType": "Practitioner",
        "id": ids["practitioner"],
        "meta": _profile(f"{CARE_CONNECT}/StructureDefinition/CareConnect-Practitioner-1"),
        "name": [{"use": "official", "text": it.team, "family": it.team}],
    }
    return body | _phone(it)


def _organisation(
    ids: Mapping[str, str], it: Summary, identifier: Mapping[str, str]
) -> dict[str, Any]:
    body = {
        "resourceType": "Organization",
        "id": ids["organisation"],
        "meta": _profile(f"{CARE_CONNECT}/StructureDefinition/CareConnect-Organization-1"),
        "identifier": [identifier],
        "name": it.team,
    }
    return body | _phone(it)


def _patient(ids: Mapping[str, str], it: Summary) -> dict[str, Any]:
    person = it.person
    verified = {
        "url": f"{CARE_CONNECT}/StructureDefinition/"
        "Extension-CareConnect-NHSNumberVerificationStatus-1",
        "valueCodeableConcept": {
            "coding": [
                {
                    "system": f"{CARE_CONNECT}/CodeSystem/"
                    "CareConnect-NHSNumberVerificationStatus-1",
                    "code": "01",
                    "display": "Number present and verified",
                }
            ]
        },
    }
    name: dict[str, Any] = {"use": "official", "text": person.name, "family": person.family}
    if person.given:
        name["given"] = list(person.given)
    return {
        "resourceType": "Patient",
        "id": ids["patient"],
        "meta": _profile(f"{CARE_CONNECT}/StructureDefinition/CareConnect-Patient-1"),
        "identifier": [
            {"extension": [verified], "system": NHS_NUMBER, "value": person.number},
        ],
        "active": True,
        "name": [name],
        "birthDate": person.born,
    }


def subject_line(it: Summary, sender: Sender) -> str:
    """What stands in the practice's list of documents (Send Document, How to configure MESH)."""
    return (
        f"{it.title} for {it.person.name}, NHS Number: {it.person.number}, "
        f"seen at {it.team}, ODS Code: {sender.ods_code}, Version 1"
    )


def read_response(data: bytes) -> Response:
    """What a practice's system answered.

    Args:
        data: an ITK3 response, as XML.

    Raises:
        ValueError: it is none.
    """
    root = from_xml(data)
    header = next(root.iterfind("./entry/resource/MessageHeader"), None)
    if header is None:
        raise ValueError("no MessageHeader")
    code = next(values(root, "./entry/resource/OperationOutcome/issue/details/coding/code"), "")
    outcome = next(values(header, "./response/code"), "")
    if not outcome or not _CODE.fullmatch(code):
        raise ValueError("no response code")
    handling = "./extension/extension[@url='SenderReference']/valueString"
    return Response(
        reference=_uuid(next(values(header, handling), "")),
        identifier=_uuid(next(values(header, "./response/identifier"), "")),
        ok=outcome == "ok",
        code=code,
    )


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text.removeprefix("urn:uuid:"))
    return None


def _entry(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _to(key: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{key}"}


def _profile(canonical: str) -> dict[str, list[str]]:
    return {"profile": [canonical]}


def _phone(it: Summary) -> dict[str, Any]:
    if not it.team_phone:
        return {}
    return {"telecom": [{"system": "phone", "value": it.team_phone, "use": "work"}]}


def _div(words: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(storable(words))}</p></div>'
