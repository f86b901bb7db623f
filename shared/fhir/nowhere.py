"""What is answered where no route is: OPTIONS, a method that an address has not, no address."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir.compartments import ALL, definitions
from shared.fhir.http import NO_NAMES
from shared.fhir.interactions import Interactions
from shared.fhir.outcome import method_not_allowed, not_found
from shared.fhir.patching.reading import FORMATS

READS = ("GET", "HEAD")
PUBLIC = "metadata"
_EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE")


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
            name = path.partition("/")[0]
            if name.isalpha():
                server.served(name)
            raise not_found("There is nothing at this address.")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_offer(methods))
        if not path:
            raise method_not_allowed("Post a Bundle of type batch or transaction here.", *methods)
        raise method_not_allowed(NO_SUCH_METHOD, *methods)

    return answered


NO_SUCH_METHOD = "That method means nothing at this address."


def no_other_methods(
    router: APIRouter,
    path: str,
    *methods: str,
    principal: Callable[[Request], Principal] | None = None,
    words: str = NO_SUCH_METHOD,
) -> None:
    """Have an address that is no type's say by 405 and OPTIONS which methods it has.

    Args:
        router: of the address; its routes of ``methods`` are there already.
        path: the address.
        methods: that it has.
        principal: who asks, where the address is not public.
        words: why another method is refused.
    """

    def refuse(request: Request) -> Response:
        if principal is not None:
            principal(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_offer(methods))
        raise method_not_allowed(words, *methods)

    refusing: Callable[..., Response] = refuse
    rest = [each for each in (*_EVERY, "OPTIONS") if each not in methods]
    router.add_api_route(path, refusing, methods=rest, include_in_schema=False)


def _offer(methods: tuple[str, ...]) -> dict[str, str]:
    headers = {"Allow": ", ".join((*methods, "OPTIONS"))}
    if "PATCH" in methods:
        headers["Accept-Patch"] = ", ".join(FORMATS)  # RFC 5789, section 3.1
    return headers


def _methods(server: Interactions, parts: list[str]) -> tuple[str, ...] | None:
    """The methods that an address has; None where it is none (R4 http.html, summary)."""
    match parts:
        case [""]:
            return (*READS, "POST")
        case ["_search"]:
            return ("POST",)
        case ["metadata" | "_history"] | [".well-known", "smart-configuration"]:
            return READS
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
            return (*READS, *creates, *changes)
        case ["_search"] | ["$validate"]:
            return ("POST",)
        case ["_history"] | [_, "_history"] | [_, "_history", _]:
            return READS
        case [_, "$validate"]:
            return (*READS, "POST")
        case [name] if name[:1] not in NO_NAMES:
            return (*READS, *changes)
        case [_, *inner] if inner and type_name in definitions():
            return _of_compartment(server, inner)
    return None


def _of_compartment(server: Interactions, inner: list[str]) -> tuple[str, ...] | None:
    match inner:
        case [name] if name == ALL or name in server.types:
            return READS
        case [name, "_search"] if name in server.types:
            return ("POST",)
    return None
