"""What referrals knows of the issuer's clients, by which Subscriptions are held (`reaching`)."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session, col

from deploy.reconciling.drift import Databases, Drift
from services.identity.tables import OAuthClient
from services.referrals.tables import KnownClient
from shared.messaging.events import ClientChanged
from shared.messaging.events import Sequence as Place
from shared.messaging.outbox import outbox

TO = "referrals.clients"
MEND = f"`kersey republish identity --to {TO}`"


def known(databases: Databases) -> Iterator[Drift]:
    """Which clients are active, for whom they act and what they may.

    The copy has only clients that changed since they were registered. Of one that it lacks, only
    that its end is not known matters: it would go on being told.
    """
    with Session(databases["referrals"]) as session:
        copies = {row.client_id: row for row in session.execute(select(KnownClient)).scalars()}
    recent = select(outbox.c.subject).where(
        outbox.c.type == ClientChanged.type, outbox.c.created >= databases.before
    )
    with Session(databases["identity"]) as session:
        unsettled = set(session.execute(recent).scalars())
        clients = session.execute(select(OAuthClient).order_by(col(OAuthClient.client_id)))
        registered = list(clients.scalars())
    for client in registered:
        copy = copies.pop(client.client_id, None)
        if client.client_id in unsettled:
            continue
        if copy is None:
            if not client.active:
                yield Drift(f"{TO}: the end of a client is not known", client.client_id, MEND)
        elif Place.parse(copy.sequence).version > client.generation:
            mend = f"`kersey clients deactivate` it, or {MEND[:-1]} --restored`, as it should be"
            yield Drift(f"{TO}: a client is newer than identity's", client.client_id, mend)
        elif _what(copy) != _what(client):
            yield Drift(f"{TO}: a client is not identity's", client.client_id, MEND)
    for key in sorted(copies):
        mend = f"identity has lost it: register it again, or `kersey subscriptions stop {key}`"
        yield Drift(f"{TO}: a client that identity does not know", key, mend)


def _what(client: OAuthClient | KnownClient) -> tuple[object, ...]:
    roles, scopes = frozenset(client.roles), frozenset(client.scopes)
    return client.organisation, client.active, roles, scopes
