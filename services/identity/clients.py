"""Clients: how they are registered, found, and told from those who only claim to be them."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from sqlalchemy import Engine, case, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.identity import scopes
from services.identity.client_keys import public_keys
from services.identity.tables import OAuthClient, oauth_client
from services.identity.telling import tell
from shared.database import UnitOfWork
from shared.settings import DEMO_MARK

PEOPLE_GRANTS = ("authorization_code", "refresh_token")
"""What a client has people sign in by."""

_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_SECRET = re.compile(r"[A-Za-z0-9._~-]+")
_SECRET_LENGTH = 32
_LOCAL = frozenset(["localhost", "127.0.0.1", "::1"])


class RegistrationRefused(ValueError):
    """A client that cannot be registered like this; the message says what to change."""


class ClientSpec(BaseModel):
    """A client as an operator declares it.

    Attributes:
        client_id: letters, digits and `._~-`, so that no two decodings of HTTP Basic disagree.
        name: for people.
        organisation: the organisation on whose behalf it acts; the party of access rows.
        roles: what it is to the consortium, such as `referral-sender`.
        scopes: what it may get at most.
        secret: its secret, or none to have one made (`register_client`) or to use keys.
        jwks: its public keys.
        jwks_url: the address of its public keys, preferred by SMART Backend Services.
        active: whether it gets tokens.
        redirect_uris: where people are led who signed in for it; with any, it acts for them alone.
        after_sign_out: where people may be led who signed out of it.
        demo: whether its secret is public knowledge. Production refuses to run with such a client.

    Raises:
        pydantic.ValidationError: more than one credential; a secret that is too weak; keys that
            are not public RSA or EC keys with distinct `kid`; a scope that is malformed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: Annotated[str, StringConstraints(pattern=f"^{_CLIENT_ID.pattern}$")]
    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]+$")]
    organisation: UUID
    roles: tuple[Annotated[str, StringConstraints(pattern="^[a-z][a-z-]*$")], ...] = ()
    scopes: tuple[str, ...]
    secret: SecretStr | None = None
    jwks: dict[str, Any] | None = None
    jwks_url: str | None = None
    redirect_uris: tuple[str, ...] = ()
    after_sign_out: tuple[str, ...] = ()
    active: bool = True
    demo: bool = False

    @field_validator("scopes")
    @classmethod
    def _are_scopes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("a client without any scope could never get a token")
        for scope in value:
            scopes.parse(scope)
        return value

    @field_validator("jwks")
    @classmethod
    def _are_public_keys(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None:
            public_keys(value)
            if r"\u0000" in json.dumps(value, allow_nan=False):
                raise ValueError("the keys hold what cannot be stored")
        return value

    @field_validator("jwks_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            secure = parts.scheme == "https" or parts.hostname in _LOCAL
            if parts.scheme not in ("http", "https") or not secure or "@" in parts.netloc:
                raise ValueError("jwks_url must be https and hold no credentials")
        return value

    @field_validator("redirect_uris", "after_sign_out")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            parts = urlsplit(each)
            secure = parts.scheme == "https" or parts.hostname in _LOCAL
            plain = "@" not in parts.netloc and "#" not in each and each.isascii()
            if parts.scheme not in ("http", "https") or not (secure and plain):
                raise ValueError("an address is https, without a fragment or credentials")
        return value

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if sum(each is not None for each in (self.secret, self.jwks, self.jwks_url)) > 1:
            raise ValueError("a client has a secret, or jwks, or jwks_url: not several")
        if self.secret is not None:
            _check_strength(self.secret.get_secret_value(), demo=self.demo)
        return self


def _check_strength(secret: str, *, demo: bool) -> None:
    if not _SECRET.fullmatch(secret):
        raise ValueError("a secret holds letters, digits and ._~- only")
    if demo != secret.startswith(DEMO_MARK):
        raise ValueError(f"the secrets of demo clients, and only theirs, start with {DEMO_MARK}")
    if not demo and len(secret) < _SECRET_LENGTH:
        raise ValueError(
            f"a secret of fewer than {_SECRET_LENGTH} characters can be guessed: "
            "leave it out to have one made"
        )


@dataclass(frozen=True)
class Client:
    """A registered, active client, with the questions that Authlib's grants ask of one."""

    client_id: str
    organisation: UUID
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    auth_methods: frozenset[str]
    jwks: dict[str, Any] | None
    jwks_url: str | None
    generation: int = 0
    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    after_sign_out: tuple[str, ...] = ()

    def get_client_id(self) -> str:
        """The client id."""
        return self.client_id

    def check_grant_type(self, grant_type: str) -> bool:
        """A client acts for an organisation, or for people who sign in: never for both."""
        if self.redirect_uris:
            return grant_type in PEOPLE_GRANTS
        return grant_type == "client_credentials"

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether it proves itself in this way: one with keys has no secret, and conversely."""
        return method in self.auth_methods

    def get_allowed_scope(self, scope: str | None) -> str:
        """What it gets of what it asked for.

        Raises:
            ScopeRefused: more than it is registered for.
        """
        return scopes.negotiate(scope, self.scopes)


def hash_secret(secret: str) -> str:
    """What is stored of a secret.

    A plain SHA-256, neither salted nor slow, on purpose: those protect secrets that people think
    up. Ours are 256 random bits (or at least 32 characters by the operator), which nobody can try
    out at any speed, no two alike. A slow hash would only let anyone keep the token endpoint busy
    by sending wrong secrets. Demo secrets are public anyway.
    """
    return f"sha256${hashlib.sha256(secret.encode()).hexdigest()}"


_NOBODY = hash_secret(secrets.token_urlsafe())


class Clients:
    """The registered clients.

    Args:
        engine: the issuer's database.
        admit_demo: false in production, where a secret that stands in a README opens nothing.
    """

    def __init__(self, engine: Engine, *, admit_demo: bool) -> None:
        self._engine = engine
        self._admit_demo = admit_demo

    def find(self, client_id: str) -> Client | None:
        """An active client, or None."""
        with UnitOfWork(self._engine) as uow:
            return self.find_in(uow, client_id)

    def find_in(self, uow: UnitOfWork, client_id: str) -> Client | None:
        """The same, within a transaction that looks at more."""
        found = self._row(uow, client_id)
        return _client(found) if found else None

    def with_secret(self, client_id: str, secret: str) -> Client | None:
        """The active client whose secret this is, or was until a moment that is still to come.

        None, after the same work, for an unknown or inactive client, for one without a secret and
        for a wrong secret: neither the answer nor its time tells which client ids exist.
        """
        with UnitOfWork(self._engine) as uow:
            found = self._row(uow, client_id)
        sent = hash_secret(secret).encode()
        right = [
            hmac.compare_digest((expected or _NOBODY).encode(), sent)
            for expected in (found.secret_hash if found else None, _former(found))
        ]
        return _client(found) if found and any(right) else None

    def _row(self, uow: UnitOfWork, client_id: str) -> OAuthClient | None:
        known_form = client_id if _CLIENT_ID.fullmatch(client_id) else ""
        found = uow.session.get(OAuthClient, known_form)
        if found is None or not found.active or (found.demo and not self._admit_demo):
            return None
        return found


def _former(row: OAuthClient | None) -> str | None:
    """The hash of a secret that was renewed and is good for a while yet."""
    if row is None or row.former_secret_until is None:
        return None
    return row.former_secret_hash if row.former_secret_until > datetime.now(UTC) else None


def _client(row: OAuthClient) -> Client:
    methods = (
        ("client_secret_basic", "client_secret_post") if row.secret_hash else ("private_key_jwt",)
    )
    return Client(
        client_id=row.client_id,
        organisation=row.organisation,
        roles=tuple(row.roles),
        scopes=tuple(row.scopes),
        auth_methods=frozenset(methods),
        jwks=row.jwks,
        jwks_url=row.jwks_url,
        generation=row.generation,
        name=row.name,
        redirect_uris=tuple(row.redirect_uris),
        after_sign_out=tuple(row.after_sign_out),
    )


def register_client(uow: UnitOfWork, spec: ClientSpec) -> str | None:
    """Register a new client. The caller commits.

    Returns:
        The secret that was made for it, which nobody can read again later; None when the spec
        brought a credential.

    Raises:
        RegistrationRefused: the client id is taken; a demo client without its public secret.
    """
    made = None
    if spec.secret is None and spec.jwks is None and spec.jwks_url is None:
        if spec.demo:
            raise RegistrationRefused(f"demo client {spec.client_id} needs a secret or keys")
        made = secrets.token_urlsafe(32)
    statement = insert(oauth_client).values(_values(spec, made)).on_conflict_do_nothing()
    if uow.session.execute(statement.returning(oauth_client.c.client_id)).first() is None:
        raise RegistrationRefused(f"client {spec.client_id} is registered already")
    return made


def load_clients(engine: Engine, specs: Iterable[ClientSpec]) -> None:
    """Register clients, or bring registered ones to what is declared; all of them or none.

    Of registered ones that are changed by it the other services are told.

    Raises:
        RegistrationRefused: a spec without a credential (use `register_client`, which returns the
            secret that it makes); a demo client with the id of a real one, or the reverse, which
            would put a public secret on a real client.
    """
    with UnitOfWork(engine) as uow:
        for spec in sorted(specs, key=lambda each: each.client_id):
            if spec.secret is None and spec.jwks is None and spec.jwks_url is None:
                raise RegistrationRefused(f"client {spec.client_id} needs a secret or keys")
            values = _values(spec, None)
            before = uow.session.get(OAuthClient, spec.client_id, with_for_update=True)
            generation = before.generation if before else None
            declared = insert(oauth_client).values(values)
            changed = or_(
                *(oauth_client.c[column].is_distinct_from(each) for column, each in values.items())
            )
            statement = declared.on_conflict_do_update(
                index_elements=["client_id"],
                set_={column: value for column, value in values.items() if column != "client_id"}
                | {"generation": oauth_client.c.generation + case((changed, 1), else_=0)},
                where=oauth_client.c.demo == spec.demo,
            )
            if uow.session.execute(statement.returning(oauth_client.c.client_id)).first() is None:
                raise RegistrationRefused(
                    f"client {spec.client_id} is registered already and is "
                    f"{'not ' if spec.demo else ''}a demo client"
                )
            if before is not None:
                uow.session.refresh(before)
                if before.generation != generation:
                    tell(uow, before)
        uow.commit()


def _values(spec: ClientSpec, made: str | None) -> dict[str, Any]:
    secret = made or (spec.secret.get_secret_value() if spec.secret else None)
    return {
        "client_id": spec.client_id,
        "name": spec.name,
        "secret_hash": hash_secret(secret) if secret else None,
        "former_secret_hash": None,
        "former_secret_until": None,
        "jwks": spec.jwks,
        "jwks_url": spec.jwks_url,
        "organisation": spec.organisation,
        "roles": list(spec.roles),
        "scopes": list(spec.scopes),
        "redirect_uris": list(spec.redirect_uris),
        "after_sign_out": list(spec.after_sign_out),
        "active": spec.active,
        "demo": spec.demo,
    }


def active_demo_clients(engine: Engine) -> Sequence[str]:
    """The ids of demo clients that could get tokens."""
    with engine.connect() as connection:
        found = connection.execute(
            select(oauth_client.c.client_id)
            .where(oauth_client.c.demo, oauth_client.c.active)
            .order_by("client_id")
        )
        return [str(client_id) for client_id in found.scalars()]
