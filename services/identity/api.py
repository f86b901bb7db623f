"""The issuer's HTTP interface, under /identity."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from services.identity.body import bounded
from services.identity.discovery import issuer_metadata
from services.identity.keys import SigningKeys
from services.identity.oauth_request import FORM
from services.identity.server import Endpoint, OAuthServer
from services.identity.settings import IdentitySettings
from shared import problems
from shared.smart import smart_configuration

PUBLIC = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""For public documents: verifiers and browser apps of any origin read them, and may keep them as
long as `SigningKeys.rotate` allows for."""

SMART_PATHS = (
    "/identity/.well-known/smart-configuration",
    "/.well-known/smart-configuration",
)
"""Below the issuer's address, and for who begins at the root (RFC 8615)."""

_REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused (RFC 6749, section 5.2); a problem where it is no OAuth error",
        "content": {"application/json": {}, problems.MEDIA_TYPE: {}},
    }
}

_PROOF = {
    name: {"type": "string"}
    for name in ("client_id", "client_secret", "client_assertion_type", "client_assertion")
}
"""How a client proves itself in the form; or it does so by HTTP Basic."""


def _form(required: str, **fields: dict[str, Any]) -> dict[str, Any]:
    """What an OpenAPI document says of a posted form."""
    schema = {"type": "object", "required": [required], "properties": fields | _PROOF}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


_TOKEN_REQUEST = _form(
    "grant_type", grant_type={"const": "client_credentials"}, scope={"type": "string"}
)
_ABOUT_A_TOKEN = _form("token", token={"type": "string"}, token_type_hint={"type": "string"})


def routes(settings: IdentitySettings, server: OAuthServer, keys: SigningKeys) -> APIRouter:
    """The router; all of it is public, since it is here that callers get what opens the rest.

    Introspection and revocation are for registered clients, who prove themselves in the request.
    """
    router = APIRouter(tags=["identity"])

    def answer(endpoint: Endpoint, request: Request, body: bytes) -> JSONResponse:
        return server.answer(
            endpoint,
            body,
            content_type=request.headers.get("content-type", ""),
            authorization=request.headers.get("authorization"),
            query=request.url.query,
        )

    @router.post("/identity/token", openapi_extra=_TOKEN_REQUEST, responses=_REFUSED)
    def token(request: Request, body: Annotated[bytes, Depends(bounded)]) -> JSONResponse:
        """Issue an access token (RFC 6749 section 4.4, SMART Backend Services)."""
        return answer("token", request, body)

    @router.post("/identity/introspect", openapi_extra=_ABOUT_A_TOKEN, responses=_REFUSED)
    def introspect(request: Request, body: Annotated[bytes, Depends(bounded)]) -> JSONResponse:
        """Whether a token still holds, and what it says (RFC 7662)."""
        return answer("introspection", request, body)

    @router.post("/identity/revoke", openapi_extra=_ABOUT_A_TOKEN, responses=_REFUSED)
    def revoke(request: Request, body: Annotated[bytes, Depends(bounded)]) -> JSONResponse:
        """End a token before it expires (RFC 7009)."""
        return answer("revocation", request, body)

    @router.get("/identity/jwks.json")
    def jwks() -> JSONResponse:
        """The public keys that verify the tokens (RFC 7517)."""
        return JSONResponse(keys.published(), headers=PUBLIC)

    def metadata() -> JSONResponse:
        """What the issuer is and can do."""
        return JSONResponse(issuer_metadata(settings.issuer), headers=PUBLIC)

    for path in _metadata_paths(settings.issuer):
        router.add_api_route(path, metadata, methods=["GET"])

    def smart() -> JSONResponse:
        """The same for SMART clients, which look for it at the FHIR base as well."""
        told = smart_configuration(issuer_metadata(settings.issuer))
        return JSONResponse(told, headers=PUBLIC)

    for path in SMART_PATHS:
        router.add_api_route(path, smart, methods=["GET"])

    return router


def _metadata_paths(issuer: str) -> list[str]:
    """Where clients look: OpenID Connect appends to the issuer, RFC 8414 section 3.1 inserts."""
    return [
        "/identity/.well-known/openid-configuration",
        "/identity/.well-known/oauth-authorization-server",
        f"/.well-known/oauth-authorization-server{urlsplit(issuer).path}",
    ]
