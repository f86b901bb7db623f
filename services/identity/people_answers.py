"""What the addresses of people's accounts share: who is admitted, what is told and refused."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import Engine

from services.identity.administrators import OAuthProblem, administrator
from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.people import accounts, looking
from services.identity.people.accounts import AccountRefused, NoSuchAccount
from services.identity.tables import Membership, PersonAccount
from shared.problems import Problem

PATH = "/identity/people"
MOST = 100
"""Accounts of one page, and names asked for at once."""

READ = ("people.read", "people.write")
WRITE = ("people.write",)


def holder(issued: IssuedTokens, *scopes: str) -> Callable[[Request], IssuedToken]:
    """Admits whoever holds one of the scopes at this moment; refuses in the form of RFC 9457."""
    inner = administrator(issued, *scopes)

    def admitted(request: Request) -> IssuedToken:
        try:
            return inner(request)
        except OAuthProblem as refused:
            title = "Sign-in needed" if refused.status == 401 else "Not allowed"
            raise Problem(
                refused.status,
                title,
                str(refused.body["error_description"]),
                element="Authorization" if refused.status == 401 else "scope",
                headers=refused.headers,
            ) from refused

    return admitted


@contextmanager
def refusing() -> Iterator[None]:
    """Say in the form of RFC 9457 what cannot be done with an account.

    Raises:
        Problem: 404 or 422.
    """
    try:
        yield
    except NoSuchAccount as error:
        raise Problem(404, "No such account", "There is no account by that id.") from error
    except AccountRefused as refused:
        raise Problem(
            422, "This cannot be done", f"{refused}.", element=refused.element
        ) from refused


def told(engine: Engine, rows: Sequence[PersonAccount]) -> list[dict[str, Any]]:
    """Accounts as administrators see them."""
    keys = [each.id for each in rows]
    held, waiting = accounts.memberships(engine, keys), looking.invitations(engine, keys)
    return [_one(each, held[each.id], waiting.get(each.id)) for each in rows]


def _one(
    row: PersonAccount, held: Sequence[Membership], waiting: datetime | None
) -> dict[str, Any]:
    places: dict[str, dict[str, Any]] = {}
    for each in held:
        place = places.setdefault(
            str(each.organisation),
            {"organisation": str(each.organisation), "name": each.organisation_name, "roles": []},
        )
        place["roles"].append(each.role)
    return {
        "id": str(row.id),
        "email": row.email,
        "name": row.name,
        "state": row.state,
        "demo": row.demo,
        "created": row.created.isoformat() if row.created else None,
        "invitation_ends": waiting.isoformat() if waiting else None,
        "organisations": list(places.values()),
    }


def no_store(body: dict[str, Any], status: int = 200) -> JSONResponse:
    """An answer that no cache keeps."""
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
