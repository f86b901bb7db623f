"""What is answered where no route is: OPTIONS, a method that an address has not, no address."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from shared.auth import Principal
from shared.fhir.interactions import Interactions
from shared.fhir.outcome import method_not_allowed, not_found
from shared.fhir.patching.reading import FORMATS

_READS = ("GET", "HEAD")
PUBLIC = "metadata"


def nothing(
    server: Interactions, principal: Callable[[Request], Principal]
) -> Callable[[Request], Response]:
    """The endpoint after all others.

    Args:
        server: whose addresses they are.
        principal: who makes a request; asked first, for what is there is nobody else's to know.
    """

    def answered(request: Request) -> Response:
        """Raises FhirError: 404, or 405 with what the address does have."""
        path = str(request.path_params.get("rest", "")).strip("/")
        if path != PUBLIC:
            principal(request)
        methods = _methods(server, path.split("/"))
        if methods is None or request.method in methods:  # then its route would have answered
            raise not_found("There is nothing at this address.")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_offer(methods))
        if not path:
            raise method_not_allowed("Post a Bundle of type batch or transaction here.", *methods)
        raise method_not_allowed("That method means nothing at this address.", *methods)

    return answered


def _offer(methods: tuple[str, ...]) -> dict[str, str]:
    headers = {"Allow": ", ".join((*methods, "OPTIONS"))}
    if "PATCH" in methods:
        headers["Accept-Patch"] = ", ".join(FORMATS)  # RFC 5789, section 3.1
    return headers


def _methods(server: Interactions, parts: list[str]) -> tuple[str, ...] | None:
    """The methods that an address has; None where it is none (R4 http.html, summary)."""
    match parts:
        case [""]:
            return (*_READS, "POST")
        case ["_search"]:
            return ("POST",)
        case ["metadata" | "_history"]:
            return _READS
        case [type_name, *rest] if type_name in server.types:
            return _of_type(server, type_name, rest)
    return None


def _of_type(server: Interactions, type_name: str, rest: list[str]) -> tuple[str, ...] | None:
    offers = server.types[type_name].offers
    creates = ("POST",) if offers("create") else ()
    writes = (("PUT", "update"), ("PATCH", "patch"), ("DELETE", "delete"))
    changes = tuple(method for method, interaction in writes if offers(interaction))
    match rest:
        case []:
            return (*_READS, *creates, *changes)
        case ["_search"] | ["$validate"]:
            return ("POST",)
        case ["_history"] | [_, "_history"] | [_, "_history", _]:
            return _READS
        case [name] if "$" not in name:
            return (*_READS, *changes)
    return None
