"""Introspection: what a token is, for those who may know (RFC 7662)."""

from typing import Any

from authlib.oauth2.rfc7662 import (  # type: ignore[import-untyped, unused-ignore]
    IntrospectionEndpoint,
)

from services.identity.about_tokens import AboutTokens
from services.identity.clients import Client
from services.identity.issued import IssuedToken
from services.identity.oauth_request import OAuthRequest

SCOPE = "tokens.introspect"
"""Registered for it, a client may ask about everybody's tokens: a resource server."""

_TOLD = (
    "iss",
    "sub",
    "aud",
    "client_id",
    "scope",
    "exp",
    "iat",
    "jti",
    "organisation",
    "roles",
    "name",
    "auth_time",
    "sid",
)


class Introspection(AboutTokens, IntrospectionEndpoint):  # type: ignore[misc]
    """Tells a client of its own tokens, and a resource server of all.

    Everybody else hears that a token is not active, as of one that never was: the endpoint is no
    place to try out tokens that were found (RFC 7662 sections 2.2 and 4).
    """

    def check_permission(self, token: IssuedToken, client: Client, _request: OAuthRequest) -> bool:
        """Whether that client may know."""
        return token.check_client(client) or SCOPE in client.scopes

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """What is told; SMART App Launch 2.2 (Token Introspection) asks for the first of these."""
        told = {name: token.claims[name] for name in _TOLD if name in token.claims}
        return {"active": True, "token_type": "bearer"} | told
