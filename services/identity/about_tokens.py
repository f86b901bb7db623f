"""What the endpoints that are asked about a token have in common (RFC 7009, RFC 7662)."""

from typing import ClassVar

from services.identity.authentication import METHODS
from services.identity.clients import Client
from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.oauth_request import OAuthRequest


class AboutTokens:
    """Finds the token that a client names.

    Args:
        issued: the tokens of this issuer.
    """

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def __init__(self, issued: IssuedTokens) -> None:
        super().__init__()
        self._issued = issued

    def check_params(self, request: OAuthRequest, client: Client) -> None:
        """Nothing: the request is read already, and a hint may be ignored (section 2.1 of both)."""

    def query_token(self, token: str, _hint: str | None) -> IssuedToken | None:
        """The token, if it holds."""
        return self._issued.find(token) or self._issued.find_refresh(token)
