"""Kersey's own definitions where FHIR users look for them: public, read-only, below the base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from shared.fhir import described
from shared.fhir.forms import form_pairs
from shared.fhir.http import Form, answer, answer_format
from shared.fhir.json import dumps
from shared.fhir.nowhere import READS, no_other_methods
from shared.fhir.outcome import invalid, not_found, refusal
from shared.fhir.paging import PAGE
from shared.fhir.profiles import KINDS, Definition, profiles
from shared.fhir.search.query import parse_query
from shared.fhir.search.shape import MAX_COUNT, whole_number

Pairs = Sequence[tuple[str, str]]

_PARAMETERS = {
    "_id": "token",
    "name": "string",
    "status": "token",
    "url": "uri",
    "version": "token",
}
#: What says how the answer is to be, and not what is looked for.
OF_THE_ANSWER = frozenset({"_count", "_format", "_pretty", "_summary", "_total", PAGE})
_DEFINITION = "http://hl7.org/fhir/SearchParameter/"


def public_paths(prefix: str) -> tuple[str, ...]:
    """The addresses below ``prefix`` that anybody may read."""
    return (
        *(f"{prefix}/{kind}" for kind in KINDS),
        *(f"{prefix}/{kind}/_search" for kind in KINDS),
        *(f"{prefix}/{kind}/{key}" for kind, key in profiles().by_id),
    )


def conformance_routes(router: APIRouter, base_url: str) -> None:
    """Add the routes, before those of all types."""
    for kind in KINDS:
        _routes_of(router, kind, base_url)


def _routes_of(router: APIRouter, kind: str, base_url: str) -> None:
    @router.get(f"/{kind}", responses=described.PUBLIC_SEARCH)
    def search(request: Request) -> Response:
        """Definitions by ``url``, ``name`` and the like; public."""
        return found_by(request, ())

    @router.post(
        f"/{kind}/_search",
        responses=described.PUBLIC_SEARCH_BY_FORM,
        openapi_extra=described.FORM_BODY,
    )
    def search_by_form(request: Request, body: Form) -> Response:
        """The same by a form; public."""
        return found_by(request, form_pairs(request, body))

    def found_by(request: Request, form: Pairs) -> Response:
        bundle = definitions(kind, [*parse_query(request.url.query), *form], base_url)
        return answer(dumps(bundle), answer_format(request, form))

    no_other_methods(router, f"/{kind}", *READS)
    no_other_methods(router, f"/{kind}/_search", "POST")

    @router.get(f"/{kind}/{{logical_id}}", responses=described.PUBLIC_READ)
    def read(request: Request, logical_id: str) -> Response:
        """One definition; public."""
        return answer(dumps(definition(kind, logical_id)), answer_format(request))

    no_other_methods(router, f"/{kind}/{{logical_id}}", *READS)


def definition(kind: str, logical_id: str) -> Definition:
    """One definition.

    Raises:
        FhirError: 404 where there is none of this id.
    """
    found = profiles().by_id.get((kind, logical_id))
    if found is None:
        raise not_found()
    return found


def definitions(kind: str, pairs: Pairs, base_url: str) -> dict[str, Any]:
    """A searchset of definitions.

    Raises:
        FhirError: 400 for a parameter that is not known.
    """
    wanted = [each for each in pairs if each[0] not in OF_THE_ANSWER]
    found = [each for each in _of(kind) if all(_fits(each, *pair) for pair in wanted)]
    return searchset(found, f"{base_url}/{kind}", pairs)


def conformance_resources() -> list[dict[str, Any]]:
    """What /metadata says of them."""
    return [
        {
            "type": kind,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "versioning": "no-version",
            "updateCreate": False,
            "searchParam": [
                {"name": name, "definition": _definition(name), "type": written}
                for name, written in _PARAMETERS.items()
            ],
        }
        for kind in KINDS
    ]


def _definition(name: str) -> str:
    return _DEFINITION + ("Resource-id" if name == "_id" else f"conformance-{name}")


def _of(kind: str) -> list[Definition]:
    return [each for (own, _), each in profiles().by_id.items() if own == kind]


def _fits(definition: Definition, name: str, value: str) -> bool:
    plain, _, modifier = name.partition(":")
    if plain not in _PARAMETERS or modifier not in ("", "missing"):
        words = f"What is taken here is {', '.join(_PARAMETERS)}."
        raise refusal(400, words, f"http.{plain}", code="not-supported")
    if modifier:
        if value not in ("true", "false"):
            raise invalid(":missing is true or false.", f"http.{plain}", code="value")
        return value == "false"
    own = str(definition[plain.removeprefix("_")])
    wanted = value.split(",")
    if _PARAMETERS[plain] == "string":
        return any(own.casefold().startswith(each.casefold()) for each in wanted)
    if plain == "url":
        return any(each in (own, f"{own}|{definition['version']}") for each in wanted)
    return own in (each.rpartition("|")[2] for each in wanted)


def searchset(found: Sequence[Definition], path: str, pairs: Pairs) -> dict[str, Any]:
    """One page of definitions. They are public and few: a page is named by where it begins.

    Args:
        found: all that a search found.
        path: the address that was searched.
        pairs: its parameters.

    Raises:
        FhirError: 400 where ``_count`` or the page is no number.
    """
    asked = dict(pairs)
    count = whole_number("_count", asked.get("_count", str(MAX_COUNT)))
    begin = whole_number(PAGE, asked.get(PAGE, "0"))
    if asked.get("_summary") == "count":
        count = 0
    links = [{"relation": "self", "url": f"{path}?{urlencode(pairs)}" if pairs else path}]
    if 0 < count < len(found) - begin:
        more = [*(each for each in pairs if each[0] != PAGE), (PAGE, str(begin + count))]
        links.append({"relation": "next", "url": f"{path}?{urlencode(more)}"})
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": links,
    }
    entries = [
        {"fullUrl": f"{path}/{each['id']}", "resource": each, "search": {"mode": "match"}}
        for each in found[begin : begin + count]
    ]
    return bundle | ({"entry": entries} if entries else {})
