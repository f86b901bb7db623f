"""The FHIR documents that Kersey itself writes: Tasks, onward requests, the provider's Patient."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.referrals import capacities, codes
from services.referrals.domain import Kind, State
from services.referrals.tables import Case, CaseTask, CodeReturned, ListedCapacity, OnwardRequest
from shared.closing_days import ClosedDays

Resource = dict[str, Any]

A_YEAR = timedelta(days=366)


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding | ({"display": display} if display else {})]}


def reference(resource_type: str, key: object) -> Resource:
    """A relative reference without display, which would name what it points to."""
    return {"reference": f"{resource_type}/{key}"}


def task(
    row: CaseTask, case: Case, onward: OnwardRequest | None, returned: Iterable[CodeReturned] = ()
) -> Resource:
    """The Task of a case as its readers see it.

    Nothing about the person is in it but the reference of a Patient that the reader may read: the
    sender's own (triage) or the provider's own (care 5). What a provider told the link worker is
    not: the sender's whole practice would read it.
    """
    body: Resource = {"resourceType": "Task", "id": row.id}
    if row.kind == Kind.PROVIDER:
        body["basedOn"] = [reference("ServiceRequest", row.service_request)]
        body["partOf"] = [reference("Task", row.part_of)]
    body["status"] = row.status
    if row.reason:
        body["statusReason"] = concept(codes.STATUS_REASON, row.reason) | {
            "text": row.reason.replace("-", " ")
        }
    body["businessStatus"] = concept(codes.BUSINESS_STATUS, row.business)
    body["intent"] = "order"
    body["priority"] = case.priority
    body["code"] = concept(codes.TASK_CODE, "fulfill", "Fulfill the focal request")
    body["focus"] = reference("ServiceRequest", row.service_request)
    patient = onward.patient if onward else case.patient
    if patient:
        body["for"] = reference("Patient", patient)
    body["authoredOn"] = instant(row.created)
    body["lastModified"] = instant(row.updated)
    body["requester"] = reference("Organization", case.team if onward else case.organisation)
    if row.owner:
        body["owner"] = reference("Organization", row.owner)
    if row.task_note:
        body["note"] = [{"text": row.task_note}]
    output = [_coded(each) for each in sorted(returned, key=lambda each: each.code)]
    if output:
        body["output"] = output
    return body


def _coded(each: CodeReturned) -> Resource:
    """A national code for the GP's record, dated, and marked where the GP coded it already."""
    extension = [
        {
            "url": f"{codes.KERSEY}/StructureDefinition/coded-on",
            "valueDateTime": instant(each.returned),
        },
        {
            "url": f"{codes.KERSEY}/StructureDefinition/already-coded",
            "valueBoolean": each.already_coded,
        },
    ]
    return {
        "extension": extension,
        "type": concept(codes.OUTPUT, "coded-entry"),
        "valueCodeableConcept": concept(codes.SNOMED, each.code, codes.DISPLAY.get(each.code)),
    }


def onward_service_request(
    key: str,
    case: Case,
    onward: OnwardRequest,
    service: UUID,
    service_name: str,
    now: datetime,
    *,
    show_place: bool = True,
) -> Resource:
    """Kersey's own request to a provider: what it needs and the person agreed to (care 5)."""
    body: Resource = {
        "resourceType": "ServiceRequest",
        "id": key,
        "basedOn": [reference("ServiceRequest", case.service_request)],
        "status": "active",
        "intent": "order",
        "priority": case.priority,
        "code": {"text": f"A place at {service_name}"},
        "subject": reference("Patient", onward.patient),
        "authoredOn": instant(now),
        "requester": reference("Organization", case.team),
        "performer": [reference("HealthcareService", service)],
    }
    if onward.needs:
        body["reasonCode"] = [
            concept(need.get("system") or codes.NEED, need["code"], need.get("display"))
            for need in onward.needs
        ]
    notes = [onward.text] if onward.text else []
    notes += [f"Asked although full: {onward.full_because}"] if onward.full_because else []
    if notes:
        body["note"] = [{"text": each} for each in notes]
    return with_details(body, onward, show_place=show_place)


def with_details(body: Mapping[str, Any], onward: OnwardRequest, *, show_place: bool) -> Resource:
    """Kersey's onward request with what suits the person; where, only if that may be shown."""
    details = [f"Access: {need}" for need in onward.access_needs]
    details += [f"When: {onward.when}"] if onward.when else []
    details += [f"Where: {onward.where}"] if onward.where and show_place else []
    rest = {name: value for name, value in body.items() if name != "orderDetail"}
    return rest | ({"orderDetail": [{"text": each} for each in details]} if details else {})


def with_standing(body: Mapping[str, Any], state: State, priority: str) -> Resource:
    """Kersey's onward request with the status that follows from its Task's state and, until that
    ends, the Task's priority: a receiver that goes by the request reads no other than by the Task.
    """
    status = "active"
    if state.status == "completed":
        status = "completed"
    elif state.ended:
        status = "revoked"
    return dict(body) | {"status": status} | ({} if state.ended else {"priority": priority})


def anonymous_patient(key: str) -> Resource:
    """The Patient of a request nobody accepted yet: a subject to refer to, and nothing else."""
    return {"resourceType": "Patient", "id": key, "active": True}


def agreed_patient(key: str, shared: Mapping[str, str]) -> Resource:
    """The provider's Patient after acceptance: only what the person agreed to share."""
    body = anonymous_patient(key)
    if "name" in shared:
        body["name"] = [{"text": shared["name"]}]
    telecom = [
        {"system": system, "value": shared[system]}
        for system in ("phone", "email")
        if system in shared
    ]
    if telecom:
        body["telecom"] = telecom
    if "birth-date" in shared:
        body["birthDate"] = shared["birth-date"]
    if "address" in shared:
        body["address"] = [{"text": shared["address"]}]
    if "language" in shared:
        body["communication"] = [{"language": {"text": shared["language"]}}]
    if "carer" in shared:
        body["contact"] = [{"name": {"text": shared["carer"]}}]
    return body


def organisation(key: UUID, name: str) -> Resource:
    """An organisation that Kersey knows: a hub, a link-worker service, a listed provider."""
    return {"resourceType": "Organization", "id": str(key), "active": True, "name": name}


def healthcare_service(
    key: UUID,
    provider: UUID,
    name: str,
    locations: Sequence[UUID] = (),
    *,
    active: bool,
    capacity: ListedCapacity | None = None,
    closed: ClosedDays | None = None,
    now: datetime | None = None,
) -> Resource:
    """A listed service, so that an EHR sees the ids that the directory uses.

    Args:
        key: the directory's id of it.
        provider: who offers it.
        name: its name.
        locations: ids of the places where it is.
        active: whether it is listed and open.
        capacity: how much room it has, where anybody said.
        closed: when its provider is closed; said for the next year.
        now: the present instant: what has expired is not said.
    """
    room = _room(capacity, now) if capacity is not None and now is not None else None
    body = {
        "resourceType": "HealthcareService",
        "id": str(key),
        **({"extension": [room]} if room else {}),
        "active": active,
        "providedBy": reference("Organization", provider),
        "name": name,
    }
    if locations:
        body["location"] = [reference("Location", each) for each in locations]
    away = closed.coming(now.date(), A_YEAR) if closed is not None and now is not None else []
    if away:
        body["notAvailable"] = [
            {
                "description": why or "Closed",
                "during": {"start": first.isoformat(), "end": last.isoformat()},
            }
            for first, last, why in away
        ]
    return body


def _room(capacity: ListedCapacity, now: datetime) -> Resource | None:
    """The extension `service-capacity`; None where it is not known how much room there is."""
    state = capacities.state(capacity, now)
    if state == capacities.UNKNOWN:
        return None
    parts: list[Resource] = [{"url": "state", "valueCode": state}]
    for name in ("places", "waiting"):
        number = getattr(capacity, name)
        if number is not None:
            parts.append({"url": name, "valueUnsignedInt": number})
    parts.append({"url": "waitingList", "valueBoolean": _has_list(capacity)})
    if capacity.expires is not None:
        parts.append({"url": "until", "valueDateTime": instant(capacity.expires)})
    parts.append({"url": "words", "valueString": capacities.in_words(capacity, now)})
    return {"url": f"{codes.KERSEY}/StructureDefinition/service-capacity", "extension": parts}


def _has_list(capacity: ListedCapacity) -> bool:
    return capacity.keeps_list or capacity.state == capacities.WAITING_LIST


def location(key: UUID, provider: UUID, listed: Mapping[str, Any]) -> Resource:
    """Where a listed service is, of what the directory says of the place.

    Args:
        key: the directory's id of it.
        provider: whose service is there.
        listed: the place as Open Referral's location.
    """
    body: Resource = {"resourceType": "Location", "id": str(key), "status": "active"}
    if listed.get("name"):
        body["name"] = listed["name"]
    address = next(iter(listed.get("addresses") or ()), None)
    if address:
        body["address"] = _address(address)
    if listed.get("latitude") is not None and listed.get("longitude") is not None:
        # As text says them: a binary fraction would be another number when it is read again.
        body["position"] = {name: Decimal(str(listed[name])) for name in ("longitude", "latitude")}
    return body | {"managingOrganization": reference("Organization", provider)}


def _address(listed: Mapping[str, Any]) -> Resource:
    parts = {
        "line": [listed["address_1"]] if listed.get("address_1") else None,
        "city": listed.get("city"),
        "district": listed.get("region"),
        "state": listed.get("state_province"),
        "postalCode": listed.get("postal_code"),
        "country": listed.get("country"),
    }
    return {name: value for name, value in parts.items() if value}
