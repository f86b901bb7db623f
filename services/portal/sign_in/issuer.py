"""The issuer with whom people sign in: OpenID Connect Core 1.0, authorization code with PKCE.

Everything here waits for the network, so it runs in threads and never inside a transaction.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError

from services.portal.settings import PortalSettings
from shared.auth import ALGORITHMS, CLOCKS_APART, KeySource, RemoteKeys, is_issuer
from shared.trust import system_authorities

SCOPES = (
    "openid",
    "profile",
    "user/*.rs",
    "user/Task.u",
    "cases",
    "directory.read",
    "directory.write",
    "figures.read",
    "notifications.notices",
    "notifications.read",
    "notifications.write",
    "people.counted",
    "people.organisation",
    "people.read",
    "people.write",
    "referrals.practice",
    "wordings.read",
)
"""All that a page may ever need; the issuer gives of it what the person's role has."""

EMERGENCY = "cases.break-glass"
"""What is asked for in a sign-in for an emergency alone, so that no everyday token has it."""

METADATA_KEPT = 300.0
"""Seconds for which the issuer's metadata is used before it is read again."""


class IssuerUnreachable(Exception):
    """The issuer does not answer, or answers what is no answer."""


class SignInRefused(Exception):
    """The issuer gave no tokens, or tokens that are not to be trusted. The message names no one."""


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: where the browser goes, and what must come back with it.

    Attributes:
        url: the issuer's page.
        state: comes back with the code.
        nonce: must stand in the ID token (OpenID Connect Core 1.0, section 3.1.3.7).
        verifier: proves that who brings the code began the sign-in (RFC 7636).
    """

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Granted:
    """What the issuer gave.

    Attributes:
        account: the `sub` of who signed in.
        name: their name, for their own pages.
        organisation_name: for whom they act, in words.
        roles: what they are to the consortium.
        access: the access token.
        refresh: with which it is renewed; empty if the issuer gives none.
        proof: the ID token, with which they sign out at the issuer.
        good_until: when the access token ends.
    """

    account: str
    name: str
    organisation_name: str
    roles: tuple[str, ...]
    access: str
    refresh: str
    proof: str
    good_until: datetime


class Issuer:
    """One OpenID provider.

    Args:
        settings: the portal's.
        keys: the provider's; by default fetched from the settings' `jwks_url`.
        clock: tells the time.
    """

    def __init__(
        self,
        settings: PortalSettings,
        *,
        keys: KeySource | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._keys = keys or RemoteKeys(settings.jwks_url)
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._read = float("-inf")

    @property
    def back(self) -> str:
        """Where the issuer sends a browser that signed in."""
        return f"{self._settings.public_url}/signed-in"

    def begin(self, *, prove: bool = False) -> Begun:
        """Begin a sign-in.

        Args:
            prove: whether whoever is signed in at the issuer proves it once more (`prompt=login`,
                OpenID Connect Core 1.0, section 3.1.2.1), to open a case in an emergency.

        Raises:
            IssuerUnreachable: its metadata cannot be had.
        """
        endpoint = self._endpoint("authorization_endpoint")
        state, nonce, verifier = generate_token(32), generate_token(32), generate_token(64)
        url = prepare_grant_uri(
            endpoint,
            client_id=self._settings.sign_in_client_id,
            response_type="code",
            redirect_uri=self.back,
            scope=" ".join((*SCOPES, EMERGENCY) if prove else SCOPES),
            **({"prompt": "login"} if prove else {}),
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, state, nonce, verifier)

    def exchange(self, code: str, begun: Begun) -> Granted:
        """Exchange the code that came back.

        Raises:
            IssuerUnreachable: it does not answer.
            SignInRefused: the code is not good any more, or the tokens are not for us.
        """
        token = self._ask(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.back,
            code_verifier=begun.verifier,
        )
        return self._granted(token, str(token.get("id_token") or ""), nonce=begun.nonce)

    def renew(self, granted: Granted) -> Granted:
        """New tokens for the same person; the former refresh token is used up.

        Raises:
            IssuerUnreachable: it does not answer.
            SignInRefused: the sign-in ended there, or nothing can be renewed.
        """
        if not granted.refresh:
            raise SignInRefused("the issuer gave no refresh token")
        token = self._ask(grant_type="refresh_token", refresh_token=granted.refresh)
        proof = str(token.get("id_token") or granted.proof)
        renewed = self._granted(token, proof, renewed=granted)
        if renewed.account != granted.account:
            raise SignInRefused("the renewed tokens are of another account")
        return renewed

    def leave(self, granted: Granted) -> str:
        """End the sign-in at the issuer: its tokens now, its own session by the answered page.

        Returns:
            Where the browser goes next, here or at the issuer (OpenID Connect RP-Initiated Logout
            1.0, section 2).
        """
        after = f"{self._settings.public_url}/signed-out"
        try:
            metadata = self._told()
            revocation = metadata.get("revocation_endpoint")
            if revocation and granted.refresh:
                self._post(str(revocation), {"token": granted.refresh})
            page = metadata.get("end_session_endpoint")
        except IssuerUnreachable:
            return after
        if not page:
            return after
        asked = {"id_token_hint": granted.proof, "post_logout_redirect_uri": after}
        return str(httpx.URL(str(page), params=asked))

    def _ask(self, **form: str) -> Mapping[str, Any]:
        """Ask the token endpoint (RFC 6749, sections 5.1 and 5.2)."""
        answer = self._post(self._settings.token_url, form)
        if answer.status_code in (400, 401):
            raise SignInRefused("the issuer refuses")
        try:
            told = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise IssuerUnreachable from error
        if not isinstance(told, dict):
            raise IssuerUnreachable
        return told

    def _post(self, url: str, form: Mapping[str, str]) -> httpx.Response:
        settings = self._settings
        proof = (settings.sign_in_client_id, settings.sign_in_client_secret.get_secret_value())
        try:
            return httpx.post(url, data=form, auth=proof, timeout=10.0, verify=system_authorities())
        except httpx.HTTPError as error:
            raise IssuerUnreachable from error

    def _granted(
        self,
        token: Mapping[str, Any],
        proof: str,
        *,
        nonce: str | None = None,
        renewed: Granted | None = None,
    ) -> Granted:
        claims = self._proven(proof, nonce=nonce, renewed=renewed is not None)
        access = token.get("access_token")
        if not isinstance(access, str) or not access:
            raise SignInRefused("the issuer gave no access token")
        lasts = token.get("expires_in")
        roles = claims.get("roles")
        return Granted(
            account=str(claims["sub"]),
            name=str(claims.get("name") or ""),
            organisation_name=str(claims.get("organisation_name") or ""),
            roles=tuple(map(str, roles)) if isinstance(roles, list) else (),
            access=access,
            refresh=str(token.get("refresh_token") or (renewed.refresh if renewed else "")),
            proof=proof,
            good_until=self._clock()
            + timedelta(seconds=float(lasts) if isinstance(lasts, int | float) else 60.0),
        )

    def _proven(self, proof: str, *, nonce: str | None, renewed: bool) -> Mapping[str, Any]:
        """The claims of an ID token (OpenID Connect Core 1.0, sections 3.1.3.7 and 12.2)."""
        claims = self._signed(proof)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self._settings.sign_in_client_id not in audiences or not claims.get("sub"):
            raise SignInRefused("the ID token is not for the portal")
        if not is_issuer(claims.get("iss"), self._settings.issuer):
            raise SignInRefused("the ID token is of another issuer")
        expires = claims.get("exp")
        over = not isinstance(expires, int | float) or expires + CLOCKS_APART <= time.time()
        if over and not renewed:
            raise SignInRefused("the ID token has expired")
        if nonce is not None and claims.get("nonce") != nonce:
            raise SignInRefused("the ID token answers another sign-in")
        return claims

    def _signed(self, proof: str) -> Mapping[str, Any]:
        for fresh in (False, True):
            try:
                return dict(jwt.decode(proof, self._keys.keys(fresh=fresh), ALGORITHMS).claims)
            except (JoseError, ValueError):
                continue
        raise SignInRefused("the ID token is not genuine")

    def _endpoint(self, name: str) -> str:
        found = self._told().get(name)
        if not isinstance(found, str):
            raise IssuerUnreachable
        return found

    def _told(self) -> Mapping[str, Any]:
        with self._lock:
            if time.monotonic() - self._read < METADATA_KEPT and self._metadata:
                return self._metadata
            try:
                answer = httpx.get(
                    self._settings.metadata_url, timeout=5.0, verify=system_authorities()
                )
                told = answer.raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                raise IssuerUnreachable from error
            if not isinstance(told, dict) or not is_issuer(
                told.get("issuer"), self._settings.issuer
            ):
                raise IssuerUnreachable
            self._metadata, self._read = told, time.monotonic()
            return self._metadata
