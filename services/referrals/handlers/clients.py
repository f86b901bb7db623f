"""The issuer's events: what goes on for a client without a token is held to what it may do now."""

from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.subscriptions import standing
from services.referrals.subscriptions.reaching import reach
from services.referrals.tables import KnownClient, SubscriptionState
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import ClientChanged, Envelope, Sequence

SUBSCRIPTION = Subscription("referrals", "clients", frozenset({ClientChanged.type}))


def take_client(desk: Desk, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep what the issuer says of a client, the highest sequence; stop what it may hear no more.

    Told again, it is taken unless something newer is known: so a copy that is wrong is mended. A
    Subscription of which the client may still hear a part goes on with that part.
    """
    event = envelope.data
    if not isinstance(event, ClientChanged):
        return
    session = uow.session
    row = session.get(KnownClient, event.client, with_for_update=True)
    known = Sequence.parse(row.sequence) if row is not None else None
    if known is not None and (
        known > envelope.sequence or (known == envelope.sequence and not envelope.replay)
    ):
        return  # what came late, or again, is no news
    row = row or KnownClient(
        client_id=event.client, organisation=event.organisation, active=True, roles=[], scopes=[]
    )
    row.organisation, row.active = event.organisation, event.active
    row.roles, row.scopes = list(event.roles), list(event.scopes)
    row.sequence = str(envelope.sequence)
    session.add(row)
    session.flush()
    running = select(SubscriptionState).where(
        SubscriptionState.client == event.client,
        col(SubscriptionState.status).in_(("requested", "active")),
    )
    for state in session.exec(running.order_by(SubscriptionState.id)).all():
        withheld = reach(session, state, desk.types).withheld
        if withheld is not None:
            standing.set_status(desk, uow, state.id, "error", withheld)
