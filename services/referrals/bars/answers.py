"""The messages that go to a sender: at once, that its message was taken; later, what came of it.

BaRS Core, Message header: an answer is a message with the roles exchanged, whose
`response.identifier` is the id of the first message's Bundle and whose focus is the receiver's
Encounter, which says how far things are. Kersey keeps no Encounter of its own: it is the case, told
in BaRS's words. What answers say of the person is that there is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid4, uuid5

from services.referrals import codes
from services.referrals.bars import terms
from services.referrals.bars.endpoints import URI, identifier_of
from services.referrals.desk import Desk
from services.referrals.domain import State
from services.referrals.resources import concept, instant
from services.referrals.tables import BarsMessage, CaseTask
from services.referrals.writing.attachments import local
from shared.fhir.json import parse
from shared.fhir.outcome import Issue, operation_outcome
from shared.fhir.store import Access, FhirStore, Stored

Json = dict[str, Any]

_SHOWN = frozenset({"resourceType", "id", "status", "intent", "authoredOn"})
"""Of a ServiceRequest in a later answer: which one it is. Its words are not sent about."""

_NAMESPACE = UUID("7a7b9f0f-6a52-4a4b-8f8b-0a8c1c2f5b11")

_CLASS = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


@dataclass(frozen=True)
class Progress:
    """How far a referral is.

    Attributes:
        status: of the Encounter (R4 encounter-status).
        business: the business status of the Task that moved.
        reason: why, as a code, where one was given.
    """

    status: str
    business: str
    reason: str | None = None


def progress_of(triage: CaseTask | None) -> Progress:
    """How far a referral is, by the Task of the link-worker service."""
    if triage is None:
        return Progress("planned", "received")
    return Progress(
        encounter_status(State(triage.status, triage.business)), triage.business, triage.reason
    )


def encounter_status(triage: State) -> str:
    """The case as an Encounter: planned until the person said yes, then under way, then over."""
    if triage.status == "completed":
        return "finished"
    if triage.ended:
        return "cancelled"
    return "in-progress" if triage.status in {"in-progress", "on-hold"} else "planned"


def answer(
    desk: Desk,
    store: FhirStore,
    message: BarsMessage,
    request: Stored,
    progress: Progress,
    *,
    first: bool,
    whole: bool = False,
    issues: Sequence[Issue] = (),
    key: UUID | None = None,
) -> Json:
    """A message Bundle to a sender.

    Args:
        desk: knows Kersey's public address and the time.
        store: of the documents.
        message: what is answered.
        request: its ServiceRequest as it is now.
        progress: how far it is.
        first: whether this is the first that the sender hears.
        whole: whether the ServiceRequest is sent as it is stored.
        issues: remarks about the message.
        key: the Bundle's id, the same however often it is sent.
    """
    urls = {name: f"urn:uuid:{uuid4()}" for name in ("header", "us", "them", "issues")}
    urls["encounter"] = f"urn:uuid:{uuid5(_NAMESPACE, request.id)}"
    referral = parse(request.body.encode())
    subject = _subject(desk, referral.get("subject", {}))
    if not whole:
        referral = _shown(referral, subject)
    request_url = f"{desk.base_url}/{request.reference}"
    entries = [
        (urls["header"], _header(message, urls, first=first, remarks=bool(issues))),
        (urls["encounter"], _encounter(desk, request, subject, progress, urls)),
        (request_url, referral),
        *_patient(subject),
        (urls["us"], _us(message)),
        (urls["them"], _them(store, message)),
    ]
    if issues:
        entries.append((urls["issues"], operation_outcome(issues)))
    now = instant(desk.clock())
    return {
        "resourceType": "Bundle",
        "id": str(key or uuid4()),
        "meta": {
            "versionId": terms.VERSION,
            "lastUpdated": now,
            "profile": [f"{terms.PROFILES}/BARSBundleMessage"],
        },
        "type": "message",
        "timestamp": now,
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
    }


def _shown(referral: Json, subject: Json) -> Json:
    """Which referral it is, in the shape that BaRS's profile has, without what it says."""
    numbers = [
        {name: each[name] for name in ("system", "value") if name in each}
        for each in referral.get("identifier", [])
    ]
    meta = {name: referral["meta"][name] for name in ("versionId", "lastUpdated")}
    return {
        **{name: value for name, value in referral.items() if name in _SHOWN},
        "meta": meta,
        **({"identifier": numbers} if any(numbers) else {}),
        "category": [concept(terms.CATEGORIES, "referral")],
        "subject": subject,
    }


def _header(message: BarsMessage, urls: Mapping[str, str], *, first: bool, remarks: bool) -> Json:
    details = {"details": {"reference": urls["issues"]}} if remarks else {}
    return {
        "resourceType": "MessageHeader",
        "meta": {"profile": [f"{terms.PROFILES}/BARSMessageHeader-{terms.RESPONSE}"]},
        "eventCoding": {"system": terms.EVENTS, "code": terms.RESPONSE},
        "destination": [{"endpoint": message.endpoint, "receiver": {"reference": urls["them"]}}],
        "sender": {"reference": urls["us"]},
        "source": {
            "name": "Kersey",
            "software": "Kersey",
            "version": version("kersey"),
            "endpoint": message.target,
        },
        "reason": concept(terms.REASONS, "new" if first else "update"),
        "response": {"identifier": message.bundle, "code": "ok"} | details,
        "focus": [{"reference": urls["encounter"]}],
        "definition": terms.RESPONSE_DEFINITION,
    }


def _encounter(
    desk: Desk, request: Stored, subject: Json, progress: Progress, urls: Mapping[str, str]
) -> Json:
    """The case as an Encounter. Without an id: it is told in messages and read nowhere, as BaRS has
    no read of an Encounter (its API specification; decision 0028)."""
    reasons = [concept(codes.BUSINESS_STATUS, progress.business)]
    if progress.reason:
        reasons.append(concept(codes.STATUS_REASON, progress.reason))
    return {
        "resourceType": "Encounter",
        "identifier": [{"system": URI, "value": urls["encounter"]}],
        "status": progress.status,
        "class": _CLASS,
        "subject": subject,
        "basedOn": [{"reference": f"{desk.base_url}/{request.reference}"}],
        "reasonCode": reasons,
        "serviceProvider": {"reference": urls["us"]},
    }


def _subject(desk: Desk, subject: Json) -> Json:
    """Whom it is about, by the id under which the sender can read it; no name and no number."""
    here = local(str(subject.get("reference", "")))
    if here is None:
        return {"display": "The person whom the referral is about"}
    return {"reference": f"{desk.base_url}/{'/'.join(here)}"}


def _patient(subject: Json) -> list[tuple[str, Json]]:
    url = subject.get("reference", "")
    kind, _, key = url.rpartition("/")
    if not kind.endswith("/Patient"):
        return []
    return [(url, {"resourceType": "Patient", "id": key})]


def _us(message: BarsMessage) -> Json:
    return {
        "resourceType": "Organization",
        "identifier": _identifiers(message.target),
        "name": "The social prescribing service",
    }


def _them(store: FhirStore, message: BarsMessage) -> Json:
    """The organisation that sent it, by its identifiers."""
    kind, _, key = (message.sender or "/").partition("/")
    stored = store.find(kind, key, Access.of(str(message.organisation))) if key else None
    own = parse(stored.body.encode()) if stored and not stored.deleted else {}
    shown = {name: own[name] for name in ("identifier", "name") if name in own}
    return {"resourceType": "Organization"} | (shown or {"name": "The sender"})


def _identifiers(target: str) -> list[Json]:
    system, value = identifier_of(target)
    return [{"system": system, "value": value}]
