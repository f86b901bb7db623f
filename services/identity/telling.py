"""What other services hear of a client: for whom it acts and what it may ask for, as it stands.

Its name stays here, and so does whatever it proves itself by.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from services.identity.tables import OAuthClient
from shared.database import UnitOfWork
from shared.messaging.events import ClientChanged
from shared.messaging.events import Sequence as Place
from shared.messaging.outbox import Outbox
from shared.messaging.republishing import OwnState, Told

SOURCE = "kersey/identity"
"""How the issuer names itself as the source of events."""

_OUTBOX = Outbox(SOURCE)
"""Wakes nobody: clients change seldom and mostly by a command, and the relay looks often."""


def tell(uow: UnitOfWork, client: OAuthClient) -> None:
    """Have the others told how a client stands now, within the transaction that changed it.

    Args:
        uow: the transaction, which holds the lock of the client's row.
        client: after the change; its generation is the event's sequence.
    """
    _OUTBOX.add(uow, _standing(client), version=client.generation)


def _standing(client: OAuthClient) -> ClientChanged:
    return ClientChanged(
        client=client.client_id,
        organisation=client.organisation,
        active=client.active,
        roles=tuple(client.roles),
        scopes=tuple(client.scopes),
    )


def _keys(uow: UnitOfWork) -> Sequence[str]:
    return uow.session.exec(select(OAuthClient.client_id).order_by(OAuthClient.client_id)).all()


def _clients(uow: UnitOfWork, keys: Sequence[Any]) -> Iterator[Told]:
    wanted = select(OAuthClient).where(col(OAuthClient.client_id).in_(keys))
    locked = wanted.order_by(OAuthClient.client_id).with_for_update()
    for client in uow.session.exec(locked.execution_options(populate_existing=True)):
        yield _standing(client), Place(client.generation)


def _raise_generations(uow: UnitOfWork, keys: Sequence[Any], number: int) -> None:
    """Their tokens end by it, as by any change: what was granted after the backup is not known."""
    raised = update(OAuthClient).where(col(OAuthClient.client_id).in_(keys))
    generation = col(OAuthClient.generation) + number
    uow.session.connection().execute(raised.values(generation=generation))


STATE = (
    OwnState(
        kind="clients",
        types=frozenset({ClientChanged.type}),
        keys=_keys,
        told=_clients,
        raise_versions=_raise_generations,
    ),
)
"""What the issuer can tell again."""
