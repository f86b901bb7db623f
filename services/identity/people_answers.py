"""What the addresses of people's accounts share: who is admitted and how far they see, what is told
and refused."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import Engine

from services.identity.administrators import OAuthProblem, administrator
from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.people import accounts, looking, own_people
from services.identity.people.accounts import AccountRefused, NoSuchAccount
from services.identity.people.own_people import NoSuchOrganisation
from services.identity.people.sight import EVERYBODY, Sight
from services.identity.tables import Membership, PersonAccount
from shared.problems import Problem

PATH = "/identity/people"
MOST = 100
"""Accounts of one page, and names asked for at once."""

READ = ("people.read", "people.write")
WRITE = ("people.write",)
OWN = "people.organisation"
"""Both, of the people of one's own organisation."""


@dataclass(frozen=True)
class Desk:
    """An administrator at work.

    Attributes:
        subject: who it is.
        sight: whose accounts they see.
    """

    subject: str
    sight: Sight


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


def desk(issued: IssuedTokens, *scopes: str) -> Callable[[Request], Desk]:
    """Admits administrators: for everybody with one of `scopes`, else for their own organisation.

    Args:
        issued: tells whose token still holds.
        scopes: `READ` or `WRITE`.
    """
    inner = holder(issued, *scopes, OWN)

    def admitted(request: Request) -> Desk:
        token = inner(request)
        if token.scopes.intersection(scopes):
            return Desk(token.subject, EVERYBODY)
        try:
            return Desk(token.subject, Sight(UUID(str(token.claims.get("organisation")))))
        except ValueError as error:
            detail = "The token names no organisation."
            raise Problem(403, "Not allowed", detail, element="organisation") from error

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
    except NoSuchOrganisation as error:
        raise Problem(
            404, "No such organisation", "There is no organisation by that id."
        ) from error
    except AccountRefused as refused:
        raise Problem(
            422, "This cannot be done", f"{refused}.", element=refused.element
        ) from refused


def told(engine: Engine, rows: Sequence[PersonAccount], sight: Sight) -> list[dict[str, Any]]:
    """Accounts as an administrator sees them; of what they are, no more than their organisation's
    has to know."""
    keys = [each.id for each in rows]
    held, waiting = accounts.memberships(engine, keys), looking.invitations(engine, keys)
    return [_one(each, held[each.id], waiting.get(each.id), sight) for each in rows]


def _one(
    row: PersonAccount, all_held: Sequence[Membership], waiting: datetime | None, sight: Sight
) -> dict[str, Any]:
    held = [each for each in all_held if sight.organisation in (None, each.organisation)]
    shut = sight.organisation is not None and any(each.locked for each in held)
    places: dict[str, dict[str, Any]] = {}
    for each in held:
        place = places.setdefault(
            str(each.organisation),
            {
                "organisation": str(each.organisation),
                "name": each.organisation_name,
                "roles": [],
                "locked": each.locked,
            },
        )
        place["roles"].append(each.role)
    return {
        "id": str(row.id),
        "email": row.email,
        "name": row.name,
        "state": "disabled" if shut else row.state,
        "demo": row.demo,
        "created": row.created.isoformat() if row.created else None,
        "invitation_ends": waiting.isoformat() if waiting else None,
        "organisations": list(places.values()),
    }


def history(engine: Engine, account: UUID, sight: Sight) -> dict[str, Any]:
    """The latest sign-ins to an account, and what was done with it.

    The administrator of one organisation is told no sign-ins of somebody who acts for another too:
    they may have been for that one.
    """
    held = accounts.memberships(engine, [account])[account]
    elsewhere = own_people.is_elsewhere(held, sight)
    signed = [] if elsewhere else accounts.sign_ins(engine, account)
    done = own_people.told_of(accounts.acts(engine, account), sight, elsewhere=elsewhere)
    return {
        "sign_ins": [
            {
                "at": each.at.isoformat() if each.at else None,
                "outcome": each.outcome,
                "address": each.address,
                "browser": each.browser,
            }
            for each in signed
        ],
        "acts": [
            {
                "at": each.at.isoformat() if each.at else None,
                "act": each.act,
                "by": each.by,
                "detail": each.detail,
            }
            for each in done
        ],
    }


def no_store(body: dict[str, Any], status: int = 200) -> JSONResponse:
    """An answer that no cache keeps."""
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
