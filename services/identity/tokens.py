"""What the token endpoint grants: client credentials in, a signed access token out."""

from typing import Any, ClassVar
from uuid import uuid4

import structlog
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped, unused-ignore]
    ClientCredentialsGrant,
)
from authlib.oauth2.rfc9068 import (  # type: ignore[import-untyped, unused-ignore]
    JWTBearerTokenGenerator,
)
from joserfc import jwk

from services.identity.authentication import METHODS
from services.identity.clients import Client
from services.identity.keys import ALGORITHM, SigningKeys
from services.identity.oidc.families import Actor
from services.identity.scopes import ScopeRefused
from services.identity.settings import IdentitySettings

log = structlog.get_logger(__name__)


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749 section 4.4 with our ways of authentication."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Issue the token. Authlib's own would write it to the log."""
        try:
            token = self.generate_token(
                scope=self.request.payload.scope, include_refresh_token=False
            )
        except ScopeRefused as refused:
            raise InvalidScopeError(str(refused)) from refused
        log.info("token.issued", client_id=self.client.client_id, scope=token["scope"])
        return 200, token, self.TOKEN_RESPONSE_HEADER


class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """Access tokens as RFC 9068 says, with the claims that Kersey's services decide by.

    `organisation` is the organisation's UUID, `roles` a list.
    """

    def __init__(self, settings: IdentitySettings, keys: SigningKeys) -> None:
        super().__init__(settings.issuer, alg=ALGORITHM, expires_generator=settings.token_lifetime)
        self._audience = settings.audience
        self._keys = keys

    def get_jwks(self) -> jwk.KeySet:
        """The key to sign with; as a set, so that its `kid` goes into the header."""
        return jwk.KeySet([self._keys.current()])

    def get_audiences(self, *_: Any) -> str:
        """The one audience: all of Kersey's services."""
        return self._audience

    def get_extra_claims(
        self, client: Client, _grant_type: str, user: Actor | None, _scope: str
    ) -> dict[str, Any]:
        """On whose behalf, and as what; and as which generation of the client.

        A person is named, so that a service can keep by whom something was done (RFC 9068 section
        2.2.2 lets identity claims stand here).
        """
        if user is not None:
            return {
                "organisation": str(user.organisation),
                "roles": list(user.roles),
                "name": user.name,
                "sid": str(user.family),
                "generation": client.generation,
            }
        return {
            "organisation": str(client.organisation),
            "roles": list(client.roles),
            "generation": client.generation,
        }

    def get_auth_time(self, user: Actor | None) -> int | None:
        """When a person proved who they are."""
        return int(user.signed_in.timestamp()) if user else None

    def get_amr(self, user: Actor | None) -> list[str] | None:
        """By what they did."""
        return ["pwd", "otp", "mfa"] if user else None

    def get_jti(self, *_: Any) -> str:
        """A name for this token."""
        return str(uuid4())

    def generate(self, *args: Any, **named: Any) -> dict[str, Any]:
        """The answer, with the `token_type` in the letters of SMART Backend Services."""
        token: dict[str, Any] = super().generate(*args, **named)
        return token | {"token_type": "bearer"}
