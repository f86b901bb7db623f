"""Changes to listings that wait for the hub: what is new beside what is public, and the answer."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed, day_in
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/approvals", include_in_schema=False)

Kind = Literal["services", "organizations"]

DECISION = (
    Field(
        "decision",
        _("What do you say?"),
        "radios",
        {
            "approve": _("Yes, make it public"),
            "send-back": _("Send it back: something should change"),
        },
        missing=_("Choose yes, or send it back"),
    ),
    Field(
        "words",
        _("Words for whoever wrote it"),
        "words",
        hint=_("If you send it back, say what should change. They see this."),
    ),
    Field(
        "publish_from",
        _("Public from which day? (if you like)"),
        "day",
        hint=_("Leave it empty for now. For example, 27 3 2027"),
    ),
)

DONE = {
    "approve": _("You said yes. Whoever wrote it is told."),
    "send-back": _("Sent back. Whoever wrote it is told, and what was public stays."),
}


@router.get("")
async def waiting(
    here: OfHub, state: str = "draft", page: PageNumber = 1, done: str = ""
) -> Response:
    """What waits, the oldest first."""
    if state not in words.DRAFTS:
        return back_to("/hub/approvals")
    found = await one_page(here, "/directory/drafts", page, state=state)
    return here.page(
        "hub/approvals",
        state=state,
        states=words.DRAFTS,
        rows=found["contents"],
        pages=around("/hub/approvals", found, state=state),
        said=DONE.get(done, ""),
    )


@router.get("/{kind}/{subject}/{number}")
async def show(kind: Kind, subject: UUID, number: int, here: OfHub) -> Response:
    """One change."""
    return await _page(here, f"{kind}/{subject}/versions/{number}", {}, {}, 200)


@router.post("/{kind}/{subject}/{number}")
async def decide(kind: Kind, subject: UUID, number: int, here: OfHub) -> Response:
    """Agree, or send it back."""
    version = f"{kind}/{subject}/versions/{number}"

    async def do(typed: Typed) -> str:
        decision = typed["decision"]
        body = {"words": typed["words"]} if typed["words"] else {}
        day = day_in(typed, "publish_from")
        if decision == "approve" and day:
            body["publish_from"] = day
        await here.send("POST", f"/directory/{version}/{decision}", body)
        return f"/hub/approvals?done={decision}"

    form = await here.form()
    return await take(form, DECISION, do, partial(_page, here, version), wrong=_unsaid)


def _unsaid(typed: Typed, _found: Faults) -> Faults:
    """What is sent back says why."""
    if typed["decision"] == "send-back" and not typed["words"]:
        return {"words": _("Write what should change")}
    return {}


async def _page(
    here: Place, version: str, typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    found: dict[str, Any] = await here.get(f"/directory/{version}")
    changes = await here.get(f"/directory/{version}/changes")
    terms = changes.get("terms", {})

    return here.page(
        "hub/approval",
        status,
        version=found,
        is_new="since" not in changes,
        changes=[
            {
                "member": words.member(each["member"]),
                "before": words.said(each.get("before"), terms),
                "after": words.said(each.get("after"), terms),
            }
            for each in changes["members"]
        ],
        state=words.VERSIONS.get(found["state"], found["state"]),
        waits=found["state"] in ("draft", "approved"),
        fields=DECISION,
        typed=typed,
        faults=faults,
    )
