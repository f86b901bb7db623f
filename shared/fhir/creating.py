"""A create as HTTP, by itself or with others that come at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from shared.auth import Principal
from shared.fhir.bundle import AtOnce, Gathering, WriteEntry, WriteResult, creation_condition
from shared.fhir.interactions import Interactions
from shared.fhir.store import Creation, Stored
from shared.fhir.together import Apart, Asked, Ready
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
) -> Ready[Creation, Stored] | None:
    """A create, checked as `create` checks it, where it can be done with others."""
    who, entry = principal(asked.request), _post(server, asked)
    media_type, prefer = read_body_of(server, who, asked.request, entry, asked.body)
    creation = server.creation(who, entry, at_once)
    if creation is None:
        return None
    return Ready(
        creation, lambda stored: done(server, who, WriteResult(201, stored), prefer, media_type)
    )


@dataclass(frozen=True, slots=True)
class Own:
    """A create with whoever sends it."""

    who: Principal
    entry: WriteEntry


def ready_for_more(
    server: Interactions, principal: Callable[[Request], Principal], asked: Asked
) -> Ready[Own, WriteResult] | None:
    """A create of which more comes, checked alike; None where a condition stands in its way."""
    who, entry = principal(asked.request), _post(server, asked)
    if entry.if_none_exist is not None:
        return None
    media_type, prefer = read_body_of(server, who, asked.request, entry, asked.body)
    server.prepare(who, entry)
    entry.context = asked.context
    return Ready(Own(who, entry), lambda made: done(server, who, made, prefer, media_type))


def write_each(gathering: Gathering[Principal], own: Sequence[Own]) -> Sequence[WriteResult]:
    """Do creates of one client with all that comes of them.

    Raises:
        Apart: nothing was done.
    """
    results = gathering.write_each(own[0].who, [each.entry for each in own])
    if results is None:
        raise Apart
    return results


def _post(server: Interactions, asked: Asked) -> WriteEntry:
    entry = entry_of(server, asked.request, "POST", asked.type_name, None)
    # R4 has the condition in a header. Some clients (fhirpy) have it in the address, as those of
    # an update are: passed over, it would create what the client said must not be there twice.
    asked_for = asked.request.headers.get("if-none-exist")
    header = creation_condition(asked_for, entry.type, "http.If-None-Exist")
    entry.if_none_exist = header or condition_in(asked.request)
    return entry
