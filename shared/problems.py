"""Errors outside FHIR: RFC 9457 problem details that name the element and leak nothing."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.misfits import in_words

MEDIA_TYPE = "application/problem+json"

MOST_ERRORS = 100
"""Of one request that are told: a hostile body could have a million."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}|[a-z]+(?:-[a-z]+)*|[0-9]{1,4}")


DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "element": {"type": "string"},
                    },
                }
            }
        },
    }
    for status, description in (
        ("4XX", "Refused, in words, naming the element at fault"),
        ("5XX", "A failure on our side; nothing was half stored"),
    )
}
"""What an OpenAPI document says of every operation's errors."""


class Problem(Exception):
    """A refusal in words, sent as `application/problem+json` (RFC 9457, section 3).

    Args:
        status: the HTTP status.
        title: what kind of problem this is; the same words for every occurrence.
        detail: what is wrong this time and what to do next; never holds personal data.
        element: the field, parameter or header that is at fault.
        headers: HTTP headers to send with it, such as `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        element: str | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{status} {title}")
        self.status = status
        self.title = title
        self.detail = detail
        self.element = element
        self.headers = headers or {}
        self.members = members

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        body: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.element:
            body["element"] = self.element
        return JSONResponse(
            body | self.members, self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def install(app: FastAPI) -> None:
    """Make every error that `app` answers a problem."""

    @app.exception_handler(Problem)
    def problem(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        headers = dict(error.headers or {})
        detail = error.detail if error.detail != title else _instead(headers)
        return Problem(error.status_code, title, detail, headers=headers).response()

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # pydantic's own errors repeat the input, which may hold personal data: only where and why.
        errors = [
            {
                "element": ".".join(shown(str(part)) for part in each["loc"]),
                "detail": _of_body(each) or in_words(each),
            }
            for each in error.errors()[:MOST_ERRORS]
        ]
        return Problem(
            422,
            "The request does not fit this endpoint",
            errors[0]["detail"],
            element=errors[0]["element"],
            errors=errors,
        ).response()


def _instead(headers: dict[str, str]) -> str:
    """What to send to an address that does not take what was sent."""
    allowed = headers.get("allow") or headers.get("Allow")
    return f"This address takes {allowed}: send it that way." if allowed else ""


def _of_body(error: dict[str, Any]) -> str | None:
    """What to do about a body as a whole, of which pydantic speaks as of any other field."""
    if error["type"] == "json_invalid":
        return f"The body is not valid JSON (character {error['loc'][-1]}): mend it there."
    if error["loc"] == ("body",) and error["type"] == "missing":
        return "The body is missing: send JSON, with Content-Type: application/json."
    return None


def shown(name: str) -> str:
    """A field's name for an answer; what looks like none is the sender's own text: `?`."""
    return name if _NAME.fullmatch(name) else "?"


def unexpected() -> Problem:
    """What a client hears of an error that nobody foresaw; the log knows more, by request id."""
    return Problem(
        500,
        "Something went wrong on our side",
        "Nothing was changed. Try again; if it stays, tell the operator the request id.",
    )


def database_away() -> Problem:
    """What a client hears while the database cannot be reached; nothing was half stored."""
    return Problem(
        503,
        "Kersey cannot reach its records just now",
        "Nothing was changed. Try again in a moment.",
        headers={"Retry-After": "5"},
    )


def took_too_long() -> Problem:
    """What a client hears of a request that the database gave up; all of it was undone."""
    return Problem(
        503,
        "This took too long",
        "Nothing was changed. Try again in a moment; if it stays, ask for less at once.",
        headers={"Retry-After": "5"},
    )


def stopping() -> Problem:
    """What a client hears whose request a stop of this process waited for as long as it may.

    What was begun goes on in its thread, so it may have been done.
    """
    return Problem(
        503,
        "Kersey is being restarted",
        "It may have been done all the same: look before you send it again.",
        headers={"Retry-After": "5"},
    )
