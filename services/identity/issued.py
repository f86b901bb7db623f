"""Tokens that were issued here: whether one still holds (RFC 7662), and ending it (RFC 7009).

A token is a JWT that every service verifies by itself, without asking: that is what keeps a read
fast. So an end takes effect there when the token expires, 300 seconds after its issue at most.
Whoever cannot wait that long asks here, as the administrators' endpoints do.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.identity.clients import Client, Clients
from services.identity.keys import ALGORITHM, SigningKeys
from services.identity.oidc.families import Families
from services.identity.settings import IdentitySettings
from services.identity.tables import revoked_token
from shared.database import UnitOfWork

_MAX_LENGTH = 16 * 1024
_PRUNED = 100
"""Expired rows removed beside each new one, so that the table stays small."""


@dataclass(frozen=True)
class IssuedToken:
    """A token that holds: genuine, not expired, not revoked, its client as it was when it got it.

    Attributes:
        claims: what it says.
        client: whose it is.
    """

    claims: dict[str, Any]
    client: Client

    @property
    def client_id(self) -> str:
        """The client that it was issued to."""
        return self.client.client_id

    @property
    def subject(self) -> str:
        """Who acts with it: a person's account, or the client itself."""
        return str(self.claims.get("sub"))

    @property
    def family(self) -> UUID | None:
        """The sign-in that it came of, where a person acts with it."""
        return UUID(self.claims["sid"]) if "sid" in self.claims else None

    @property
    def scopes(self) -> frozenset[str]:
        """What it allows."""
        return frozenset(str(self.claims.get("scope") or "").split())

    def check_client(self, client: Client) -> bool:
        """Whether it was issued to that client; Authlib asks."""
        return self.client_id == client.client_id

    def is_expired(self) -> bool:
        """Never: `find` gives none that is."""
        return False

    def is_revoked(self) -> bool:
        """Never: `find` gives none that is."""
        return False


class IssuedTokens:
    """Looks each token up anew: only that a signature was good is remembered, and by which keys,
    so that an end holds at once.

    Args:
        settings: the issuer's settings.
        engine: its database.
        clients: the registered clients.
        keys: those that signed.
        families: what became of people's sign-ins.
    """

    def __init__(
        self,
        settings: IdentitySettings,
        engine: Engine,
        *,
        clients: Clients,
        keys: SigningKeys,
        families: Families,
    ) -> None:
        self._issuer = settings.issuer
        self._audience = settings.audience
        self._engine = engine
        self._clients = clients
        self._keys = keys
        self._families = families
        self._signed = _Signed()

    def find(self, token: str) -> IssuedToken | None:
        """The token, or None if it does not hold, for whatever reason (RFC 7662 section 2.2).

        Args:
            token: anything that somebody takes for one of ours.
        """
        claims = self._genuine(token)
        if claims is None:
            return None
        known = select(revoked_token.c.jti).where(revoked_token.c.jti == UUID(claims["jti"]))
        with UnitOfWork(self._engine) as uow:
            client = self._clients.find_in(uow, str(claims.get("client_id")))
            if client is None or client.generation != claims.get("generation", 0):
                return None
            if uow.session.connection().execute(known).first() is not None:
                return None
            found = IssuedToken(claims, client)
            if found.family is not None and self._families.actor_in(uow, found.family) is None:
                return None
        return found

    def find_refresh(self, token: str) -> IssuedToken | None:
        """A refresh token that is good, told of as the access tokens are that it gives."""
        held = self._families.of_refresh_token(token) if len(token) <= _MAX_LENGTH else None
        client = self._clients.find(held[1]) if held else None
        if held is None or client is None:
            return None
        actor = held[0]
        claims = {
            "iss": self._issuer,
            "sub": str(actor.account),
            "client_id": client.client_id,
            "scope": actor.scope,
            "exp": int(actor.expires.timestamp()),
            "organisation": str(actor.organisation),
            "roles": list(actor.roles),
            "sid": str(actor.family),
        }
        return IssuedToken(claims, client)

    def revoke(self, token: IssuedToken) -> None:
        """End a token before its time. Twice is as good as once.

        With a refresh token all that came of its sign-in ends (RFC 7009 section 2.1).
        """
        if "jti" not in token.claims:
            assert token.family is not None
            self._families.end(token.family)
            return
        record = insert(revoked_token).values(
            jti=UUID(token.claims["jti"]),
            client_id=token.client_id,
            expires=datetime.fromtimestamp(token.claims["exp"], UTC),
        )
        past = (
            select(revoked_token.c.jti)
            .where(revoked_token.c.expires < func.now())
            .limit(_PRUNED)
            .with_for_update(skip_locked=True)
        )
        with UnitOfWork(self._engine) as uow:
            uow.session.execute(record.on_conflict_do_nothing())
            uow.session.execute(delete(revoked_token).where(revoked_token.c.jti.in_(past)))
            uow.commit()

    def _genuine(self, token: str) -> dict[str, Any] | None:
        if len(token) > _MAX_LENGTH:
            return None
        claims = self._signed.claims(token, self._keys.published())
        if claims is None:
            return None
        ours = claims.get("iss") == self._issuer and claims.get("aud") == self._audience
        expires = claims.get("exp")
        return claims if ours and isinstance(expires, int) and expires > time.time() else None


class _Signed:
    """Access tokens that were found to be signed by the keys that are published.

    A client sends one token with many requests, and the signature costs more than all else that is
    asked of it. With another set of keys everything begins anew.
    """

    MOST = 4096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._published: object = None
        self._keys = jwk.KeySet([])
        self._claims: dict[str, dict[str, Any]] = {}

    def claims(
        self, token: str, published: dict[str, list[dict[str, Any]]]
    ) -> dict[str, Any] | None:
        """What a token says; None where none of these keys signed it, or it is no access token."""
        with self._lock:
            if published != self._published or len(self._claims) >= self.MOST:
                self._keys = jwk.KeySet.import_key_set(published)  # type: ignore[arg-type]
                self._published, self._claims = published, {}
            keys, held = self._keys, self._claims
        if token not in held:
            try:
                found = jwt.decode(token, keys, [ALGORITHM])
                said = dict(found.claims)
                UUID(str(said.get("jti")))
            except (JoseError, ValueError, TypeError, RecursionError):
                return None
            if found.header.get("typ") != "at+jwt":
                return None
            held[token] = said
        return held[token]
