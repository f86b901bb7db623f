"""Changes to listings that wait for the hub: what is new beside what is public, and the answer."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Place, back_to

router = APIRouter(prefix="/hub/approvals", include_in_schema=False)

Kind = Literal["services", "organizations"]

DECISION = (
    Field(
        "decision",
        "What do you say?",
        "radios",
        {"approve": "Yes, make it public", "send-back": "Send it back: something should change"},
        missing="Choose yes, or send it back",
    ),
    Field(
        "words",
        "Words for whoever wrote it",
        "words",
        hint="If you send it back, say what should change. They see this.",
    ),
    Field(
        "publish_from",
        "Public from which day? (if you like)",
        "day",
        hint="Leave it empty for now. For example, 27 3 2027",
    ),
)

DONE = {
    "approve": "You said yes. Whoever wrote it is told.",
    "send-back": "Sent back. Whoever wrote it is told, and what was public stays.",
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
    typed, faults = typed_into(await here.form(), DECISION)
    decision = typed["decision"]
    if decision == "send-back" and not typed["words"]:
        faults["words"] = "Write what should change"
    if not faults:
        body = {"words": typed["words"]} if typed["words"] else {}
        day = day_in(typed, "publish_from")
        if decision == "approve" and day:
            body["publish_from"] = day
        try:
            await here.send("POST", f"/directory/{version}/{decision}", body)
            return back_to(f"/hub/approvals?done={decision}")
        except Refusal as refusal:
            faults = at_its_field(refusal, DECISION)
    return await _page(here, version, typed, faults, 422)


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
