"""The first visit by the answer link: the provider says when, and referrals keeps it."""

from datetime import UTC

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.notifications.api.answers import TheReader, TheRequests

router = APIRouter(prefix="/notifications", tags=["answer links"])


class Meeting(BaseModel):
    """When a person is expected for the first time."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    starts: AwareDatetime


@router.put("/answer/meeting", status_code=204)
def agree_by_link(body: Meeting, reader: TheReader, requests: TheRequests) -> None:
    """Say when the first visit is, once the provider has said yes; the person is told."""
    requests.first_visit(reader.task, reader.contact, body.starts.astimezone(UTC))
