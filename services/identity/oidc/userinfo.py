"""The UserInfo endpoint: who acts with a token (OpenID Connect Core 1.0 section 5.3)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.identity.administrators import OAuthProblem, administrator
from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.oidc.families import Families, identity_claims

_REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused (RFC 6750 section 3.1)", "content": {"application/json": {}}}
}


def userinfo_routes(issued: IssuedTokens, families: Families) -> APIRouter:
    """The router.

    Args:
        issued: tells whose token still holds.
        families: tells for whom it acts.
    """
    router = APIRouter(tags=["identity"])
    holds = Depends(administrator(issued, "openid"))

    def userinfo(token: Annotated[IssuedToken, holds]) -> JSONResponse:
        """Who acts with the token, as much as its scope allows."""
        actor = families.actor_of(token.family) if token.family else None
        if actor is None:
            raise OAuthProblem(403, "insufficient_scope", "No person acts with this token.")
        scope = str(token.claims.get("scope") or "")
        return JSONResponse(identity_claims(actor, scope), headers={"Cache-Control": "no-store"})

    for method in ("GET", "POST"):
        router.add_api_route(
            "/identity/userinfo",
            userinfo,
            methods=[method],
            responses=_REFUSED,
            operation_id=f"userinfo_{method.lower()}",
        )
    return router
