"""What is done with it as a whole: a note, on hold, taken up again, given up, finished."""

from collections.abc import Mapping
from functools import partial
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub.desk import OfHub
from services.portal.hub.onboarding import words
from services.portal.hub.onboarding.pages import AT, Json, one
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/onboarding/{onboarding}", include_in_schema=False)

Deed = Literal["notes", "hold", "give-up"]

DEEDS: Mapping[str, tuple[str, Field]] = {
    "notes": (
        _("Write a note"),
        Field(
            "words",
            _("What happened?"),
            "words",
            hint=_(
                "For example, that you rang and they send a paper."
                " Do not write anything about a person who needs help."
            ),
            missing=_("Write what happened"),
            letters=1000,
        ),
    ),
    "hold": (
        _("Put it on hold"),
        Field(
            "words",
            _("Why does it wait?"),
            "words",
            hint=_(
                "For example, that they begin in spring."
                " Do not write anything about a person who needs help."
            ),
            missing=_("Write why it waits"),
            letters=1000,
        ),
    ),
    "give-up": (
        _("Give it up"),
        Field(
            "words",
            _("Why do you give it up?"),
            "words",
            hint=_(
                "What is listed stays listed. Do not write anything about a person who needs help."
            ),
            missing=_("Write why you give it up"),
            letters=1000,
        ),
    ),
}
"""What asks for words first: its heading, and the field."""
NOTED: Mapping[str, str] = {"notes": "noted"}


@router.get("/do/{deed}")
async def ask(onboarding: UUID, deed: Deed, here: OfHub) -> Response:
    """The form."""
    return await _page(here, await one(here, onboarding), deed, {}, {}, 200)


@router.post("/do/{deed}")
async def do(onboarding: UUID, deed: Deed, here: OfHub) -> Response:
    """Do it."""
    sent = await here.form()
    view = await one(here, onboarding)

    async def do_it(typed: Typed) -> str:
        await here.send("POST", f"{AT}/{onboarding}/{deed}", {"words": typed["words"]})
        return f"/hub/onboarding/{onboarding}?done={NOTED.get(deed, deed)}"

    return await take(sent, [DEEDS[deed][1]], do_it, partial(_page, here, view, deed))


@router.post("/resume")
async def resume(onboarding: UUID, here: OfHub) -> Response:
    """Take it up again."""
    await here.form()
    await here.send("POST", f"{AT}/{onboarding}/resume")
    return back_to(f"/hub/onboarding/{onboarding}?done=resume")


@router.post("/finish")
async def finish(onboarding: UUID, here: OfHub) -> Response:
    """Say that it is done."""
    await here.form()
    await here.send("POST", f"{AT}/{onboarding}/finish")
    return back_to(f"/hub/onboarding/{onboarding}?done=finish")


@router.get("/without/{step}")
async def ask_without(
    onboarding: UUID, step: Literal["staff", "closing-days"], here: OfHub
) -> Response:
    """How their staff come to sign in or where closing days are noted; or they do without."""
    return await _without(here, await one(here, onboarding), step, {}, {}, 200)


@router.post("/without/{step}")
async def without(
    onboarding: UUID, step: Literal["staff", "closing-days"], here: OfHub
) -> Response:
    """Note that they do without."""
    sent = await here.form()
    view = await one(here, onboarding)

    async def do_it(typed: Typed) -> str:
        body = {"step": step, "words": typed["words"]}
        await here.send("POST", f"{AT}/{onboarding}/without", body)
        return f"/hub/onboarding/{onboarding}?done=without"

    return await take(sent, [_word_field(step)], do_it, partial(_without, here, view, step))


def _word_field(step: str) -> Field:
    hint = words.WITHOUT[step][1]
    return Field(
        "words",
        _("What did they tell you?"),
        "words",
        hint=hint,
        missing=_("Write what they told you"),
        letters=1000,
    )


async def _page(
    here: Place, view: Json, deed: str, typed: Typed, faults: Faults, status: int
) -> Response:
    title, field = DEEDS[deed]
    return here.page(
        "hub/onboarding/form",
        status,
        view=view,
        title=f"{title}: {view['name']}",
        fields=[field],
        typed=typed,
        faults=faults,
    )


async def _without(
    here: Place, view: Json, step: str, typed: Typed, faults: Faults, status: int
) -> Response:
    return here.page(
        "hub/onboarding/without",
        status,
        view=view,
        step=step,
        heading=words.WITHOUT[step][0],
        fields=[_word_field(step)],
        typed=typed,
        faults=faults,
    )
