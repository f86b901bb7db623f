"""Looking through the accounts of people, under /identity/people: in pages, and by words."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.people import looking
from services.identity.people.looking import State
from services.identity.people.roles import ROLES
from services.identity.people_answers import MOST, READ, holder, no_store, refusing, told

FOUND = 25
"""Accounts that a search shows at most."""


class Search(BaseModel):
    """Whom to look for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    words: str = Field(min_length=2, max_length=320, pattern=r"^[^\x00]*$")


def looking_routes(engine: Engine, issued: IssuedTokens) -> APIRouter:
    """The router, for administrators of accounts; its addresses begin as those of the accounts do.

    Args:
        engine: the issuer's database.
        issued: tells whose token still holds.
    """
    router = APIRouter()
    reads = Depends(holder(issued, *READ))

    @router.get("/page")
    def page(
        _: Annotated[IssuedToken, reads],
        state: State | None = None,
        organisation: UUID | None = None,
        behind: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    ) -> JSONResponse:
        """One page by e-mail address; `behind` is the last one's id, so that its address stands
        nowhere."""
        with refusing():
            found = looking.looked_through(
                engine, state=state, organisation=organisation, behind=behind, count=count
            )
        return no_store({"people": told(engine, found)})

    @router.post("/search")
    def search(_: Annotated[IssuedToken, reads], body: Search) -> JSONResponse:
        """Those in whose name or address the words stand; not all of many."""
        return no_store({"people": told(engine, looking.found_by(engine, body.words, count=FOUND))})

    @router.get("/organisations")
    def organisations(_: Annotated[IssuedToken, reads]) -> JSONResponse:
        """The organisations for which anybody acts, by name."""
        named = looking.organisations(engine)
        return no_store({"organisations": [{"id": str(k), "name": n} for k, n in named.items()]})

    @router.get("/roles")
    def roles_there_are(_: Annotated[IssuedToken, reads]) -> JSONResponse:
        """What somebody can be to an organisation."""
        told = [{"name": e.name, "title": e.title, "alone": e.alone} for e in ROLES.values()]
        return no_store({"roles": told})

    return router
