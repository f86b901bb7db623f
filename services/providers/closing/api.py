"""Closing days over HTTP: anybody reads them, whoever keeps the listing says them."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.providers.closing import saying
from services.providers.closing.saying import ClosingSaid
from services.providers.dependencies import Known, Writer
from services.providers.nested import Json

routes = APIRouter(prefix="/directory/organizations/{id}/closing-days", tags=["closing days"])


@routes.get("")
def read_closing_days(directory: Known, id: UUID) -> Json:  # noqa: A002
    """When an organisation is closed, in the order of the first days."""
    return {"contents": saying.of(directory, id)}


@routes.post("", status_code=201)
def post_closing(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    said: ClosingSaid,
) -> Json:
    """Say that an organisation is closed; nobody is reminded of anything then."""
    return saying.say(directory, principal, id, None, said)


@routes.put("/{closing}")
def put_closing(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    closing: UUID,
    said: ClosingSaid,
) -> Json:
    """Change when an organisation is closed."""
    return saying.say(directory, principal, id, closing, said)


@routes.delete("/{closing}", status_code=204)
def delete_closing(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    closing: UUID,
) -> Response:
    """An organisation is not closed then after all."""
    saying.take_back(directory, principal, id, closing)
    return Response(status_code=204)
