"""What a FHIR server says of sign-in, whoever issues the tokens (SMART App Launch 2.2)."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from shared.auth import is_issuer
from shared.problems import Problem
from shared.settings import ServiceSettings
from shared.trust import system_authorities

log = structlog.get_logger(__name__)

PUBLIC = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""Browser apps of any origin read it, and may keep it for a while."""

_OF_THE_ISSUER = (
    "issuer",
    "jwks_uri",
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "registration_endpoint",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "scopes_supported",
)
_ASYMMETRIC = frozenset(["RS384", "ES384"])
_OAUTH_URIS = {
    "token": "token_endpoint",
    "register": "registration_endpoint",
    "introspect": "introspection_endpoint",
    "revoke": "revocation_endpoint",
}
_KEEP = 300.0
_PAUSE = 2.0
"""Seconds for which the issuer's metadata is used, and between two attempts to get it."""


def smart_configuration(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The SMART document that fits an issuer's metadata.

    Nobody signs in to launch an app here, so no authorization endpoint is told, whatever the
    issuer has; and nothing is told of the issuer that it does not say itself.

    Args:
        metadata: the issuer's own (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).
    """
    methods = _strings(metadata, "token_endpoint_auth_methods_supported")
    algorithms = _strings(metadata, "token_endpoint_auth_signing_alg_values_supported")
    grants = _strings(metadata, "grant_types_supported")
    capabilities = []
    if "private_key_jwt" in methods and _ASYMMETRIC & algorithms:
        capabilities.append("client-confidential-asymmetric")
    if methods & {"client_secret_basic", "client_secret_post"}:
        capabilities.append("client-confidential-symmetric")
    return {name: metadata[name] for name in _OF_THE_ISSUER if name in metadata} | {
        "grant_types_supported": [each for each in ("client_credentials",) if each in grants],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": [*capabilities, "permission-v1", "permission-v2"],
    }


def _strings(metadata: Mapping[str, Any], name: str) -> set[str]:
    values = metadata.get(name)
    return {each for each in values if isinstance(each, str)} if isinstance(values, list) else set()


class SmartDiscovery:
    """The document for whichever issuer the settings name, from what that issuer publishes.

    Args:
        settings: name the issuer and where its metadata is.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._issuer = settings.issuer
        self._url = settings.metadata_url
        self._lock = threading.Lock()
        self._tried = float("-inf")
        self._document: dict[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """The document; the one of last time while the issuer does not answer.

        Raises:
            Problem: 503 while nothing is known of the issuer.
        """
        with self._lock:
            age = time.monotonic() - self._tried
            if age > (_KEEP if self._document else _PAUSE):
                self._tried = time.monotonic()
                self._fetch()
            if self._document is None:
                raise Problem(
                    503,
                    "How to sign in cannot be told just now",
                    "The identity service cannot be reached. Try again in a moment.",
                    headers={"Retry-After": "5"},
                )
            return self._document

    def oauth_uris(self) -> dict[str, str]:
        """Where to go for tokens, by the names that SMART App Launch 1.0 has for a
        CapabilityStatement's extension; nothing while the issuer does not answer.
        """
        try:
            document = self.document()
        except Problem:
            return {}
        return {
            name: document[endpoint]
            for name, endpoint in _OAUTH_URIS.items()
            if isinstance(document.get(endpoint), str)
        }

    def _fetch(self) -> None:
        try:
            answer = httpx.get(self._url, timeout=5.0, verify=system_authorities())
            answer.raise_for_status()
            metadata = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            log.warning("smart.metadata_not_fetched", error=type(error).__name__)
            return
        # Whoever answers there must be the issuer whose tokens are accepted here, or clients would
        # be sent elsewhere with their secrets (OpenID Connect Discovery 1.0 section 4.3).
        if not isinstance(metadata, dict) or not is_issuer(metadata.get("issuer"), self._issuer):
            log.warning("smart.metadata_of_another_issuer")
            return
        self._document = smart_configuration(metadata)


def smart_routes(discovery: SmartDiscovery, base: str) -> APIRouter:
    """A router with the document of a FHIR server; public, as SMART demands.

    Args:
        discovery: has the document.
        base: the path of the FHIR server, such as `/fhir`.
    """
    router = APIRouter(tags=["SMART"])

    @router.get(f"{base}/.well-known/smart-configuration")
    def smart() -> JSONResponse:
        """How a SMART client gets a token; JSON whatever it accepts."""
        return JSONResponse(discovery.document(), headers=PUBLIC)

    return router
