"""A create as HTTP, by itself or with others that come at the same time."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from shared.auth import Principal
from shared.fhir.bundle import AtOnce, WriteEntry, WriteResult, creation_condition
from shared.fhir.interactions import Interactions
from shared.fhir.together import Asked, Ready
from shared.fhir.writing_one import condition_in, done, entry_of, read_body_of, write


def create(
    server: Interactions, principal: Callable[[Request], Principal], asked: Asked
) -> Response:
    """Do a create by itself and answer it; see `write`."""
    who = principal(asked.request)
    return write(server, who, asked.request, _post(server, asked), asked.body)


def ready(
    server: Interactions,
    principal: Callable[[Request], Principal],
    at_once: AtOnce[Principal],
    asked: Asked,
) -> Ready | None:
    """A create, checked as `create` checks it, where it can be done with others."""
    who, entry = principal(asked.request), _post(server, asked)
    media_type, prefer = read_body_of(server, who, asked.request, entry, asked.body)
    creation = server.creation(who, entry, at_once)
    if creation is None:
        return None
    return Ready(
        creation, lambda stored: done(server, who, WriteResult(201, stored), prefer, media_type)
    )


def _post(server: Interactions, asked: Asked) -> WriteEntry:
    entry = entry_of(server, asked.request, "POST", asked.type_name, None)
    # R4 has the condition in a header. Some clients (fhirpy) have it in the address, as those of
    # an update are: passed over, it would create what the client said must not be there twice.
    asked_for = asked.request.headers.get("if-none-exist")
    header = creation_condition(asked_for, entry.type, "http.If-None-Exist")
    entry.if_none_exist = header or condition_in(asked.request)
    return entry
