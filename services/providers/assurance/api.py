"""Looking whether a listing is right, over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.providers.answers import answer
from services.providers.assurance.verifying import verify
from services.providers.dependencies import Known, Writer

routes = APIRouter(prefix="/directory", tags=["assurance"])


class Look(BaseModel):
    """How somebody found out that a listing is right."""

    model_config = ConfigDict(extra="forbid")

    how: Literal["visit", "phone", "email", "website", "meeting"]
    words: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")] | None = None


@routes.post("/services/{id}/verify")
def verify_service(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    said: Look,
) -> Response:
    """Say that a person looked and that the listing is right, as it stands."""
    found = verify(directory, principal, id, said.how, said.words)
    return answer(found)
