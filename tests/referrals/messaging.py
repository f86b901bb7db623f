"""A sender of messages of the Booking and Referral Standard, and what it says in its headers."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from services.referrals.app import outgoing
from services.referrals.bars.sending import SCHEDULE, AnswerSender
from services.referrals.tables.bars import bars_deliveries
from shared.delivery import DeliveryWorker
from shared.delivery.outgoing import OutgoingHttp
from shared.worker import Wake
from tests.referrals.house import House, Json, a_bundle

PROCESS = "/fhir/$process-message"
NHS = "https://fhir.nhs.uk"
SERVICE_ID = f"{NHS}/Id/dos-service-id"
TARGET = f"{SERVICE_ID}|2000011147"
US = f"{SERVICE_ID}|2222222222"
ERRORS = f"{NHS}/Codesystem/http-error-codes"


def encoded(value: Any) -> str:
    """As the headers want it."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def headers(**changes: str | None) -> dict[str, str]:
    """All headers of a message; what is None is left out. `_` stands for `-`."""
    organisation = {
        "resourceType": "Organization",
        "identifier": [{"system": f"{NHS}/Id/ods-organization-code", "value": "ZZK01"}],
        "name": "Airedale Rise",
    }
    found: dict[str, str | None] = {
        "Content-Type": "application/fhir+json; version=1.4.0",
        "Accept": "application/fhir+json; version=1.4.0",
        "X-Request-Id": str(uuid4()),
        "X-Correlation-Id": str(uuid4()),
        "NHSD-Target-Identifier": encoded({"value": "2000011147", "system": SERVICE_ID}),
        "NHSD-End-User-Organisation": encoded(organisation),
        "NHSD-Requesting-Software": encoded({"resourceType": "Device"}),
    }
    found |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not None}


def a_message(reference: str | None = None, *, endpoint: str = US, **how: Any) -> Json:
    """The example referral as a message, in the shape of BaRS Core 1.4."""
    return as_message(a_bundle(reference or str(uuid4()), **how), endpoint)


def as_message(bundle: Json, endpoint: str = US) -> Json:
    """A referral's Bundle as a message."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    entries = [
        {"fullUrl": each["fullUrl"], "resource": each["resource"]} for each in bundle["entry"]
    ]
    (focus,) = [e for e in entries if e["resource"]["resourceType"] == "ServiceRequest"]
    request = focus["resource"]
    request |= {
        "intent": "plan",
        "meta": request.get("meta", {}) | {"lastUpdated": now},
        "category": [{"coding": [coding("message-category-servicerequest", "referral")]}],
    }
    sender = next(e for e in entries if e["resource"]["resourceType"] == "Organization")
    receiver = f"urn:uuid:{uuid4()}"
    entries.insert(2, {"fullUrl": receiver, "resource": {
        "resourceType": "Organization", "name": "Bradford Social Prescribing"}})  # fmt: skip
    header = {
        "resourceType": "MessageHeader",
        "meta": {"lastUpdated": now},
        "eventCoding": coding("message-events-bars", "servicerequest-request"),
        "destination": [{"endpoint": TARGET, "receiver": {"reference": receiver}}],
        "sender": {"reference": sender["fullUrl"]},
        "source": {"name": "Airedale EHR", "software": "EHR", "endpoint": endpoint},
        "reason": {"coding": [coding("message-reason-bars", "new")]},
        "focus": [{"reference": focus["fullUrl"]}],
        "definition": f"{NHS}/MessageDefinition/bars-message-servicerequest-request-referral",
    }
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {
            "versionId": "1.4.0",
            "lastUpdated": now,
            "profile": [f"{NHS}/StructureDefinition/BARSBundleMessage"],
        },
        "type": "message",
        "timestamp": now,
        "entry": [{"fullUrl": f"urn:uuid:{uuid4()}", "resource": header}, *entries],
    }


def coding(system: str, code: str) -> Json:
    """One of BaRS's codes."""
    return {"system": f"{NHS}/CodeSystem/{system}", "code": code}


def resource(message: Json, kind: str) -> Json:
    """The first resource of a type."""
    found: Json = next(
        each["resource"] for each in message["entry"] if each["resource"]["resourceType"] == kind
    )
    return found


def an_update(message: Json, reason: str = "update", **request: Any) -> Json:
    """A later message of the same referral; its request as it was but for what is given."""
    again: Json = json.loads(json.dumps(message))
    later = datetime.now(UTC) + timedelta(seconds=1)
    changed = resource(again, "ServiceRequest")
    changed["meta"]["lastUpdated"] = later.isoformat(timespec="milliseconds")
    changed |= request
    resource(again, "MessageHeader")["reason"]["coding"][0]["code"] = reason
    return again


def a_cancellation(message: Json, status: str = "revoked") -> Json:
    """The message that takes a referral back: what BaRS asks for, and no more."""
    again = an_update(message, status=status)
    kept = {"MessageHeader", "ServiceRequest", "Patient", "Organization"}
    again["entry"] = [e for e in again["entry"] if e["resource"]["resourceType"] in kept]
    request = resource(again, "ServiceRequest")
    for name in ("requester", "reasonCode", "note", "code", "priority"):
        request.pop(name, None)
    header = resource(again, "MessageHeader")
    header["definition"] = f"{NHS}/MessageDefinition/bars-message-servicerequest-request-cancelled"
    return again


def send(
    house: House, message: Any, *, by: str = "ehr", who: Json | None = None, **how: Any
) -> httpx.Response:
    """Post a message.

    Args:
        house: the service.
        message: a Bundle, or whatever bytes are sent instead.
        by: which client.
        who: what else its token says.
        how: headers that are not as usual; see `headers`.
    """
    content = message if isinstance(message, bytes) else json.dumps(message).encode()
    return house.by(by, **(who or {})).send(
        "POST", PROCESS, content=content, headers=headers(**how)
    )


def taken(house: House, message: Json, **how: Any) -> Json:
    """Post a message that is taken; the answer."""
    answer = send(house, message, **how)
    assert answer.status_code == 200, answer.text[:2000]
    found: Json = answer.json()
    return found


def error(answer: httpx.Response) -> tuple[int, str, str, list[str]]:
    """Status, BaRS's code, issue code and elements of the first problem."""
    issue = answer.json()["issue"][0]
    (code,) = {each["code"] for each in issue["details"]["coding"]}
    assert issue["details"]["coding"][0]["system"] == ERRORS
    assert issue["diagnostics"]
    return answer.status_code, code, issue["code"], issue["expression"]


def answered(house: House, http: OutgoingHttp | None = None) -> int:
    """Send the answers that are due; the number of attempts."""
    sender = AnswerSender(house.desk, http or outgoing(house.settings))
    worker = DeliveryWorker(
        name="tests",
        engine=house.engine,
        tables=bars_deliveries,
        send=sender.send,
        schedule=lambda _: SCHEDULE,
        wake=Wake(),
        on_delivered=sender.delivered,
        on_failed=sender.failed,
    )
    return worker.deliver_due()
