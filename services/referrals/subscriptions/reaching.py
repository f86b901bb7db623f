"""How far a Subscription reaches now: not further than its client, which has no token to show.

A Subscription goes on by itself, so what a request is held to by its token it is held to by two
things: the scopes of the token that registered it, and what the issuer last said of the client
(`handlers.clients`). Of a client of another issuer the second is not known.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from sqlmodel import Session, col, select

from services.referrals import codes
from services.referrals.subscriptions.filtering import check_filter
from services.referrals.subscriptions.topics import focus_of
from services.referrals.tables import KnownClient, SubscriptionState
from shared.auth import Principal
from shared.fhir.narrowing import narrowing_of
from shared.fhir.outcome import FhirError
from shared.fhir.search.parameters import Types
from shared.fhir.search.sql import Narrowing
from shared.fhir.store import Access
from shared.scopes import may, narrowed

DEACTIVATED = "client-deactivated"
MOVED = "client-of-another-organisation"
WITHDRAWN = "scope-withdrawn"


@dataclass(frozen=True)
class Reach:
    """What a Subscription may be told of.

    Attributes:
        access: as whom it reads, narrowed as its client's scopes are.
        withheld: why nothing may be told, as a code; None where something may.
    """

    access: Access
    withheld: str | None = None

    @property
    def counts(self) -> bool:
        """Whether events are numbered for it: a client that comes back must see what it missed."""
        return self.withheld in {None, DEACTIVATED}


def may_hear(principal: Principal, focus: str) -> bool:
    """Whether its scopes let it read resources of a topic's type, at least some."""
    return may(principal, focus, "r") or bool(narrowed(principal, focus, "r"))


def reach(session: Session, state: SubscriptionState, types: Types) -> Reach:
    """The reach of one Subscription; see `reaches`."""
    return reaches(session, [state], types)[state.id]


def reaches(
    session: Session, states: Iterable[SubscriptionState], types: Types
) -> Mapping[str, Reach]:
    """The reach of each Subscription by its id, as it is at this moment.

    Args:
        session: within a transaction.
        states: the Subscriptions.
        types: the served types.
    """
    wanted = list(states)
    clients = select(KnownClient).where(
        col(KnownClient.client_id).in_({each.client for each in wanted if each.client})
    )
    known = {each.client_id: each for each in session.exec(clients)}
    return {each.id: _reach(each, known.get(each.client or ""), types) for each in wanted}


def _reach(state: SubscriptionState, known: KnownClient | None, types: Types) -> Reach:
    principals = list(_principals(state, known))
    narrowing = [each for by in principals for each in _narrowing(by, focus_of(state.topic), types)]
    parties = frozenset({str(state.organisation), codes.EVERYONE})
    withheld = _withheld(state, known, principals, types)
    return Reach(Access(parties, narrowing=tuple(narrowing)), withheld)


def _principals(state: SubscriptionState, known: KnownClient | None) -> Iterator[Principal]:
    """Whose scopes it is held to, all of them at once."""
    client, organisation = state.client or "", str(state.organisation)
    if state.scopes is not None:
        yield Principal(client, client, organisation, frozenset(), frozenset(state.scopes))
    if known is not None:
        roles = frozenset(known.roles)
        yield Principal(client, client, organisation, roles, frozenset(known.scopes))


def _narrowing(principal: Principal, focus: str, types: Types) -> Narrowing:
    """What is told is read; what a filter looks into is searched."""
    read, searched = (narrowing_of(principal, types, letter) for letter in "rs")
    return (
        *(each for each in read if each[0] == focus),
        *(each for each in searched if each[0] != focus),
    )


def _withheld(
    state: SubscriptionState,
    known: KnownClient | None,
    principals: Iterable[Principal],
    types: Types,
) -> str | None:
    if known is not None and not known.active:
        return DEACTIVATED
    if known is not None and known.organisation != state.organisation:
        return MOVED
    reached = all(_reached(state, each, types) for each in principals)
    return None if reached else WITHDRAWN


def _reached(state: SubscriptionState, principal: Principal, types: Types) -> bool:
    focus = focus_of(state.topic)
    try:
        for each in state.filters:
            check_filter(each, focus, types, principal)
    except FhirError as error:
        # A filter that is no longer served is the dispatcher's to tell, by a code of its own.
        return error.status != HTTPStatus.FORBIDDEN and may_hear(principal, focus)
    return may_hear(principal, focus)
