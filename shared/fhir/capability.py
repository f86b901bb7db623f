"""What this server can do, derived from the declarations: it cannot lie (R4 http.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.fhir.compartments import canonical, definitions
from shared.fhir.conformance import conformance_resources
from shared.fhir.everything import EVERYTHING_OF, OF_EVERYTHING
from shared.fhir.patching.reading import FORMATS
from shared.fhir.profiles import profiles
from shared.fhir.search.conditions import modifiers
from shared.fhir.search.parameters import ResourceType, SearchParam, Types
from shared.fhir.search.shape import includable

_SMART = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
            "code": "SMART-on-FHIR",
        }
    ]
}
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
"""Clients that were made before SMART App Launch 2.0 look here, not in the SMART configuration."""
_SYSTEM = ("transaction", "batch", "history-system", "search-system")
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
    beside: Sequence[dict[str, Any]] = (),
    messaging: Sequence[dict[str, Any]] = (),
    oauth_uris: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The CapabilityStatement of a server.

    Args:
        types: the served types.
        base_url: the server's own address.
        date: when the declarations last changed (FHIR dateTime).
        version: of the software.
        operations: system-wide operations, each name and definition.
        cors: whether pages of other origins may ask.
        beside: types that other routes serve, each as `rest.resource` says it.
        messaging: what messages are taken and sent, as `messaging` says it.
        oauth_uris: where to go for tokens: ``token``, ``register`` and so on.
    """
    security: dict[str, Any] = {"cors": cors, "service": [_SMART]}
    if oauth_uris:
        uris = [{"url": name, "valueUri": uri} for name, uri in oauth_uris.items()]
        security = {"extension": [{"url": _OAUTH_URIS, "extension": uris}]} | security
    resources = [_resource(types, types[name]) for name in types]
    rest: dict[str, Any] = {
        "mode": "server",
        "security": security,
        "resource": sorted(
            (*resources, *conformance_resources(), *beside), key=lambda each: str(each["type"])
        ),
        "interaction": [{"code": code} for code in _SYSTEM],
        "searchParam": [_param(_of_all(types)[code]) for code in sorted(_of_all(types))],
    }
    compartments = [canonical(of) for of in definitions() if of in types]
    if compartments:
        rest["compartment"] = compartments
    if operations:
        rest["operation"] = list(operations)
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Kersey", "version": version},
        "implementation": {"description": "Kersey FHIR API", "url": base_url},
        "implementationGuide": [
            each["url"]
            for each in profiles().by_url.values()
            if each["resourceType"] == "ImplementationGuide"
        ],
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "patchFormat": list(FORMATS),
        "rest": [rest],
    }
    return statement | ({"messaging": list(messaging)} if messaging else {})


def _resource(types: Types, resource_type: ResourceType) -> dict[str, Any]:
    name = resource_type.name
    writable = resource_type.offers("create")
    entry: dict[str, Any] = {"type": name}
    if resource_type.topics:
        entry["extension"] = [
            {"url": _TOPIC, "valueCanonical": topic} for topic in resource_type.topics
        ]
    supported = [*resource_type.profiles, *profiles().of(name)]
    if supported:
        entry["supportedProfile"] = supported
    if resource_type.why:
        entry["documentation"] = resource_type.why
    entry |= {
        "interaction": [{"code": code} for code in sorted(resource_type.interactions)],
        "versioning": "versioned",
        "readHistory": resource_type.offers("vread"),
        "updateCreate": False,
        "conditionalCreate": writable,
        "conditionalRead": "full-support",
        "conditionalUpdate": resource_type.offers("update"),
        "conditionalDelete": "single" if resource_type.offers("delete") else "not-supported",
        "referencePolicy": ["literal", "logical"],
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
    entry["searchParam"] = [_param(param) for param in resource_type.params.values()]
    operations = [
        *resource_type.operations,
        ("validate", f"{_OPERATIONS}Resource-validate"),
    ]
    entry["operation"] = [{"name": n, "definition": d} for n, d in operations]
    if name in EVERYTHING_OF:
        everything = {"name": "everything", "definition": f"{_OPERATIONS}{name}-everything"}
        entry["operation"].append(everything | {"documentation": OF_EVERYTHING})
    return entry


def _of_all(types: Types) -> dict[str, SearchParam]:
    """The parameters that every type has, by which several are searched together."""
    first, *rest = types.values()
    common = set(first.params).intersection(*(each.params for each in rest))
    return {code: first.params[code] for code in common if code.startswith("_")}


def _param(param: SearchParam) -> dict[str, str]:
    taken = ", ".join(f":{each}" for each in sorted(modifiers(param)))
    return {
        "name": param.code,
        "definition": param.definition,
        "type": param.type,
        "documentation": f"Modifiers: {taken}",
    }
