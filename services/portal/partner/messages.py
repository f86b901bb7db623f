"""What the messages to a person say, in every language, with an invented person in them."""

from collections.abc import Mapping

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.partner.desk import OfPartner
from services.portal.staff.place import back_to
from shared.languages import _

router = APIRouter(prefix="/what-messages-say", include_in_schema=False)

KINDS: Mapping[str, str] = {
    "person-agreed": _("When there is a place"),
    "person-meeting": _("When the first visit has a day"),
    "person-reminder": _("The day before the first visit"),
    "person-delay": _("When somebody who asked for help waits too long"),
    "referrer-delay": _("When somebody whom they referred waits too long"),
}
"""When each goes out; one that is new here stands under the service's own word."""


@router.get("")
async def messages(here: OfPartner, language: str = "en") -> Response:
    """All of them in one language."""
    try:
        found = await here.get("/notifications/wordings", language=language)
    except Refusal as refusal:
        if refusal.status not in (404, 422):
            raise
        return back_to("/what-messages-say")
    return here.page(
        "partner/messages",
        found=found,
        messages=[
            {**each, "when": KINDS.get(each["kind"], each["kind"])} for each in found["messages"]
        ],
    )
