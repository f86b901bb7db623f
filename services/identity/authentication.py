"""How clients prove themselves at every endpoint: by a secret, or by a signed assertion.

Authlib's own client authentication is not used: it answers an unknown client and a wrong secret
differently, and lets what a client sent into exception messages.
"""

from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    AuthorizationServer,
    InvalidClientError,
)

from services.identity.assertions import AssertionRefused, Assertions
from services.identity.clients import Client, Clients
from services.identity.oauth_request import OAuthRequest, basic, unproven

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


class ClientAuthentication:
    """The ways; each answers None to mean: not in this way.

    Args:
        clients: the registered clients.
        assertions: verifies clients that prove themselves with a key.
    """

    def __init__(self, clients: Clients, assertions: Assertions) -> None:
        self._clients = clients
        self._assertions = assertions

    def install(self, server: AuthorizationServer) -> None:
        """Have Authlib's server ask us."""
        ways = (self._by_basic, self._by_post, self._by_assertion)
        for method, way in zip(METHODS, ways, strict=True):
            server.register_client_auth_method(method, way)

    def _by_basic(self, _: Any, request: OAuthRequest) -> Client | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        client_id, secret = basic(header)
        if request.form.get("client_id", client_id) != client_id:
            raise unproven()
        return self._proven(client_id, secret)

    def _by_post(self, _: Any, request: OAuthRequest) -> Client | None:
        secret = request.form.get("client_secret")
        if secret is None:
            return None
        return self._proven(request.form.get("client_id", ""), secret)

    def _by_assertion(self, _: Any, request: OAuthRequest) -> Client | None:
        assertion = request.form.get("client_assertion")
        if assertion is None:
            return None
        try:
            return self._assertions.verify(assertion, client_id=request.form.get("client_id"))
        except AssertionRefused as refused:
            raise InvalidClientError(refused.words) from refused

    def _proven(self, client_id: str, secret: str) -> Client:
        client = self._clients.with_secret(client_id, secret)
        if client is None:
            raise unproven()
        return client
