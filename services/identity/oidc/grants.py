"""What the token endpoint grants to clients with people: codes and refresh tokens in, tokens out.

Authlib's own grants are not used beyond the authentication of the client: they write whole tokens
to the log, and check, issue and use up in separate steps.
"""

import re
from typing import Any, ClassVar

import structlog
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped, unused-ignore]
    BaseGrant,
    TokenEndpointMixin,
)

from services.identity import scopes
from services.identity.authentication import METHODS
from services.identity.clients import Client
from services.identity.oidc.families import Families, NotGranted, Redeemed
from services.identity.oidc.id_tokens import IdTokens

log = structlog.get_logger(__name__)

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 section 4.1."""

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class _OfPeople(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """What both grants have in common; `families` and `id_tokens` are the server's."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def validate_token_request(self) -> None:
        """Let the client prove who it is.

        Raises:
            UnauthorizedClientError: nobody signs in for it.
        """
        client: Client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered with a redirect_uri.")
        self.request.client = client

    def _field(self, name: str) -> str:
        value: str | None = self.request.form.get(name)
        if value is None:
            message = f"{name} is missing."
            raise InvalidRequestError(message)
        return value

    def _answered(self, redeemed: Redeemed, scope: str) -> Answer:
        token = self.generate_token(
            user=redeemed.actor, scope=scope, include_refresh_token=False
        ) | {"refresh_token": redeemed.refresh_token}
        if "openid" in scope.split():
            id_tokens: IdTokens = self.server.id_tokens
            token["id_token"] = id_tokens.signed(
                redeemed.actor, self.client.client_id, scope=scope, nonce=redeemed.nonce
            )
        log.info(
            "token.issued",
            client_id=self.client.client_id,
            account=str(redeemed.actor.account),
            scope=scope,
        )
        return 200, token, self.TOKEN_RESPONSE_HEADER

    @property
    def _families(self) -> Families:
        families: Families = self.server.families
        return families


class CodeGrant(_OfPeople):
    """RFC 6749 section 4.1.3, with PKCE for every client (RFC 9700 section 2.1.1)."""

    GRANT_TYPE = "authorization_code"

    def create_token_response(self) -> Answer:
        """Redeem the code.

        Raises:
            InvalidRequestError: a field is missing, or the verifier is none.
            InvalidGrantError: the code gives nothing.
        """
        code, verifier = self._field("code"), self._field("code_verifier")
        redirect_uri = self._field("redirect_uri")
        if not _VERIFIER.fullmatch(verifier):
            raise InvalidRequestError("The code_verifier must be as RFC 7636 section 4.1 says.")
        try:
            redeemed = self._families.redeem(
                code,
                client_id=self.client.client_id,
                redirect_uri=redirect_uri,
                verifier=verifier,
            )
        except NotGranted as error:
            raise InvalidGrantError("The code gives nothing.") from error
        return self._answered(redeemed, redeemed.actor.scope)


class RefreshGrant(_OfPeople):
    """RFC 6749 section 6, with a new refresh token each time."""

    GRANT_TYPE = "refresh_token"

    def create_token_response(self) -> Answer:
        """Redeem the refresh token.

        Raises:
            InvalidRequestError: it is missing.
            InvalidGrantError: it gives nothing.
            InvalidScopeError: more is asked for than was granted.
        """
        token = self._field("refresh_token")
        held = self._families.of_refresh_token(token)
        requested = self.request.form.get("scope")
        if held is not None and requested is not None:
            try:
                scopes.negotiate(requested, held[0].scope.split())
            except scopes.ScopeRefused as refused:
                raise InvalidScopeError(str(refused)) from refused
        try:
            redeemed = self._families.refresh(token, client_id=self.client.client_id)
        except NotGranted as error:
            raise InvalidGrantError("The refresh token gives nothing.") from error
        return self._answered(redeemed, requested or redeemed.actor.scope)
