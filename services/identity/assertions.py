"""private_key_jwt: a client proves itself with a signed assertion (SMART Backend Services)."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwk, jws, jwt
from joserfc.errors import ClaimError, JoseError
from sqlalchemy import Engine, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.identity.client_keys import ClientKeys, KeysRefused, public_keys
from services.identity.clients import Client, Clients
from services.identity.tables import used_assertion
from shared.database import UnitOfWork

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = {"RS384": "RSA", "ES384": "EC"}
"""Algorithms and their key types (SMART App Launch 2.2, Client Authentication: Asymmetric)."""
LIFETIME = 300
"""Seconds that an assertion's `exp` may lie ahead."""
SKEW = 30
"""Seconds by which a client's clock may differ from ours."""

UNPROVEN = (
    "Client authentication failed. Check the client id, and its secret or key; whoever registered"
    " the client can give it a new one."
)
"""What everyone hears who has not proved who they are: the same whatever the reason."""

_MAX_LENGTH = 16 * 1024
_TYPES = frozenset(["jwt", "client-authentication+jwt"])
_PRUNED = 100
"""Expired rows removed beside each new one: more than are added, so the table stays small."""


class AssertionRefused(Exception):
    """The assertion proves nothing.

    Args:
        words: for the client's developer. Until the signature is verified they depend on nothing
            that is registered, so that they do not tell which client ids exist.
    """

    def __init__(self, words: str = UNPROVEN) -> None:
        super().__init__(words)
        self.words = words


class Assertions:
    """Verifies clients' assertions, each once.

    Args:
        engine: the issuer's database.
        clients: the registered clients.
        remote: keys of clients that registered an address.
        audience: the token endpoint's public address.
    """

    def __init__(
        self, engine: Engine, clients: Clients, remote: ClientKeys, *, audience: str
    ) -> None:
        self._engine = engine
        self._clients = clients
        self._remote = remote
        self._audience = audience

    def verify(self, assertion: str, *, client_id: str | None) -> Client:
        """The client that signed an assertion.

        Args:
            assertion: a compact JWT.
            client_id: the request's `client_id`, which must agree if present (RFC 7521, 4.2).

        Raises:
            AssertionRefused: RFC 7523 section 3, or SMART App Launch 2.2, does not allow it.
        """
        header, claimed = _unverified(assertion)
        algorithm, kid = _check_header(header)
        issuer = claimed.get("iss")
        if not isinstance(issuer, str) or issuer != claimed.get("sub"):
            raise AssertionRefused("iss and sub must both be the client id.")
        if client_id not in (None, issuer):
            raise AssertionRefused("client_id is not the client of the assertion.")
        client = self._clients.find(issuer)
        key = self._key(client, header, kid, ALGORITHMS[algorithm]) if client else None
        if client is None or key is None:
            raise AssertionRefused
        try:
            claims = jwt.decode(assertion, key, [algorithm]).claims
        except (JoseError, ValueError) as error:
            raise AssertionRefused from error
        expires = self._check_claims(claims)
        if not self._first_use(client.client_id, str(claims["jti"]), expires):
            raise AssertionRefused("The assertion was used before: its jti must be new each time.")
        return client

    def _key(
        self, client: Client, header: dict[str, Any], kid: str, kty: str
    ) -> jwk.RSAKey | jwk.ECKey | None:
        if "jku" in header and header["jku"] != client.jwks_url:
            return None
        if client.jwks_url:
            return self._remote.key(client.jwks_url, kid, kty)
        try:
            return public_keys(client.jwks).get((kid, kty))
        except KeysRefused:  # it has a secret and no keys
            return None

    def _check_claims(self, claims: dict[str, Any]) -> datetime:
        required = jwt.JWTClaimsRegistry(
            leeway=SKEW,
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            required.validate(claims)
        except ClaimError as error:
            raise AssertionRefused(
                f"Refused for its {error.claim}: {error.error.replace('_', ' ')}. aud must be"
                f" {self._audience}, exp in the future, jti new."
            ) from error
        now = datetime.now(UTC)
        limit = now + timedelta(seconds=LIFETIME + SKEW)
        if claims["exp"] > limit.timestamp():
            raise AssertionRefused(f"exp must be at most {LIFETIME} seconds ahead.")
        return datetime.fromtimestamp(claims["exp"], UTC)

    def _first_use(self, client_id: str, jti: str, expires: datetime) -> bool:
        digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()
        record = insert(used_assertion).values(
            client_id=client_id, jti=digest, expires=expires + timedelta(seconds=SKEW)
        )
        past = (
            select(used_assertion.c.client_id, used_assertion.c.jti)
            .where(used_assertion.c.expires < func.now())
            .limit(_PRUNED)
            .with_for_update(skip_locked=True)
        )
        with UnitOfWork(self._engine) as uow:
            recorded = uow.session.execute(
                record.on_conflict_do_nothing().returning(used_assertion.c.jti)
            ).first()
            uow.session.execute(
                delete(used_assertion).where(
                    tuple_(used_assertion.c.client_id, used_assertion.c.jti).in_(past)
                )
            )
            uow.commit()
        return recorded is not None


def _unverified(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    malformed = AssertionRefused("The assertion is not a signed JWT.")
    if len(assertion) > _MAX_LENGTH:
        raise malformed
    try:
        parts = jws.extract_compact(assertion.encode())
        header: Any = parts.headers()
        claims = json.loads(parts.payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise malformed from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise malformed
    return header, claims


def _check_header(header: dict[str, Any]) -> tuple[str, str]:
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise AssertionRefused(f"alg must be one of {', '.join(ALGORITHMS)}.")
    if not isinstance(kid, str):
        raise AssertionRefused("The assertion's header must name a kid.")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise AssertionRefused("The assertion's typ must be JWT.")
    return algorithm, kid
