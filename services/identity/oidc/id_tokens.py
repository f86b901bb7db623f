"""Id tokens: who signed in, for the client that asked (OpenID Connect Core 1.0 section 2)."""

import time
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from services.identity.keys import ALGORITHM, SigningKeys
from services.identity.oidc.families import Actor, identity_claims
from services.identity.settings import IdentitySettings

_MAX_LENGTH = 16 * 1024


class IdTokens:
    """Signs id tokens, and knows its own again.

    Args:
        settings: the issuer's.
        keys: those that sign.
    """

    def __init__(self, settings: IdentitySettings, keys: SigningKeys) -> None:
        self._settings = settings
        self._keys = keys

    def signed(self, actor: Actor, client_id: str, *, scope: str, nonce: str | None) -> str:
        """An id token.

        Args:
            actor: who signed in.
            client_id: for whom it is.
            scope: what was granted.
            nonce: of the request.
        """
        now = int(time.time())
        claims: dict[str, Any] = identity_claims(actor, scope) | {
            "iss": self._settings.issuer,
            "aud": client_id,
            "iat": now,
            "exp": now + self._settings.token_lifetime,
            "auth_time": int(actor.signed_in.timestamp()),
            "amr": ["pwd", "otp", "mfa"],
            "sid": str(actor.family),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        key = self._keys.current()
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def known(self, token: str) -> dict[str, Any] | None:
        """The claims of an id token of ours, also of one that has expired: it is a hint of who is
        to be signed out (OpenID Connect RP-Initiated Logout 1.0, section 4).
        """
        if not token or len(token) > _MAX_LENGTH:
            return None
        keys = jwk.KeySet.import_key_set(self._keys.published())  # type: ignore[arg-type]
        try:
            found = jwt.decode(token, keys, [ALGORITHM])
        except (JoseError, ValueError, TypeError, RecursionError):
            return None
        ours = found.claims.get("iss") == self._settings.issuer
        if found.header.get("typ") != "JWT" or not ours or "sid" not in found.claims:
            return None
        return dict(found.claims)
