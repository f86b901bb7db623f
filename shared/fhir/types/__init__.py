"""The FHIR R4 resource types that Kersey can serve, as data.

``search_parameters.json`` holds R4's (4.0.1) search parameters of these types: kind, element paths
with the datatype found there, targets of references, the system that a code has by its binding,
the parts of composites, and the name of HL7's definition where it is not ``Type-code``.
`shared.fhir.types.deriving` makes it. Left out are SampledData values, which have no one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from shared.fhir.search.parameters import Path, ResourceType, SearchParam, Types

DEFINITIONS = "http://hl7.org/fhir/SearchParameter/"

#: The date by which lists of a type are usually sorted.
SORT_DATES = {
    "Appointment": "date",
    "AuditEvent": "date",
    "CarePlan": "date",
    "CareTeam": "date",
    "Communication": "sent",
    "Condition": "recorded-date",
    "Consent": "date",
    "DocumentReference": "date",
    "Encounter": "date",
    "Goal": "start-date",
    "Observation": "date",
    "Patient": "birthdate",
    "PractitionerRole": "date",
    "Procedure": "date",
    "Provenance": "recorded",
    "Questionnaire": "date",
    "QuestionnaireResponse": "authored",
    "RelatedPerson": "birthdate",
    "ServiceRequest": "authored",
    "Task": "authored-on",
}

#: The parameters of every type.
COMMON: dict[str, dict[str, Any]] = {
    "_id": {"type": "token", "path": ["id:id"]},
    "_lastUpdated": {"type": "date", "path": ["meta.lastUpdated:instant"]},
    "_profile": {"type": "uri", "path": ["meta.profile:canonical"]},
    "_security": {"type": "token", "path": ["meta.security:Coding"]},
    "_source": {"type": "uri", "path": ["meta.source:uri"]},
    "_tag": {"type": "token", "path": ["meta.tag:Coding"]},
}


@cache
def all_types() -> Types:
    """Every type declared here, by name, each open for all interactions."""
    text = files(__package__).joinpath("search_parameters.json").read_text(encoding="utf-8")
    declared: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
    return MappingProxyType({name: _type(name, params) for name, params in declared.items()})


def served(names: Iterable[str]) -> dict[str, ResourceType]:
    """The named types, for a service to serve.

    Raises:
        KeyError: for a type that is not declared here.
    """
    return {name: all_types()[name] for name in names}


def _type(name: str, declared: dict[str, dict[str, Any]]) -> ResourceType:
    params = {
        code: _param(name, code, entry, f"Resource-{code.removeprefix('_')}")
        for code, entry in COMMON.items()
    }
    params |= {
        code: _param(name, code, entry, f"{name}-{code}") for code, entry in declared.items()
    }
    return ResourceType(name=name, params=MappingProxyType(params), sort_date=SORT_DATES.get(name))


def _param(resource: str, code: str, entry: dict[str, Any], definition: str) -> SearchParam:
    return SearchParam(
        resource=resource,
        code=code,
        type=entry["type"],
        paths=tuple(Path.parse(path) for path in entry.get("path", ())),
        targets=tuple(entry.get("target", ())),
        only_targets=bool(entry.get("only")),
        absent=entry.get("absent"),
        system=entry.get("system", ""),
        at=tuple(tuple(path.split(".")) if path else () for path in entry.get("at", ())),
        of=tuple(_param(resource, code, part, definition) for part in entry.get("of", ())),
        definition=DEFINITIONS + entry.get("url", definition),
    )
