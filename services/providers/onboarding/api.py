"""Bringing providers in over HTTP: for the coordinators of a hub, and for the provider itself."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from services.providers.answers import answer
from services.providers.dependencies import CASES, SCOPE, Known
from services.providers.onboarding import acting, papers, reading
from services.providers.onboarding.domain import Did, State
from services.providers.onboarding.shapes import (
    NoteSaid,
    OnboardingSaid,
    PapersSaid,
    ReachSaid,
    WithoutSaid,
)
from services.providers.queries import LONGEST_PAGE, Page
from shared.auth import Principal, requires

routes = APIRouter(prefix="/directory/onboardings", tags=["bringing a provider in"])
Coordinator = Annotated[Principal, Depends(requires(SCOPE, role="coordinator"))]
Key = Annotated[UUID, Path(alias="id")]
OfProvider = Annotated[Principal, Depends(requires(SCOPE, CASES, role="provider"))]


@routes.post("", status_code=201)
def post_onboarding(directory: Known, principal: Coordinator, said: OnboardingSaid) -> Response:
    """Begin to bring a provider in: one that is listed, or one that somebody heard of."""
    found = acting.begin(directory, principal, said)
    return answer(found, 201, {"Location": f"/directory/onboardings/{found['id']}"})


@routes.get("")
def list_onboardings(
    directory: Known,
    principal: Coordinator,
    state: State = State.GOING_ON,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 50,
) -> Response:
    """Those that your hub brings in; first the ones for which nobody did anything for longest."""
    wanted = Page(page=page, per_page=per_page)
    return answer(reading.of_hub(directory, principal, state, wanted))


@routes.get("/own")
def list_own(directory: Known, principal: OfProvider) -> Response:
    """What is still missing of your own organisation, and of those whose listings you keep."""
    return answer({"contents": reading.own(directory, principal)})


@routes.get("/{id}")
def read_onboarding(directory: Known, principal: Coordinator, key: Key) -> Response:
    """One of them: its steps, who did each and when, and its history."""
    return answer(reading.one(directory, principal, key))


@routes.put("/{id}")
def put_onboarding(
    directory: Known,
    principal: Coordinator,
    key: Key,
    said: ReachSaid,
) -> Response:
    """Wish for another tier, or note whom to ask."""
    return answer(acting.change(directory, principal, key, said))


@routes.put("/{id}/evidence")
def put_evidence(
    directory: Known,
    principal: Coordinator,
    key: Key,
    said: PapersSaid,
) -> Response:
    """Note what was shown for the tier, into the listing of its service."""
    return answer(papers.show(directory, principal, key, said))


@routes.post("/{id}/notes")
def post_note(
    directory: Known,
    principal: Coordinator,
    key: Key,
    said: NoteSaid,
) -> Response:
    """Keep words for the history."""
    return answer(acting.note(directory, principal, key, said.words))


@routes.post("/{id}/without")
def post_without(
    directory: Known,
    principal: Coordinator,
    key: Key,
    said: WithoutSaid,
) -> Response:
    """Keep that the provider does without a step, and why."""
    return answer(acting.without(directory, principal, key, said.step, said.words))


@routes.post("/{id}/hold")
def hold(
    directory: Known,
    principal: Coordinator,
    key: Key,
    said: NoteSaid,
) -> Response:
    """Put it on hold, and say why."""
    return answer(acting.move(directory, principal, key, Did.HELD, said.words))


@routes.post("/{id}/resume")
def resume(directory: Known, principal: Coordinator, key: Key) -> Response:
    """Take up again what is on hold or was given up."""
    return answer(acting.move(directory, principal, key, Did.RESUMED))


@routes.post("/{id}/give-up")
def give_up(
    directory: Known,
    principal: Coordinator,
    key: Key,
    said: NoteSaid,
) -> Response:
    """Give it up, and say why."""
    return answer(acting.move(directory, principal, key, Did.GIVEN_UP, said.words))


@routes.post("/{id}/finish")
def finish(directory: Known, principal: Coordinator, key: Key) -> Response:
    """Say that it is done; the directory's own steps must be."""
    return answer(acting.move(directory, principal, key, Did.FINISHED))
