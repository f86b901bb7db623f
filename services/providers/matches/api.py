"""Organisations that may be one, and where listings come from, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.providers import hubs, publishing
from services.providers.answers import answer
from services.providers.dependencies import Known
from services.providers.importing.api import Coordinator
from services.providers.matches import deciding
from services.providers.matches.listed import listed, one
from services.providers.matches.of_services.proposing import propose
from services.providers.matches.proposals import NoSuchMatch, NotOpen
from services.providers.matches.provenance import provenance
from services.providers.queries import Page
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

matches = APIRouter(prefix="/directory", tags=["importing"])


class Acceptance(BaseModel):
    """Which of two organisations is kept, and whose values count."""

    model_config = ConfigDict(extra="forbid")

    keep: UUID | None = None
    fields: dict[Annotated[str, Field(max_length=60)], UUID] = Field(default={}, max_length=50)


@matches.get("/matches")
def list_matches(
    directory: Known,
    principal: Coordinator,
    state: Literal["open", "accepted", "refused", "undone"] = "open",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Organisations of the own hub that may be one with another, the most alike first."""
    wanted = Page(page=page, per_page=per_page)
    with UnitOfWork(directory.engine) as uow:
        found = listed(uow, state, hubs.own_hubs(uow, principal), wanted)
    return answer(found)


@matches.get("/matches/{id}")
def read_match(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """One proposal, with all that each of the two says."""
    with UnitOfWork(directory.engine) as uow, in_words():
        found = one(uow, id, hubs.own_hubs(uow, principal))
    return answer(found)


@matches.post("/matches/{id}/accept")
def accept_match(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: Acceptance,
) -> Response:
    """They are one organisation."""
    with UnitOfWork(directory.engine) as uow, in_words():
        match = _own_match(uow, principal, id)
        by = principal.subject
        kept = deciding.accept(uow, directory, match, by, keep=said.keep, fields=said.fields)
        propose(uow.session, [kept], directory.clock())
        uow.commit()
    return answer({"id": id, "state": "accepted", "kept": kept})


@matches.post("/matches/{id}/refuse")
def refuse_match(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """They are two organisations, and not proposed again."""
    with UnitOfWork(directory.engine) as uow, in_words():
        deciding.refuse(uow, directory, _own_match(uow, principal, id), principal.subject)
        uow.commit()
    return answer({"id": id, "state": "refused"})


@matches.post("/matches/{id}/undo")
def undo_match(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """They are two after all: both are restored."""
    with UnitOfWork(directory.engine) as uow, in_words():
        deciding.undo(uow, directory, _own_match(uow, principal, id), principal.subject)
        uow.commit()
    return answer({"id": id, "state": "undone"})


@matches.get("/{kind}/{id}/sources")
def read_sources(
    directory: Known,
    principal: Coordinator,
    kind: Literal["organizations", "services"],
    id: UUID,  # noqa: A002
) -> Response:
    """Which source said what of a listing, and where sources differ."""
    with UnitOfWork(directory.engine) as uow:
        found = provenance(uow.session, kind.removesuffix("s"), id)
    if found is None:
        raise Problem(404, "Not found", "There is no such listing.", element="id")
    return answer(found)


def _own_match(uow: UnitOfWork, principal: Principal, key: UUID) -> Any:
    """A proposal of which the caller keeps both organisations.

    Raises:
        NoSuchMatch: there is none, or both of them are other hubs'.
        Problem: 403 where one of them is another hub's.
    """
    match = deciding.match_of(uow, key)
    pair, own = (match["one"], match["other"]), hubs.own_hubs(uow, principal)
    if not any(hubs.hub_of(uow, owner) in own for owner in pair):
        raise NoSuchMatch(key)
    for owner in pair:
        hubs.must_keep(uow, principal, owner)
    return match


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what deciding refuses into an answer."""
    try:
        yield
    except NoSuchMatch:
        raise Problem(404, "Not found", "There is no such proposal.", element="id") from None
    except NotOpen as error:
        raise Problem(409, "This was decided before", error.words, element="id") from None
    except publishing.Misfit as error:
        raise Problem(
            422, "The decision does not fit", error.words, element=error.element
        ) from None
