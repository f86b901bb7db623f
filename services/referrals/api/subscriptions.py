"""Operations on Subscriptions: how they stand, and what their client missed (Backport, Operations).

Included before the FHIR router, whose last route answers everything that is left there.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.disclosure import access_of, reading
from services.referrals.subscriptions.asking import asked, number, single
from services.referrals.subscriptions.bundles import notification, statuses
from services.referrals.subscriptions.channels import CONTENTS
from services.referrals.subscriptions.reaching import may_hear
from services.referrals.subscriptions.reading import readable
from services.referrals.subscriptions.standing import never_served
from services.referrals.subscriptions.topics import focus_of
from services.referrals.tables.subscription import SubscriptionEvent, SubscriptionState
from shared.auth import Principal, principal_of
from shared.database import UnitOfWork
from shared.fhir import described
from shared.fhir.http import Body, FhirAnswer, FhirRoute, admitted, answer, answer_format
from shared.fhir.json import dumps
from shared.fhir.narrowing import narrowing_of
from shared.fhir.nowhere import READS, no_other_methods
from shared.fhir.outcome import forbidden, invalid, not_found
from shared.fhir.search.values import is_id
from shared.scopes import may

MOST_EVENTS = 1000
"""In one answer of $events; with whole resources `MOST_WHOLE`. A client asks on from the last."""
MOST_WHOLE = 100

STATUSES = ("requested", "active", "error", "off")


def subscription_routes(desk: Desk) -> APIRouter:
    """Those routes.

    Args:
        desk: what every use case works with.
    """
    router = APIRouter(
        prefix="/fhir/Subscription",
        route_class=FhirRoute,
        tags=["FHIR R4"],
        default_response_class=FhirAnswer,
        dependencies=[admitted()],
    )

    @router.get("/$status", responses=described.OPERATION)
    @router.post("/$status", responses=described.OPERATION, openapi_extra=described.PARAMETERS_BODY)
    def status_of_many(request: Request, body: Body) -> Response:
        """How the client's Subscriptions stand; `id` and `status` narrow it, each repeatable."""
        principal = _allowed(desk, request)
        media_type = answer_format(request)
        wanted = asked(request, body, ("id", "status"))
        for each in wanted.get("status", ()):
            if each not in STATUSES:
                words = f"A status is one of {', '.join(STATUSES)}."
                raise invalid(words, "http.status", code="value")
        ids = [each.removeprefix("Subscription/") for each in wanted.get("id", ())]
        with desk.look() as uow:
            states = _readable(desk, uow, principal, ids or None, wanted.get("status"))
            bundle = statuses(desk, states, "Subscription/$status")
        return answer(dumps(bundle), media_type)

    @router.get("/{key}/$status", responses=described.OPERATION)
    @router.post(
        "/{key}/$status", responses=described.OPERATION, openapi_extra=described.PARAMETERS_BODY
    )
    def status(request: Request, key: str, body: Body) -> Response:
        """How a Subscription stands, and how many events it has had."""
        principal = _allowed(desk, request)
        media_type = answer_format(request)
        asked(request, body, ())
        with desk.look() as uow:
            state = _one(desk, uow, principal, key)
            bundle = statuses(desk, [state], f"Subscription/{key}/$status")
        return answer(dumps(bundle), media_type)

    @router.get("/{key}/$events", responses=described.OPERATION)
    @router.post(
        "/{key}/$events", responses=described.OPERATION, openapi_extra=described.PARAMETERS_BODY
    )
    def events(request: Request, key: str, body: Body) -> Response:
        """Numbered events again, as far as the client may read now what they are about."""
        principal = _allowed(desk, request)
        media_type = answer_format(request)
        wanted = asked(request, body, ("eventsSinceNumber", "eventsUntilNumber", "content"))
        since, until = number(wanted, "eventsSinceNumber"), number(wanted, "eventsUntilNumber")
        content = single(wanted, "content")
        if content is not None and content not in CONTENTS:
            raise invalid(f"content is one of {', '.join(CONTENTS)}.", "http.content", code="value")
        with desk.look() as uow:
            state = _one(desk, uow, principal, key)
            if state in uow.session:
                uow.session.expunge(state)
            content = content or state.content
            if state.topic and content != "empty":
                focus = focus_of(state.topic)
                if not may_hear(principal, focus):
                    desk.accesses.refused(principal, "read", focus)
                    raise forbidden(f"This needs system/{focus}.r, or content=empty.")
            found = uow.session.exec(
                select(SubscriptionEvent)
                .where(
                    SubscriptionEvent.subscription == key,
                    SubscriptionEvent.number >= (since or 0),
                    SubscriptionEvent.number <= (state.number if until is None else until),
                )
                .order_by(col(SubscriptionEvent.number))
                .limit(MOST_WHOLE if content == "full-resource" else MOST_EVENTS)
            ).all()
            uow.session.expunge_all()
        narrowing = narrowing_of(principal, desk.types, "r")
        access = replace(access_of(principal), narrowing=narrowing)
        with reading(desk) as store:
            told = readable(store, found, access, content)
        bundle = notification(
            desk, state, "query-event", told, number=state.number, content=content
        )
        return answer(dumps(bundle), media_type)

    for path in ("/$status", "/{key}/$status", "/{key}/$events"):
        no_other_methods(router, path, *READS, "POST", principal=principal_of)
    return router


def _allowed(desk: Desk, request: Request) -> Principal:
    principal = principal_of(request)
    if not may(principal, "Subscription", "r"):
        desk.accesses.refused(principal, "read", "Subscription")
        raise forbidden("The token's scopes do not reach this: it needs system/Subscription.r.")
    return principal


def _one(desk: Desk, uow: UnitOfWork, principal: Principal, key: str) -> SubscriptionState:
    if not is_id(key):
        raise not_found()
    document = desk.store(uow).read("Subscription", key, access_of(principal))
    return uow.session.get(SubscriptionState, key) or never_served(document)


def _readable(
    desk: Desk,
    uow: UnitOfWork,
    principal: Principal,
    ids: Sequence[str] | None,
    wanted: Sequence[str] | None,
) -> list[SubscriptionState]:
    """Those that this client may read, oldest first; what is another's is not there."""
    mine = select(SubscriptionState).where(
        col(SubscriptionState.organisation) == UUID(principal.organisation)
    )
    if ids is not None:
        mine = mine.where(col(SubscriptionState.id).in_(ids))
    served = uow.session.exec(mine.order_by(col(SubscriptionState.created))).all()
    store = desk.store(uow)
    others = store.owned("Subscription", principal.organisation, ids)
    known = {each.id for each in served}
    rows = [*served, *(never_served(each) for each in others if each.id not in known)]
    seen = store.seen({("Subscription", each.id) for each in rows}, access_of(principal))
    return [
        each
        for each in rows
        if ("Subscription", each.id) in seen and (wanted is None or each.status in wanted)
    ]
