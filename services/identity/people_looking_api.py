"""Looking through the accounts of people, under /identity/people: in pages, and by words."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.identity.issued import IssuedTokens
from services.identity.people import looking, own_people
from services.identity.people.looking import State
from services.identity.people.roles import ROLES
from services.identity.people_answers import MOST, READ, Desk, desk, no_store, refusing, told

FOUND = 25
"""Accounts that a search shows at most."""


class Search(BaseModel):
    """Whom to look for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    words: str = Field(min_length=2, max_length=320, pattern=r"^[^\x00]*$")


def looking_routes(engine: Engine, issued: IssuedTokens) -> APIRouter:
    """The router, for administrators; its addresses begin as those of the accounts do.

    Args:
        engine: the issuer's database.
        issued: tells whose token still holds.
    """
    router = APIRouter()
    reads = Depends(desk(issued, *READ))

    @router.get("/page")
    def page(
        at: Annotated[Desk, reads],
        state: State | None = None,
        organisation: UUID | None = None,
        behind: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    ) -> JSONResponse:
        """One page by e-mail address; `behind` is the last one's id, so that its address stands
        nowhere."""
        with refusing():
            if organisation is not None:
                own_people.check_organisation(at.sight, organisation)
            found = looking.looked_through(
                engine,
                state=state,
                organisation=organisation,
                behind=behind,
                count=count,
                sight=at.sight,
            )
        return no_store({"people": told(engine, found, at.sight)})

    @router.post("/search")
    def search(at: Annotated[Desk, reads], body: Search) -> JSONResponse:
        """Those in whose name or address the words stand; not all of many."""
        found = looking.found_by(engine, body.words, count=FOUND, sight=at.sight)
        return no_store({"people": told(engine, found, at.sight)})

    @router.get("/organisations")
    def organisations(at: Annotated[Desk, reads]) -> JSONResponse:
        """The organisations for which anybody acts, by name; those that are seen."""
        named = looking.organisations(engine, at.sight)
        return no_store({"organisations": [{"id": str(k), "name": n} for k, n in named.items()]})

    @router.get("/roles")
    def roles_there_are(at: Annotated[Desk, reads]) -> JSONResponse:
        """What whoever asks may make somebody, to an organisation that they see."""
        own = at.sight.organisation
        names = ROLES if own is None else own_people.may_give(engine, own)
        told = [
            {"name": each.name, "title": each.title, "alone": each.alone}
            for each in (ROLES[name] for name in names)
        ]
        return no_store({"roles": told})

    return router
