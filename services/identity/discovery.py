"""Documents by which software finds the issuer and learns what it can do."""

from typing import Any

from services.identity.assertions import ALGORITHMS as ASSERTION_ALGORITHMS
from services.identity.keys import ALGORITHM
from services.identity.tokens import AUTH_METHODS

SCOPES = ("system/*.cruds", "system/*.rs", "system/*.read", "system/*.write")
"""Recommended scopes; a client gets those that it is registered for, of any FHIR type."""


def issuer_metadata(issuer: str) -> dict[str, Any]:
    """The issuer's metadata: OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2.

    Nobody signs in here yet, so there is no authorization endpoint and no response type.

    Args:
        issuer: the issuer's address, without a trailing slash.
    """
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "scopes_supported": list(SCOPES),
    }


def smart_configuration(issuer: str) -> dict[str, Any]:
    """What stands at `[FHIR base]/.well-known/smart-configuration` (SMART App Launch 2.2).

    Args:
        issuer: the issuer's address, without a trailing slash.
    """
    metadata = issuer_metadata(issuer)
    shared = (
        "issuer",
        "token_endpoint",
        "jwks_uri",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "scopes_supported",
    )
    return {name: metadata[name] for name in shared} | {
        "code_challenge_methods_supported": ["S256"],
        "capabilities": [
            "client-confidential-asymmetric",
            "client-confidential-symmetric",
            "permission-v1",
            "permission-v2",
        ],
    }
