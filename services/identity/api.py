"""The issuer's HTTP interface, under /identity."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from services.identity.discovery import issuer_metadata, smart_configuration
from services.identity.keys import SigningKeys
from services.identity.settings import IdentitySettings
from services.identity.tokens import FORM, TokenEndpoint
from shared import problems
from shared.problems import Problem

MAX_BODY = 64 * 1024
"""Bytes of a token request; an assertion takes one or two thousand."""

PUBLIC = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""For public documents: verifiers and browser apps of any origin read them, and may keep them as
long as `SigningKeys.rotate` allows for."""

_REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused (RFC 6749, section 5.2); a problem where it is no OAuth error",
        "content": {"application/json": {}, problems.MEDIA_TYPE: {}},
    }
}

_TOKEN_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "scope": {"type": "string"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                        "client_assertion_type": {"type": "string"},
                        "client_assertion": {"type": "string"},
                    },
                }
            }
        },
    }
}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Problem(
                413, "The request is too large", f"A token request has {MAX_BODY} bytes at most."
            )
    return bytes(body)


def routes(settings: IdentitySettings, endpoint: TokenEndpoint, keys: SigningKeys) -> APIRouter:
    """The router; all of it is public, since it is here that callers get what opens the rest."""
    router = APIRouter(tags=["identity"])

    @router.post("/identity/token", openapi_extra=_TOKEN_REQUEST, responses=_REFUSED)
    def token(request: Request, body: Annotated[bytes, Depends(_body)]) -> JSONResponse:
        """Issue an access token (RFC 6749 section 4.4, SMART Backend Services)."""
        return endpoint.answer(
            body,
            content_type=request.headers.get("content-type", ""),
            authorization=request.headers.get("authorization"),
            query=request.url.query,
        )

    @router.get("/identity/jwks.json")
    def jwks() -> JSONResponse:
        """The public keys that verify the tokens (RFC 7517)."""
        return JSONResponse(keys.published(), headers=PUBLIC)

    def metadata() -> JSONResponse:
        """What the issuer is and can do."""
        return JSONResponse(issuer_metadata(settings.issuer), headers=PUBLIC)

    for path in _metadata_paths(settings.issuer):
        router.add_api_route(path, metadata, methods=["GET"])

    @router.get("/identity/.well-known/smart-configuration")
    def smart() -> JSONResponse:
        """The same for SMART clients, which look for it at the FHIR base as well."""
        return JSONResponse(smart_configuration(settings.issuer), headers=PUBLIC)

    return router


def _metadata_paths(issuer: str) -> list[str]:
    """Where clients look: OpenID Connect appends to the issuer, RFC 8414 section 3.1 inserts."""
    return [
        "/identity/.well-known/openid-configuration",
        "/identity/.well-known/oauth-authorization-server",
        f"/.well-known/oauth-authorization-server{urlsplit(issuer).path}",
    ]
