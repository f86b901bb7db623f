"""The FHIR REST interface, put together of its routes: HTTP in and out, for every type alike.

By subject: `system_routes` (Bundles, several types), `type_routes`, `everything_routes`,
`instance_routes`, `validating`, `compartment_routes`; `conformance` for definitions; `create_route`
for creates before all others, `nowhere` for what is left. What they share is `asking` (searches,
reads, histories), `writing_one` (a write) and `creating`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.routing import BaseRoute, Route

from shared.auth import Principal, principal_of
from shared.fhir import creating, described
from shared.fhir.addresses import Untidy
from shared.fhir.asking import Spelling
from shared.fhir.bundle import AtOnce, Gathering, Writer
from shared.fhir.bundle_interactions import BundleInteractions
from shared.fhir.capability import capability_statement
from shared.fhir.compartment_routes import compartment_routes
from shared.fhir.conformance import conformance_routes
from shared.fhir.create_route import CreateRoute
from shared.fhir.everything_routes import everything_routes
from shared.fhir.http import FhirAnswer, FhirRoute, admitted, answer, answer_format
from shared.fhir.instance_routes import instance_routes
from shared.fhir.interactions import Interactions
from shared.fhir.json import dumps
from shared.fhir.nowhere import nothing
from shared.fhir.paging import PageTokens
from shared.fhir.search.parameters import Types
from shared.fhir.store import Access, FhirStore
from shared.fhir.system_routes import system_routes
from shared.fhir.together import Together
from shared.fhir.type_routes import type_routes
from shared.fhir.validating import validating_routes

MOST_WITH_MORE = 16
"""Creates of which more comes, in one transaction: the first waits for the last."""


class FhirRouter(APIRouter):
    """The routes of a FHIR server.

    Attributes:
        before_all: answer as the same routes here do, and sooner where they are tried first.
    """

    before_all: tuple[BaseRoute, ...] = ()


def fhir_router(
    types: Types,
    *,
    reader: Callable[[], AbstractContextManager[FhirStore]],
    writer: Writer[Principal],
    base_url: str,
    page_secret: bytes,
    capability_date: str,
    version: str = "0",
    prefix: str = "/fhir",
    zone: str = "Europe/London",
    access: Callable[[Principal], Access] | None = None,
    principal: Callable[[Request], Principal] = principal_of,
    operations: Sequence[dict[str, str]] = (),
    beside: Sequence[dict[str, Any]] = (),
    messaging: Sequence[dict[str, Any]] = (),
    cors: bool = False,
    oauth_uris: Callable[[], Mapping[str, str]] = dict,
    at_once: AtOnce[Principal] | None = None,
    gathering: Gathering[Principal] | None = None,
    spelling: Spelling | None = None,
    on_refusal: Callable[[Principal, str, str], None] = lambda *_: None,
) -> FhirRouter:
    """The routes of a FHIR server.

    Include it after routers with more special paths below ``prefix`` (``/fhir/$process-message``):
    its last route answers everything that is left there.

    Args:
        types: the served types, with what clients may do with each.
        reader: opens the store for one reading request.
        writer: does all writing.
        base_url: the server's own address as clients see it, without trailing slash.
        page_secret: makes ``next`` links; the same in every replica.
        capability_date: when the declarations last changed, for /metadata.
        version: of the software.
        prefix: where the routes stand.
        zone: what a date without zone means.
        access: the parties that a principal reads as; its organisation by default.
        principal: who makes a request; raises `Unauthenticated`.
        operations: system-wide operations to name in /metadata.
        beside: types that routers before this one serve, to name in /metadata.
        messaging: what messages such a router takes and sends, to name in /metadata.
        cors: whether pages of other origins may ask, for /metadata.
        oauth_uris: where to go for tokens, for /metadata; asked each time.
        at_once: stores creates that come together, where the writer can.
        gathering: does those of which more comes, where the writer can.
        spelling: of a search's parameters, for clients of a standard that writes some of them
            otherwise than R4: makes R4's of what such a request asks of a type.
        on_refusal: see `Permitting`.
    """
    server = Interactions(
        types=types,
        reader=reader,
        writer=writer,
        base_url=base_url,
        tokens=PageTokens(page_secret),
        access=access or (lambda p: Access.of(p.organisation)),
        on_refusal=on_refusal,
        zone=zone,
    )

    @lru_cache(maxsize=2)
    def statement(uris: tuple[tuple[str, str], ...]) -> bytes:
        return dumps(
            capability_statement(
                types,
                base_url=base_url,
                date=capability_date,
                version=version,
                operations=operations,
                beside=beside,
                messaging=messaging,
                cors=cors,
                oauth_uris=dict(uris),
            )
        )

    def capability() -> bytes:
        return statement(tuple(oauth_uris().items()))

    router = FhirRouter(
        prefix=prefix,
        route_class=FhirRoute,
        tags=["FHIR R4"],
        default_response_class=FhirAnswer,
    )

    @router.get("/metadata", responses=described.METADATA)
    def metadata(request: Request) -> Response:
        """What this server can do; public."""
        media_type = answer_format(request)
        return answer(capability(), media_type)

    conformance_routes(router, base_url)
    router.dependencies.append(admitted(principal))  # of what is added from here on
    system_routes(router, server, BundleInteractions(server, capability), principal)
    type_routes(router, server, principal, spelling)
    everything_routes(router, server, principal)
    instance_routes(router, server, principal)
    validating_routes(router, server, principal)
    compartment_routes(router, server, principal)

    last = Untidy(nothing(server, principal), prefix)
    for path in (prefix, f"{prefix}/{{rest:path}}"):
        router.routes.append(Route(path, last, include_in_schema=False))
    create = partial(creating.create, server, principal)
    together = _together(server, principal, at_once, gathering)
    first = CreateRoute(create, together, principal, types=types, prefix=prefix)
    router.before_all = (first,)
    return router


def _together(
    server: Interactions,
    principal: Callable[[Request], Principal],
    at_once: AtOnce[Principal] | None,
    gathering: Gathering[Principal] | None,
) -> Callable[[Principal, str], tuple[Together[Any, Any], Hashable] | None]:
    """What does a client's creates of a type with others, and with whose."""
    alone: Together[Any, Any] | None = None
    with_more: Together[Any, Any] | None = None
    if at_once is not None:
        alone = Together(partial(creating.ready, server, principal, at_once), at_once.store)
    if gathering is not None:
        with_more = Together(
            partial(creating.ready_for_more, server, principal),
            partial(creating.write_each, gathering),
            most=MOST_WITH_MORE,
        )

    def of(who: Principal, type_name: str) -> tuple[Together[Any, Any], Hashable] | None:
        if alone is not None and at_once is not None and at_once.takes(who):
            return alone, None
        if with_more is not None and gathering is not None and gathering.gathers(who, type_name):
            return with_more, who
        return None

    return of
