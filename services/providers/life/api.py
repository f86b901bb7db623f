"""Versions of listings over HTTP: what waits, what was, and what the hub decides."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.providers.answers import answer
from services.providers.dependencies import Known, Writer
from services.providers.life import deciding, kept, reading
from services.providers.queries import LONGEST_PAGE, Page

routes = APIRouter(prefix="/directory", tags=["a listing's life"])


Kind = Literal["services", "organizations"]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Approval(_Body):
    """A hub agrees."""

    words: Words | None = None
    publish_from: date | None = Field(default=None, description="Published on this day; or now.")


class SendingBack(_Body):
    """A hub asks for a change."""

    words: Words


@routes.get("/drafts")
def list_drafts(
    directory: Known,
    principal: Writer,
    state: Literal["draft", "approved", "sent-back"] | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = LONGEST_PAGE,
) -> Response:
    """What waits for the hubs that you coordinate, and what waits of your own; oldest first."""
    wanted = Page(page=page, per_page=per_page)
    return answer(reading.drafts(directory, principal, state, wanted))


@routes.get("/kept/services")
def list_kept(
    directory: Known,
    principal: Writer,
    after: UUID | None = None,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The services that you keep as a provider, by name: room, and what waits for your hub."""
    return answer({"contents": kept.services(directory, principal, after=after, count=count)})


@routes.get("/kept/services/{id}")
def read_kept(directory: Known, principal: Writer, id: UUID) -> Response:  # noqa: A002
    """One service that you keep as a provider: room, and what waits for your hub."""
    return answer(kept.service(directory, principal, id))


@routes.get("/{kind}/{id}/versions")
def read_history(directory: Known, principal: Writer, kind: Kind, id: UUID) -> Response:  # noqa: A002
    """What a listing said and what was done with it: who, when and why; newest first."""
    return answer(reading.history(directory, principal, kind, id))


@routes.get("/{kind}/{id}/versions/{number}")
def read_version(
    directory: Known,
    principal: Writer,
    kind: Kind,
    id: UUID,  # noqa: A002
    number: Number,
) -> Response:
    """One version, whole."""
    return answer(reading.version(directory, principal, kind, id, number))


@routes.get("/{kind}/{id}/versions/{number}/changes")
def read_changes(
    directory: Known,
    principal: Writer,
    kind: Kind,
    id: UUID,  # noqa: A002
    number: Number,
    since: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """What a version changed, field by field; by default against the one it was written on."""
    return answer(reading.changes(directory, principal, kind, id, number, since))


@routes.post("/{kind}/{id}/versions/{number}/approve")
def approve(
    directory: Known,
    principal: Writer,
    kind: Kind,
    id: UUID,  # noqa: A002
    number: Number,
    said: Approval | None = None,
) -> Response:
    """Agree to a version that waits; it is published at once, or on its day."""
    agreed = said or Approval()
    return answer(
        deciding.approve(
            directory, principal, id, number, words=agreed.words, publish_from=agreed.publish_from
        )
    )


@routes.post("/{kind}/{id}/versions/{number}/send-back")
def send_back(
    directory: Known,
    principal: Writer,
    kind: Kind,
    id: UUID,  # noqa: A002
    number: Number,
    said: SendingBack,
) -> Response:
    """Ask for a change, in words; what stood stays public."""
    return answer(deciding.send_back(directory, principal, id, number, said.words))
