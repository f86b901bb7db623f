"""Who is asking and what they may do: one place that turns a bearer token into a decision."""

import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

import httpx
import structlog
from fastapi import Request
from joserfc import jwk, jwt
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope

from shared.problems import Problem
from shared.settings import ServiceSettings
from shared.trust import system_authorities

log = structlog.get_logger(__name__)

ALGORITHMS = ["ES384", "RS384", "ES256", "RS256", "PS256"]
"""Asymmetric only: a service holds no secret with which it could make a token itself."""

CLOCKS_APART = 60
"""Seconds by which an issuer's clock may be ahead of ours (RFC 7519, section 4.1.5)."""


@dataclass(frozen=True)
class Principal:
    """Whoever a token speaks for.

    Attributes:
        subject: the token's subject, a client or a person's account.
        client_id: the OAuth client that asks.
        organisation: the UUID of the organisation that it acts for; the `party` of access rows.
        roles: what it is to the consortium, such as `link-worker` or `referral-sender`.
        scopes: what its token allows.
        name: of the person who acts; empty where a system does. For what is kept by name, and not
            for logs: it is personal data, so that it does not show where a principal is printed.
        proved: when a person proved who they are, in seconds since 1970 (`auth_time`, RFC 9068,
            section 2.2.1); None where a system acts, or the issuer does not say.
        methods: by what they did (`amr`, RFC 8176).
    """

    subject: str
    client_id: str
    organisation: str
    roles: frozenset[str]
    scopes: frozenset[str]
    name: str = field(default="", repr=False, compare=False)
    proved: float | None = field(default=None, compare=False)
    methods: frozenset[str] = field(default=frozenset(), compare=False)


class Unauthenticated(Exception):
    """The token is missing or not to be trusted.

    Args:
        reason: `missing`, `expired`, `audience`, `issuer` or `invalid`; safe to show.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def words(self) -> str:
        """What is wrong and what to do next."""
        return _WORDS[self.reason]


_WORDS = {
    "missing": "Send an access token: Authorization: Bearer <token>.",
    "expired": "The access token has expired: get a new one.",
    "audience": "The access token is meant for another audience: get one for this one.",
    "issuer": "The access token comes from an issuer that is not trusted here: get one of ours.",
    "invalid": (
        "The access token could not be verified: send it whole, as it was given, or get a new one."
    ),
}


class KeySource(Protocol):
    """Where a verifier gets the issuer's public keys."""

    def keys(self, *, fresh: bool) -> jwk.KeySet:
        """The key set; `fresh` asks for one that is newer than what was last given."""
        ...


class RemoteKeys:
    """The issuer's JWKS over HTTP, kept for a while and fetched again for an unknown key.

    Args:
        url: the issuer's `jwks_uri`.
        keep: seconds for which a fetched set is used.
        pause: seconds at least between two fetches, so that bad tokens cannot cause a storm.
    """

    def __init__(self, url: str, *, keep: float = 300.0, pause: float = 2.0) -> None:
        self._url = url
        self._keep = keep
        self._pause = pause
        self._lock = threading.Lock()
        self._tried = float("-inf")
        self._keys = jwk.KeySet([])

    def keys(self, *, fresh: bool) -> jwk.KeySet:
        """See `KeySource`.

        Raises:
            Problem: 503 while the issuer cannot be reached and no keys are held.
        """
        with self._lock:
            age = time.monotonic() - self._tried
            if age > (self._pause if fresh or not self._keys.keys else self._keep):
                self._tried = time.monotonic()
                self._fetch()
            if not self._keys.keys:
                raise _unavailable()
            return self._keys

    def _fetch(self) -> None:
        try:
            answer = httpx.get(self._url, timeout=5.0, verify=system_authorities())
            answer.raise_for_status()
            self._keys = _usable(answer.json())
        except (httpx.HTTPError, ValueError, LookupError, TypeError, JoseError) as error:
            log.warning("auth.keys_not_fetched", error=type(error).__name__)


def _usable(published: Any) -> jwk.KeySet:
    """The keys that we understand; others are meant for other software (RFC 7517, section 5)."""
    keys: list[jwk.Key] = []
    for each in published["keys"]:
        try:
            keys += jwk.KeySet.import_key_set({"keys": [each]}).keys
        except (ValueError, LookupError, TypeError, JoseError):
            continue
    return jwk.KeySet(keys)


def _unavailable() -> Problem:
    return Problem(
        503,
        "Sign-in cannot be checked just now",
        "The identity service cannot be reached. Try again in a moment.",
        headers={"Retry-After": "5"},
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A token whose signature was found good: when that was last so, and what the token says."""

    at: float
    claims: dict[str, Any]
    principal: Principal


class _Genuine:
    """Tokens whose signature was found good, for as long as the keys are the same set.

    A set that was fetched anew may lack a key that was withdrawn, so it begins with nothing.
    """

    MOST = 4096
    RECENT = 5.0
    """Seconds for which the issuer's keys are not even asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: jwk.KeySet | None = None
        self._found: dict[str, _Found] = {}

    def recently(self, token: str) -> _Found | None:
        """A token that was found genuine a moment ago."""
        found = self._found.get(token)
        return found if found and time.monotonic() - found.at < self.RECENT else None

    def by(self, keys: jwk.KeySet, token: str) -> _Found | None:
        """A token that was found genuine by these very keys."""
        with self._lock:
            if keys is not self._keys or token not in self._found:
                return None
            found = replace(self._found[token], at=time.monotonic())
            self._found[token] = found
            return found

    def keep(self, keys: jwk.KeySet, token: str, claims: dict[str, Any]) -> _Found:
        """Remember one; when there are too many, begin again."""
        found = _Found(time.monotonic(), claims, _principal(claims))
        with self._lock:
            if keys is not self._keys or len(self._found) >= self.MOST:
                self._keys, self._found = keys, {}
            self._found[token] = found
        return found


class TokenVerifier:
    """Verifies access tokens of one issuer (RFC 9068, section 4)."""

    def __init__(self, settings: ServiceSettings, keys: KeySource | None = None) -> None:
        self._issuer = settings.issuer
        self._audience = settings.audience
        self._keys = keys or RemoteKeys(settings.jwks_url)
        self._genuine_before = _Genuine()

    def verify(self, token: str) -> Principal:
        """The principal of a compact JWT.

        Raises:
            Unauthenticated: the token is expired, meant for others, or not genuine.
            Problem: 503 while the issuer's keys cannot be had.
        """
        found = self._genuine(token)
        self._check(found.claims)
        return found.principal

    def verified_recently(self, token: str) -> bool:
        """Whether `verify` will decide without asking for keys, and so without waiting."""
        return self._genuine_before.recently(token) is not None

    def _genuine(self, token: str) -> _Found:
        """A token that one of the issuer's keys signed.

        A client sends one token many times, and a signature costs more than all else in a read: it
        is not checked again while the very keys are held by which it was found genuine. Everything
        that time changes is checked each time, see `_check`.
        """
        recent = self._genuine_before.recently(token)
        if recent is not None:
            return recent
        for fresh in (False, True):
            keys = self._keys.keys(fresh=fresh)
            known = self._genuine_before.by(keys, token)
            if known is not None:
                return known
            try:
                claims = dict(jwt.decode(token, keys, ALGORITHMS).claims)
            except Exception:  # noqa: BLE001, S112 - whatever cannot be decoded is no token
                continue
            return self._genuine_before.keep(keys, token, claims)
        raise Unauthenticated("invalid")

    def _check(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("audience")
        if not is_issuer(claims.get("iss"), self._issuer):
            raise Unauthenticated("issuer")
        expires, begins = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or not claims.get("sub"):
            raise Unauthenticated("invalid")
        if not isinstance(begins, int | float) or begins > time.time() + CLOCKS_APART:
            raise Unauthenticated("invalid")
        if expires <= time.time():
            raise Unauthenticated("expired")


def is_issuer(named: object, trusted: str) -> bool:
    """Whether a document names the issuer that is trusted here.

    Some issuers end their own name with a slash and some do not (OpenID Connect Discovery 1.0,
    section 4, takes it away before it appends a path), so the setting is the same for both.

    Args:
        named: an `iss` claim, or the `issuer` of metadata.
        trusted: the setting, which ends without one.
    """
    return isinstance(named, str) and named.removesuffix("/") == trusted


def _principal(claims: dict[str, Any]) -> Principal:
    """Whoever the claims speak for; without an organisation where they name none by its UUID."""
    roles, proved, methods = claims.get("roles"), claims.get("auth_time"), claims.get("amr")
    return Principal(
        subject=str(claims.get("sub") or ""),
        client_id=str(claims.get("client_id") or claims.get("azp") or claims.get("sub") or ""),
        organisation=_organisation(claims.get("organisation")),
        roles=frozenset(map(str, roles)) if isinstance(roles, list) else frozenset(),
        scopes=frozenset(str(claims.get("scope") or "").split()),
        name=str(claims.get("name") or ""),
        proved=proved if isinstance(proved, int | float) else None,
        methods=frozenset(map(str, methods)) if isinstance(methods, list) else frozenset(),
    )


def _organisation(claim: object) -> str:
    """The organisation's UUID as access rows write it."""
    try:
        return str(UUID(str(claim)))
    except ValueError:
        return ""


def bearer_of(headers: Headers) -> str | None:
    """The bearer token that came with a request, if one did."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def verified(scope: Scope) -> Principal | None:
    """Whom the rate limits found to be asking, where a good token came with the request."""
    found = scope.get("state", {}).get("verified")
    return found if isinstance(found, Principal) else None


def principal_of(request: Request) -> Principal:
    """Who makes this request; verified once and kept for its duration.

    The organisation is the party that access rows name, so nobody without one gets further: an
    empty party would be everybody else who has none.

    Raises:
        Unauthenticated: no trustworthy bearer token came with it.
        Problem: 403 where the token is genuine and names no organisation.
    """
    principal = verified(request.scope)
    if principal is None:
        token = bearer_of(request.headers)
        if token is None:
            raise Unauthenticated("missing")
        principal = request.app.state.verifier.verify(token)
        request.state.verified = principal
    if not principal.organisation:
        raise Problem(
            403,
            "Not allowed",
            "The token names no organisation: its claim `organisation` must be a UUID.",
            element="organisation",
        )
    return principal


def requires(*scopes: str, role: str | None = None) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that admits whoever holds one of `scopes` and, if named, the role.

    It goes without a thread where the rate limits have verified the token already, as they do each
    good one: handing over to a thread and back costs more than all that is decided here.

    Raises:
        Unauthenticated: answered as 401.
        Problem: 403 when the token allows something else.
    """

    async def admitted(request: Request) -> Principal:
        if verified(request.scope) is None:
            await run_in_threadpool(principal_of, request)
        principal = principal_of(request)
        if scopes and not principal.scopes.intersection(scopes):
            raise Problem(
                403,
                "Not allowed",
                f"This needs the scope {' or '.join(scopes)}.",
                element="scope",
                headers={
                    "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scopes[0]}"'
                },
            )
        if role and role not in principal.roles:
            raise Problem(403, "Not allowed", f"This is for the role {role}.", element="roles")
        return principal

    return admitted
