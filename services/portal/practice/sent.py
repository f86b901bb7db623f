"""What the practice sent, and how each referral stands."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.front_door.routes import REFERENCE
from services.portal.news.reading import unread
from services.portal.practice.desk import AtPractice, practices_of
from services.portal.staff.place import back_to
from shared.languages import _

router = APIRouter(prefix="/our-referrals", include_in_schema=False)

ROWS = 25
SHOWN = {"open": _("Still going"), "ended": _("Ended")}

STANDS: Mapping[str, str] = {
    "received": _("Received. A link worker will look at it."),
    "with-link-worker": _("A link worker has it, and gets in touch."),
    "looking": _("They said yes. The link worker looks for what fits."),
    "waiting-for-answer": _("A service was asked. We wait for its answer."),
    "place-found": _("A place is found."),
    "nothing-fits-yet": _("Nothing fits yet. They stay on the link worker's list."),
    "withdrawal-asked": _("You asked to take it back. The link worker decides what happens now."),
    "completed": _("Ended as planned."),
    "not-reached": _("Ended. They could not be reached."),
    "person-declined": _("Ended. They said no."),
    "person-ended-early": _("Ended. They stopped before the end."),
    "nothing-fits": _("Ended. Nothing was found that fits."),
    "died-or-moved": _("Ended. They died or moved away."),
    "withdrawn": _("Ended. It was taken back."),
    "returned": _("Sent back to you. It was not for a link worker."),
    "ended": _("Ended."),
    "not-told": _("They do not want the practice to hear how it goes."),
    "ask-team": _("Nothing is told here. If you need to know, ring the link workers."),
}
"""How a referral stands, by code."""


@router.get("")
async def sent(
    here: AtPractice,
    show: str = "open",
    practice: str | None = None,
    after: str | None = None,
    done: str = "",
) -> Response:
    """The referrals of one's own practices, the newest first."""
    practices = await practices_of(here)
    if show not in SHOWN or (practice is not None and practice not in practices):
        return back_to("/our-referrals")
    chosen = {name: value for name, value in (("show", show), ("practice", practice)) if value}
    try:
        rows = await here.get(
            "/referrals/practice/referrals", **chosen, after=after, count=ROWS + 1
        )
    except Refusal as refusal:
        # The row to go on from is not there any more, or the address was typed.
        if refusal.status != 422 or after is None:
            raise
        return back_to(f"/our-referrals?{urlencode(chosen)}")
    further = {**chosen, "after": rows[ROWS - 1]["case"]} if len(rows) > ROWS else None
    return here.page(
        "practice/sent",
        news=await unread(here),
        show=show,
        shows=SHOWN,
        practice=practice,
        practices=practices,
        rows=[{**row, "stands": STANDS[row["standing"]]} for row in rows[:ROWS]],
        further=f"/our-referrals?{urlencode(further)}" if further else None,
        reference=done if REFERENCE.fullmatch(done) else "",
    )
