"""Documents by which software finds the issuer and learns what it can do."""

from typing import Any

from services.identity.assertions import ALGORITHMS as ASSERTION_ALGORITHMS
from services.identity.authentication import METHODS
from services.identity.keys import ALGORITHM

SCOPES = ("system/*.cruds", "system/*.rs", "system/*.read", "system/*.write")
"""Recommended scopes; a client gets those that it is registered for, of any FHIR type."""


def issuer_metadata(issuer: str) -> dict[str, Any]:
    """The issuer's metadata: OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2.

    Nobody signs in here yet, so there is no authorization endpoint and no response type.

    Args:
        issuer: the issuer's address, without a trailing slash.
    """
    by = {
        "auth_methods_supported": list(METHODS),
        "auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
    }
    proofs = {
        f"{endpoint}_endpoint_{name}": values
        for endpoint in ("token", "introspection", "revocation")
        for name, values in by.items()
    }
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "registration_endpoint": f"{issuer}/clients",
        "jwks_uri": f"{issuer}/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "scopes_supported": list(SCOPES),
    } | proofs
