"""The register of clients as an administrator keeps it. The caller commits.

Whatever is changed, tokens that the client has already no longer hold (see `issued`): an old
secret, a wider scope or another organisation must not live on in them. Only a secret that is
renewed with an overlap leaves them. What goes on without tokens, such as a Subscription, hears of
it by an event (see `telling`).
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.identity.clients import ClientSpec, RegistrationRefused, hash_secret
from services.identity.tables import OAuthClient
from services.identity.telling import tell
from shared.database import UnitOfWork

LONGEST_OVERLAP = 168
"""Hours for which an old secret may be good beside the new one: a week."""


class NoSuchClient(LookupError):
    """No client is registered by that id."""


def registered(engine: Engine, *, after: str = "", count: int) -> Sequence[OAuthClient]:
    """The registered clients by id, inactive ones too.

    Args:
        engine: the issuer's database.
        after: the id after which to begin.
        count: how many at most.
    """
    wanted = (
        select(OAuthClient)
        .where(col(OAuthClient.client_id) > after)
        .order_by(col(OAuthClient.client_id))
        .limit(count)
    )
    with Session(engine) as session:
        return session.exec(wanted).all()


def one(engine: Engine, client_id: str) -> OAuthClient:
    """One client, also an inactive one.

    Raises:
        NoSuchClient: it is not registered.
    """
    with UnitOfWork(engine) as uow:
        return _found(uow, client_id)


def change_client(uow: UnitOfWork, spec: ClientSpec, *, active: bool | None = None) -> str | None:
    """Bring a client to what is declared. Without a credential it keeps its secret.

    Args:
        uow: the transaction.
        spec: what it is to be.
        active: whether it gets tokens from now on; as before, if nothing is said.

    Returns:
        The secret that was made for it where it had keys until now; else None.

    Raises:
        NoSuchClient: it is not registered.
        RegistrationRefused: it is a demo client, whose secret is public.
    """
    row = _real(uow, spec.client_id)
    made = None
    secret_hash = row.secret_hash
    if spec.secret is not None:
        secret_hash = hash_secret(spec.secret.get_secret_value())
    elif spec.jwks is not None or spec.jwks_url is not None:
        secret_hash = None
    elif secret_hash is None:
        made = secrets.token_urlsafe(32)
        secret_hash = hash_secret(made)
    row.name, row.organisation = spec.name, spec.organisation
    row.roles, row.scopes = list(spec.roles), list(spec.scopes)
    row.secret_hash, row.jwks, row.jwks_url = secret_hash, spec.jwks, spec.jwks_url
    row.redirect_uris, row.after_sign_out = list(spec.redirect_uris), list(spec.after_sign_out)
    row.former_secret_hash = row.former_secret_until = None
    row.active = row.active if active is None else active
    row.generation += 1
    uow.session.flush()
    tell(uow, row)
    return made


def renew_secret(uow: UnitOfWork, client_id: str, *, overlap: timedelta = timedelta(0)) -> str:
    """A new secret in place of the old one.

    Args:
        uow: the transaction.
        client_id: of the client.
        overlap: for how long the old secret is good beside it, so that no request is refused while
            its people put in the new one; the client's tokens hold then. Without it, as after a
            theft, the old secret opens nothing from now on and they end.

    Returns:
        The secret, which nobody can read again.

    Raises:
        NoSuchClient: it is not registered.
        RegistrationRefused: it has keys and no secret, or it is a demo client.
    """
    row = _real(uow, client_id)
    if row.secret_hash is None:
        raise RegistrationRefused(f"client {client_id} has keys and no secret")
    made = secrets.token_urlsafe(32)
    row.former_secret_hash = row.former_secret_until = None
    if overlap:
        row.former_secret_hash = row.secret_hash
        row.former_secret_until = datetime.now(UTC) + overlap
    else:
        row.generation += 1
    row.secret_hash = hash_secret(made)
    uow.session.flush()
    return made


def set_active(uow: UnitOfWork, client_id: str, *, active: bool) -> None:
    """Whether a client gets tokens. An id is never given to another client, so none is deleted.

    Raises:
        NoSuchClient: it is not registered.
        RegistrationRefused: a demo client is to become active.
    """
    row = _real(uow, client_id) if active else _found(uow, client_id, lock=True)
    if row.active != active:
        row.active = active
        row.former_secret_hash = row.former_secret_until = None
        row.generation += 1
        uow.session.flush()
        tell(uow, row)


def _real(uow: UnitOfWork, client_id: str) -> OAuthClient:
    row = _found(uow, client_id, lock=True)
    if row.demo:
        raise RegistrationRefused(f"client {client_id} is a demo client, whose secret is public")
    return row


def _found(uow: UnitOfWork, client_id: str, *, lock: bool = False) -> OAuthClient:
    known_form = client_id if "\x00" not in client_id else ""
    row = uow.session.get(OAuthClient, known_form, with_for_update=lock or None)
    if row is None:
        raise NoSuchClient(client_id)
    return row
