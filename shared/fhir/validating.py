"""The operation $validate (FHIR R4 resource-operation-validate.html): asked, and nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import described
from shared.fhir.advice import advice
from shared.fhir.described import TypeName
from shared.fhir.http import (
    FHIR_JSON,
    JSON,
    Body,
    answer,
    answer_format,
    require_content_type,
)
from shared.fhir.interactions import Interactions
from shared.fhir.json import dumps, parse
from shared.fhir.model import is_resource_type, validate
from shared.fhir.outcome import FhirError, Issue, invalid, operation_outcome
from shared.fhir.profiles import profiles
from shared.fhir.search.query import parse_query

MODES = ("create", "update", "delete", "profile")
_BASE = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        resource: what to validate; None for what is stored under the address.
        mode: what would be done with it; None for nothing special.
        profile: the canonical address of a profile to hold it to.
        mode_at: where the mode stands, for expressions.
        profile_at: where the profile stands.
    """

    resource: Mapping[str, Any] | None = None
    mode: str | None = None
    profile: str | None = None
    mode_at: str = "http.mode"
    profile_at: str = "http.profile"


def validating_routes(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    """Add the routes of $validate."""

    @router.post(
        "/{type_name}/$validate",
        responses=described.OPERATION,
        openapi_extra=described.RESOURCE_BODY,
    )
    def of_type(request: Request, type_name: TypeName, body: Body) -> Response:
        """What is wrong with a resource; nothing is stored."""
        return _answer(server, principal(request), request, (type_name, None), body)

    @router.post(
        "/{type_name}/{logical_id}/$validate",
        responses=described.OPERATION,
        openapi_extra=described.PARAMETERS_BODY,
    )
    def of_instance(request: Request, type_name: TypeName, logical_id: str, body: Body) -> Response:
        """What would be wrong with a new version, or is with the one that is stored."""
        return _answer(server, principal(request), request, (type_name, logical_id), body)

    @router.get("/{type_name}/{logical_id}/$validate", responses=described.OPERATION)
    def of_stored(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """What is wrong with the version that is stored."""
        return _answer(server, principal(request), request, (type_name, logical_id), b"")


def _answer(
    server: Interactions,
    who: Principal,
    request: Request,
    at: tuple[str, str | None],
    body: bytes,
) -> Response:
    """200 and what was found, whether the resource is valid or not."""
    _allow(server, who, at[0])
    media_type = answer_format(request)
    if body:
        require_content_type(request, FHIR_JSON, JSON)
    asked = parse_query(request.url.query)
    found = validated(server, who, at, asked, parse(body) if body else None)
    return answer(dumps(found), media_type)


def validated(
    server: Interactions,
    who: Principal,
    at: tuple[str, str | None],
    asked: Sequence[tuple[str, str]],
    sent: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What is found, as an OperationOutcome.

    Args:
        server: its interactions.
        who: asks.
        at: the type, and the id where one is named.
        asked: the parameters in the address.
        sent: the resource itself, Parameters that have it, or nothing.

    Raises:
        FhirError: 400 where it is not said what to validate; 403, 404 as for a create or a read.
    """
    type_name, logical_id = at
    _allow(server, who, type_name)
    question = _question(dict(asked), type_name, sent)
    resource = question.resource
    if resource is None:
        if logical_id is None:
            if question.mode != "delete":
                raise invalid("Send the resource to validate.", f"{type_name}", code="required")
        else:
            resource = parse(server.read(who, type_name, logical_id).body.encode())
    issues = [*_of_mode(server, question, at), *_of_resource(question, type_name, resource)]
    if not issues:
        issues = [Issue("information", "informational", "No problem was found.")]
    return operation_outcome(issues)


def _allow(server: Interactions, who: Principal, type_name: str) -> None:
    """What may be created may be tried; other types of R4, such as Bundle, by every client."""
    if type_name in server.types:
        writable = server.types[type_name].offers("create")
        server.allow(who, type_name, "create" if writable else "read")
    elif not is_resource_type(type_name):
        server.served(type_name)


def _question(query: Mapping[str, str], type_name: str, sent: Mapping[str, Any] | None) -> Question:
    """Read the address and the body: the resource itself, or Parameters that name it.

    Raises:
        FhirError: 400 where it is neither.
    """
    asked = Question(None, query.get("mode"), query.get("profile"))
    if sent is None:
        return asked
    if sent.get("resourceType") != "Parameters":
        return Question(sent, asked.mode, asked.profile)
    given: dict[str, tuple[int, Any]] = {}
    for n, each in enumerate(_list(sent.get("parameter"))):
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(name, str):
            if name in given:
                place = f"Parameters.parameter[{n}]"
                raise invalid("A parameter of $validate comes once.", place, code="value")
            value = next((v for k, v in each.items() if k.startswith("value")), None)
            given[name] = n, each.get("resource") if name == "resource" else value
    if type_name == "Parameters" and "resource" not in given:
        return Question(sent, asked.mode, asked.profile)
    at, resource = given.get("resource", (0, None))
    if "resource" in given and not isinstance(resource, dict):
        raise invalid(
            "The parameter resource holds a resource.",
            f"Parameters.parameter[{at}].resource",
            code="required",
        )
    mode, profile = given.get("mode"), given.get("profile")
    return Question(
        resource,
        _text(mode) if mode else asked.mode,
        _text(profile) if profile else asked.profile,
        f"Parameters.parameter[{mode[0]}]" if mode else asked.mode_at,
        f"Parameters.parameter[{profile[0]}]" if profile else asked.profile_at,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(given: tuple[int, Any]) -> str:
    n, value = given
    if not isinstance(value, str):
        place = f"Parameters.parameter[{n}]"
        raise invalid("Give it as valueCode or valueUri.", place, code="value")
    return value


def _of_mode(server: Interactions, question: Question, at: tuple[str, str | None]) -> list[Issue]:
    """What stands against doing what the mode names with the resource."""
    type_name, logical_id = at
    mode, place = question.mode, (question.mode_at,)
    if mode is None:
        return []
    if mode not in MODES:
        return [Issue("error", "value", f"mode is one of {', '.join(MODES)}.", place)]
    offered = mode == "profile" or (
        type_name in server.types and server.types[type_name].offers(mode)
    )
    if not offered:
        return [Issue("error", "not-supported", f"Clients cannot {mode} it here.", place)]
    if mode == "profile" and question.profile is None:
        return [Issue("error", "required", "The mode profile needs a profile.", place)]
    if mode == "update" and question.resource is not None:
        own = question.resource.get("id")
        if own is None or (logical_id is not None and own != logical_id):
            words = "The resource's id must be that of the address."
            return [Issue("error", "value", words, (f"{type_name}.id",))]
    return []


def _of_resource(
    question: Question, type_name: str, resource: Mapping[str, Any] | None
) -> list[Issue]:
    if resource is None:
        return []
    issues: list[Issue] = []
    profile = question.profile
    if profile is not None and profile != f"{_BASE}{type_name}":
        known = profiles().profile(profile)
        if known is None or known["type"] != type_name:
            issues.append(_unknown_profile(question, type_name))
            profile = None
    else:
        profile = None
    try:
        issues += validate(resource, expected_type=type_name, profile=profile)
    except FhirError as error:
        return issues + list(error.issues)
    return issues + advice(resource)


def _unknown_profile(question: Question, type_name: str) -> Issue:
    known = ", ".join((f"{_BASE}{type_name}", *profiles().of(type_name)))
    words = f"That profile is not known here. Known for {type_name}: {known}."
    return Issue("error", "not-supported", words, (question.profile_at,))
