"""The OAuth server on Authlib: tokens, what becomes of them, and every refusal in one form."""

from typing import Any, Literal

import structlog
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped, unused-ignore]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    AuthorizationServer,
)
from fastapi.responses import JSONResponse
from prometheus_client import Counter

from services.identity import oauth_request
from services.identity.authentication import ClientAuthentication
from services.identity.introspection import Introspection
from services.identity.issued import IssuedTokens
from services.identity.keys import SigningKeys
from services.identity.oauth_request import OAuthRequest
from services.identity.oidc.families import Families
from services.identity.oidc.grants import CodeGrant, RefreshGrant
from services.identity.oidc.id_tokens import IdTokens
from services.identity.revocation import Revocation
from services.identity.settings import IdentitySettings
from services.identity.tokens import AccessTokens, ClientCredentials

log = structlog.get_logger(__name__)

ANSWERS = Counter(
    "kersey_identity_token_answers_total",
    "Answers of the token endpoint by outcome: `issued` or the OAuth error.",
    ["outcome"],
)

_CHALLENGE = 'Basic realm="kersey", charset="UTF-8"'


Endpoint = Literal["token", "introspection", "revocation"]
"""As RFC 8414 names them in the issuer's metadata."""


class Refused(JSONResponse):
    """An answer that is an OAuth error; `refusal` is its code."""

    def __init__(self, refusal: str, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.refusal = refusal


class OAuthServer(AuthorizationServer):  # type: ignore[misc]
    """Answers what clients post.

    Args:
        settings: the issuer's settings.
        keys: signs the tokens.
        authentication: how clients prove themselves.
        issued: what became of tokens that were issued.
        families: what became of people's sign-ins.
        id_tokens: tell clients who signed in.
    """

    def __init__(
        self,
        settings: IdentitySettings,
        *,
        keys: SigningKeys,
        authentication: ClientAuthentication,
        issued: IssuedTokens,
        families: Families,
        id_tokens: IdTokens,
    ) -> None:
        super().__init__()
        self.families = families
        self.id_tokens = id_tokens
        authentication.install(self)
        for grant in (ClientCredentials, CodeGrant, RefreshGrant):
            self.register_grant(grant)
        self.register_token_generator("default", AccessTokens(settings, keys))
        self.register_endpoint(Introspection(issued))
        self.register_endpoint(Revocation(issued))

    def answer(
        self,
        endpoint: Endpoint,
        body: bytes,
        *,
        content_type: str,
        authorization: str | None,
        query: str,
    ) -> JSONResponse:
        """Answer one request.

        Args:
            endpoint: which one was asked.
            body: what was posted.
            content_type: its media type.
            authorization: the header of that name.
            query: the address's query, in which nothing may stand.

        Returns:
            200; else the error of RFC 6749 section 5.2, 401 for `invalid_client` and 400 for all
            others.
        """
        response: JSONResponse
        try:
            request = oauth_request.read(
                body,
                content_type=content_type,
                authorization=authorization,
                query=query,
                required="grant_type" if endpoint == "token" else "token",
            )
        except OAuth2Error as error:
            response = self.handle_error_response(None, error)
        else:
            if endpoint == "token":
                response = self.create_token_response(request)
            else:
                response = self.create_endpoint_response(endpoint, request)
        if endpoint == "token":
            ANSWERS.labels(getattr(response, "refusal", "issued")).inc()
        return response

    # What Authlib asks of the framework around it:

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        """Requests come ready."""
        return request

    def send_signal(self, name: str, *args: Any, **named: Any) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]
    ) -> JSONResponse:
        """The answer as the web framework's."""
        return JSONResponse(body, status, headers=dict(headers))

    def handle_error_response(
        self, request: OAuthRequest | None, error: OAuth2Error
    ) -> JSONResponse:
        """An error with the status and headers of RFC 6749 section 5.2 and RFC 9110 section 15.5.2.

        A 401 names a way to authenticate, whichever way was tried.
        """
        status, body, headers = error()
        if error.error == "invalid_client":
            status, headers = 401, [*headers, ("WWW-Authenticate", _CHALLENGE)]
        if error.error == "unsupported_grant_type":  # Authlib's words repeat what was sent
            body["error_description"] = "The grant_type is not supported."
        client = request.client if request else None
        # What is said of a scope quotes it, and a client may have put anything there.
        quotes = error.error == "invalid_scope"
        log.info(
            "token.refused",
            client_id=client.client_id if client else None,
            refusal=error.error,
            reason=None if quotes else body.get("error_description"),
        )
        return Refused(error.error, body, status, headers=dict(headers))
