"""Revocation: a client ends its token before it expires (RFC 7009)."""

import structlog
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    InvalidGrantError,
)
from authlib.oauth2.rfc7009 import (  # type: ignore[import-untyped, unused-ignore]
    RevocationEndpoint,
)

from services.identity.about_tokens import AboutTokens
from services.identity.clients import Client
from services.identity.issued import IssuedToken
from services.identity.oauth_request import OAuthRequest

log = structlog.get_logger(__name__)


class Revocation(AboutTokens, RevocationEndpoint):  # type: ignore[misc]
    """Ends a client's own tokens.

    A token that does not hold is answered like one that was just ended: the client wanted no more
    than that (RFC 7009 section 2.2).
    """

    def authenticate_token(self, request: OAuthRequest, client: Client) -> IssuedToken | None:
        """The token, if it is the client's to end.

        Raises:
            InvalidGrantError: it is another's (RFC 7009 section 2.1; the code is RFC 6749's for
                what was issued to another client).
        """
        found = self.query_token(request.form["token"], None)
        if found and not found.check_client(client):
            raise InvalidGrantError("The token was issued to another client.")
        return found

    def revoke_token(self, token: IssuedToken, _request: OAuthRequest) -> None:
        """End it."""
        self._issued.revoke(token)
        log.info("token.revoked", client_id=token.client_id)
