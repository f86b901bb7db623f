"""What this server can do, derived from the declarations: it cannot lie (R4 http.html)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.fhir.compartments import EVERYTHING_OF, canonical, definitions
from shared.fhir.patching.reading import FORMATS
from shared.fhir.search.parameters import ResourceType, SearchParam, Types

_SMART = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
            "code": "SMART-on-FHIR",
        }
    ]
}
_OPERATIONS = "http://hl7.org/fhir/OperationDefinition/"
_TOPIC = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    "capabilitystatement-subscriptiontopic-canonical"
)
"""Where R4, which has no SubscriptionTopic, says what can be subscribed to."""


def capability_statement(
    types: Types,
    *,
    base_url: str,
    date: str,
    version: str,
    operations: Sequence[dict[str, str]] = (),
    cors: bool = False,
) -> dict[str, Any]:
    """The CapabilityStatement of a server.

    Args:
        types: the served types.
        base_url: the server's own address.
        date: when the declarations last changed (FHIR dateTime).
        version: of the software.
        operations: system-wide operations, each name and definition.
        cors: whether pages of other origins may ask.
    """
    rest: dict[str, Any] = {
        "mode": "server",
        "security": {"cors": cors, "service": [_SMART]},
        "resource": [_resource(types, types[name]) for name in sorted(types)],
        "interaction": [{"code": code} for code in ("transaction", "batch", "history-system")],
    }
    compartments = [canonical(of) for of in definitions() if of in types]
    if compartments:
        rest["compartment"] = compartments
    if operations:
        rest["operation"] = list(operations)
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Kersey", "version": version},
        "implementation": {"description": "Kersey FHIR API", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "patchFormat": list(FORMATS),
        "rest": [rest],
    }


def _resource(types: Types, resource_type: ResourceType) -> dict[str, Any]:
    name = resource_type.name
    writable = resource_type.offers("create")
    entry: dict[str, Any] = {"type": name}
    if resource_type.topics:
        entry["extension"] = [
            {"url": _TOPIC, "valueCanonical": topic} for topic in resource_type.topics
        ]
    if resource_type.profiles:
        entry["supportedProfile"] = list(resource_type.profiles)
    entry |= {
        "interaction": [{"code": code} for code in sorted(resource_type.interactions)],
        "versioning": "versioned",
        "readHistory": resource_type.offers("vread"),
        "updateCreate": False,
        "conditionalCreate": writable,
        "conditionalRead": "full-support",
        "conditionalUpdate": resource_type.offers("update"),
        "conditionalDelete": "single" if resource_type.offers("delete") else "not-supported",
        "referencePolicy": ["literal", "logical", "enforced"],
    }
    links = [p for p in resource_type.params.values() if includable(p)]
    if links:
        entry["searchInclude"] = [f"{name}:{param.code}" for param in links]
    reverse = [
        f"{other.name}:{param.code}"
        for other in types.values()
        for param in other.params.values()
        if includable(param) and param.may_refer_to(name)
    ]
    if reverse:
        entry["searchRevInclude"] = sorted(reverse)
    entry["searchParam"] = [
        {"name": param.code, "definition": param.definition, "type": param.type}
        for param in resource_type.params.values()
    ]
    operations = list(resource_type.operations)
    if writable:
        operations.append(("validate", f"{_OPERATIONS}Resource-validate"))
    if name in EVERYTHING_OF:
        operations.append(("everything", f"{_OPERATIONS}{name}-everything"))
    if operations:
        entry["operation"] = [{"name": n, "definition": d} for n, d in operations]
    return entry


def includable(param: SearchParam) -> bool:
    """Whether what it refers to can be sent along: a reference, not a canonical."""
    return param.type == "reference" and any(p.datatype == "Reference" for p in param.paths)
