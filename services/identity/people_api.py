"""Accounts of people as administrators keep them, under /identity/people.

Whoever is the administrator of one organisation has the same addresses for its people alone; what
is not theirs is answered as what is not there.
"""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.people import accounts, own_people
from services.identity.people.accounts import (
    Invited,
    Newcomer,
    Place,
)
from services.identity.people.inviting import Inviter, NotSent
from services.identity.people.sight import EVERYBODY
from services.identity.people_answers import (
    MOST,
    PATH,
    READ,
    WRITE,
    Desk,
    desk,
    history,
    holder,
    no_store,
    refusing,
    told,
)
from services.identity.people_looking_api import looking_routes
from shared.database import UnitOfWork
from shared.problems import Problem

log = structlog.get_logger(__name__)


class Invite(BaseModel):
    """Somebody to be invited."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str = Field(max_length=320)
    name: str = Field(max_length=200)
    organisation: UUID
    organisation_name: str = Field(max_length=200)
    roles: tuple[str, ...] = Field(min_length=1, max_length=10)


class Roles(BaseModel):
    """What somebody is to one organisation."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    organisation_name: str = Field(default="", max_length=200)
    roles: tuple[str, ...] = Field(max_length=10)


ACTS: dict[str, tuple[Callable[..., None], Callable[..., None] | None]] = {
    "disable": (accounts.disable, own_people.lock),
    "enable": (accounts.enable, own_people.unlock),
    "sign-out": (accounts.sign_out, None),
}
"""What is done by one request: to an account, and where that is another thing, to what somebody is
to one organisation."""


def people_routes(engine: Engine, issued: IssuedTokens, inviter: Inviter, hours: int) -> APIRouter:
    """The router; all of it but the names is for administrators.

    Args:
        engine: the issuer's database.
        issued: tells whose token still holds.
        inviter: sends invitations.
        hours: for which an invitation works.
    """
    router = APIRouter(prefix=PATH, tags=["people"])
    # Before the account by its id, which would take their names for one.
    router.include_router(looking_routes(engine, issued))
    reads, writes = Depends(desk(issued, *READ)), Depends(desk(issued, *WRITE))

    def sent(invited: Invited) -> None:
        try:
            inviter.send(invited)
        except NotSent as error:
            raise Problem(
                502,
                "The invitation did not go out",
                f"{error}. The account is there: invite it again.",
                account=str(invited.account),
            ) from error

    def changed(at: Desk, account: UUID) -> dict[str, Any]:
        """An account after what was done, also if it is nobody of theirs any more."""
        (body,) = told(engine, [accounts.one(engine, account, EVERYBODY)], at.sight)
        return body

    @router.get("")
    def list_people(
        at: Annotated[Desk, reads],
        after: Annotated[str, Query(max_length=320, pattern=r"^[^\x00]*$")] = "",
        count: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    ) -> JSONResponse:
        """The accounts by e-mail address; the last one's is the `after` of the next page."""
        return no_store(
            {
                "people": told(
                    engine,
                    accounts.listed(engine, after=after, count=count, sight=at.sight),
                    at.sight,
                )
            }
        )

    @router.post("", status_code=201)
    def invite(at: Annotated[Desk, writes], body: Invite) -> JSONResponse:
        """Make an account and send its person a link to set a password and a second factor."""
        newcomer = Newcomer(
            body.email, body.name, Place(body.organisation, body.organisation_name), body.roles
        )
        with refusing(), UnitOfWork(engine) as uow:
            newcomer = own_people.check_newcomer(uow, at.sight, newcomer)
            invited = accounts.invite(uow, newcomer, by=at.subject, hours=hours)
            uow.commit()
        sent(invited)
        return no_store(changed(at, invited.account), 201)

    @router.get("/names")
    def names(
        _: Annotated[IssuedToken, Depends(holder(issued, "openid"))],
        id: Annotated[list[UUID], Query(min_length=1, max_length=MOST)],  # noqa: A002
    ) -> JSONResponse:
        """The names of colleagues by the ids under which services keep who did what.

        For everybody who is signed in: whoever works on a case sees who else did, by name.
        """
        found = accounts.names(engine, id)
        return no_store({"names": {str(key): name for key, name in found.items()}})

    @router.get("/colleagues")
    def colleagues(
        by: Annotated[IssuedToken, Depends(holder(issued, "openid"))],
    ) -> JSONResponse:
        """Who may act for one's own organisation, to give work to; for everybody of it."""
        own = by.claims.get("organisation")
        found = accounts.colleagues(engine, UUID(str(own))) if own else {}
        return no_store(
            {
                "colleagues": [
                    {"id": str(key), "name": name, "roles": roles}
                    for key, (name, roles) in found.items()
                ]
            }
        )

    @router.get("/{account}")
    def read(at: Annotated[Desk, reads], account: UUID) -> JSONResponse:
        """One account, its latest sign-ins, and what was done with it."""
        with refusing():
            (body,) = told(engine, [accounts.one(engine, account, at.sight)], at.sight)
        return no_store(body | history(engine, account, at.sight))

    @router.put("/{account}/organisations/{organisation}")
    def change_roles(
        at: Annotated[Desk, writes], account: UUID, organisation: UUID, body: Roles
    ) -> JSONResponse:
        """What somebody is to an organisation from now on; their tokens end by it."""
        _others(at, account, "roles")
        place = Place(organisation, body.organisation_name)
        with refusing(), UnitOfWork(engine) as uow:
            place = own_people.check_roles(uow, at.sight, account, place, body.roles)
            accounts.change_roles(uow, account, place, body.roles, by=at.subject)
            uow.commit()
        return no_store(changed(at, account))

    @router.post("/{account}/invitation", status_code=204)
    def invite_again(at: Annotated[Desk, writes], account: UUID) -> Response:
        """Send a new link, to set password and second factor anew. Those before it end."""
        with refusing(), UnitOfWork(engine) as uow:
            own_people.check_new_link(uow, at.sight, account)
            invited = accounts.invite_again(uow, account, by=at.subject, hours=hours)
            uow.commit()
        sent(invited)
        return Response(status_code=204)

    for name, (act, _) in ACTS.items():
        router.add_api_route(
            f"/{{account}}/{name}",
            _doing(engine, name, desk(issued, *WRITE)),
            methods=["POST"],
            status_code=204,
            operation_id=f"people_{name.replace('-', '_')}",
            summary=(act.__doc__ or "").partition("\n")[0],
        )
    router.add_api_route(
        "/organisations/{organisation}",
        _counting(engine, holder(issued, "people.counted")),
        operation_id="people_of_organisation",
        summary="How many people can sign in for an organisation",
    )
    return router


def _counting(
    engine: Engine, holder: Callable[[Request], IssuedToken]
) -> Callable[..., JSONResponse]:
    """For the coordinators of hubs, who look whether a provider's staff were invited: how many can
    sign in for it and since when, and not who they are.
    """

    def counted(by: Annotated[IssuedToken, Depends(holder)], organisation: UUID) -> JSONResponse:
        if "coordinator" not in (by.claims.get("roles") or ()):
            raise Problem(403, "Not allowed", "This is for a hub's coordinators.", element="roles")
        found = accounts.staff_of(engine, organisation)
        since = found.since.isoformat() if found.since else None
        return no_store({"active": found.active, "invited": found.invited, "since": since})

    return counted


def _doing(engine: Engine, name: str, desk: Callable[[Request], Desk]) -> Callable[..., Response]:
    whole, here = ACTS[name]

    def done(at: Annotated[Desk, Depends(desk)], account: UUID) -> Response:
        if name == "disable":
            _others(at, account, "state")
        own = at.sight.organisation
        with refusing(), UnitOfWork(engine) as uow:
            own_people.check_seen(uow, at.sight, account)
            if own is None or here is None:
                whole(uow, account, by=at.subject)
            else:
                here(uow, account, own, by=at.subject)
            uow.commit()
        log.info("account.changed", account=str(account), act=name, by=at.subject)
        return Response(status_code=204)

    return done


def _others(at: Desk, account: UUID, element: str) -> None:
    """Nobody shuts themselves out, and with them perhaps the last one who could undo it.

    Raises:
        Problem: 422, the account is the caller's own.
    """
    if at.subject == str(account):
        detail = "This is your own account: ask another administrator."
        raise Problem(422, "This cannot be done", detail, element=element)
