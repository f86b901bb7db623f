"""Who may change what identity keeps: a token that still holds, asked of it each time."""

from collections.abc import Callable

from fastapi import Request
from fastapi.responses import JSONResponse

from services.identity.issued import IssuedToken, IssuedTokens
from shared.auth import bearer_of
from shared.problems import Problem


class OAuthProblem(Problem):
    """A refusal in OAuth's JSON form (RFC 6749 section 5.2).

    Args:
        status: the HTTP status.
        error: its code.
        words: for a developer; what RFC 6749 does not allow in a description is left out.
        headers: to send with it.
    """

    def __init__(
        self, status: int, error: str, words: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, error, headers=headers)
        allowed = (c for c in words if " " <= c <= "~" and c not in '"\\')
        self.body = {"error": error, "error_description": "".join(allowed)}

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        return JSONResponse(self.body, self.status, headers=self.headers)


def administrator(issued: IssuedTokens, *scopes: str) -> Callable[[Request], IssuedToken]:
    """A dependency that admits whoever holds one of `scopes` at this moment.

    A signature is not enough here: with a token that was revoked, or whose client was changed
    since, nobody may make himself another client.

    Raises:
        OAuthProblem: 401 or 403, with the header of RFC 6750 section 3.
    """

    def admitted(request: Request) -> IssuedToken:
        token = bearer_of(request.headers)
        if token is None:
            raise _unauthorised("Send an access token: Authorization: Bearer <token>.", "Bearer")
        found = issued.find(token)
        if found is None:
            raise _unauthorised(
                "The access token does not hold: get a new one.", 'Bearer error="invalid_token"'
            )
        if not found.scopes.intersection(scopes):
            challenge = f'Bearer error="insufficient_scope", scope="{scopes[0]}"'
            raise OAuthProblem(
                403,
                "insufficient_scope",
                f"This needs the scope {' or '.join(scopes)}.",
                headers={"WWW-Authenticate": challenge},
            )
        return found

    return admitted


def _unauthorised(words: str, challenge: str) -> OAuthProblem:
    return OAuthProblem(401, "invalid_token", words, headers={"WWW-Authenticate": challenge})
