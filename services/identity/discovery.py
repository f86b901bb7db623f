"""Documents by which software finds the issuer and learns what it can do."""

from typing import Any

from services.identity.assertions import ALGORITHMS as ASSERTION_ALGORITHMS
from services.identity.authentication import METHODS
from services.identity.clients import PEOPLE_GRANTS
from services.identity.grants import SIGN_IN
from services.identity.keys import ALGORITHM

SCOPES = ("system/*.cruds", "system/*.rs", "system/*.read", "system/*.write")
"""Recommended scopes; a client gets those that it is registered for, of any FHIR type."""


CLAIMS = (
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "amr",
    "nonce",
    "sid",
    "name",
    "email",
    "email_verified",
    "organisation",
    "organisation_name",
    "roles",
)
"""What an id token may say; the last three are Kersey's own."""


def issuer_metadata(issuer: str) -> dict[str, Any]:
    """The issuer's metadata: OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2.

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
        "authorization_endpoint": f"{issuer}/authorize",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "end_session_endpoint": f"{issuer}/end-session",
        "jwks_uri": f"{issuer}/jwks.json",
        "grant_types_supported": ["client_credentials", *PEOPLE_GRANTS],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "select_account"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
        "claims_supported": list(CLAIMS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "scopes_supported": [*SCOPES, *SIGN_IN],
    } | proofs
