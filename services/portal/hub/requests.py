"""A request to a provider, without a name: whom to ring, and what they answered, by their word.

Who wrote the answer down is noted by referrals: the coordinator, under their own name.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer import STEPS, access_of, needs_of, stage_of
from services.portal.answer_links import Refusal
from services.portal.hub.desk import OfHub
from services.portal.staff.fields import (
    Field,
    Typed,
    as_typed,
    at_its_field,
    day_in,
    typed_into,
)
from services.portal.staff.place import Place, back_to
from shared.languages import _

router = APIRouter(prefix="/hub/requests", include_in_schema=False)

Json = dict[str, Any]

REASONS: Mapping[str, str] = {
    "full": _("They are full"),
    "not-suitable": _("It is not right for the person"),
    "outside-area": _("The person lives too far away"),
    "outside-criteria": _("The person is not in the group that they can help"),
    "cannot-meet-access-need": _("They cannot meet an access need"),
    "closed": _("They are closed or taking a break"),
    "other": _("Another reason"),
}
MEANS: Mapping[str, str] = {
    "phone": _("Phone"),
    "sms": _("Text message"),
    "email": _("E-mail"),
    "paper": _("On paper"),
    "letter": _("Letter"),
}
ANSWER = (
    Field(
        "decision",
        _("What did they say?"),
        "radios",
        {
            "accept": _("Yes, the person can come"),
            "waiting-list": _("They put the person on their waiting list"),
            "decline": _("No, not this time"),
        },
        missing=_("Choose yes, waiting list or no"),
    ),
    Field("reason", _("If no, why?"), "radios", REASONS, _("Only needed if they said no.")),
    Field(
        "note",
        _("In their words, and how you heard (if you like)"),
        "words",
        hint=_("For example, by phone: full until January. Please do not write who the person is."),
    ),
)
PROGRESS = (
    Field("action", _("What happened?"), "radios", missing=_("Choose what happened")),
    Field(
        "date",
        _("On which day?"),
        "day",
        hint=_("For example, 27 3 2026"),
        missing=_("Type the day"),
    ),
)


class Ways(NamedTuple):
    """How a provider is reached: what each number or address is.

    Attributes:
        numbers: to ring; they come first, as whoever opens the page is to ring.
        others: addresses.
        whole: whether nothing of it was away just now.
    """

    numbers: Mapping[str, str]
    others: Mapping[str, str]
    whole: bool


DONE = {
    "answer": _("Their answer is noted. The link worker sees it, and that you wrote it down."),
    "progress": _("Noted."),
}


@router.get("/{task}")
async def show(task: UUID, here: OfHub, done: str = "") -> Response:
    """The request, and the form for what they say."""
    return await _page(here, await _view(here, task), 200, said=DONE.get(done, ""))


@router.post("/{task}/answer")
async def answer(task: UUID, here: OfHub) -> Response:
    """Write down what they answered."""
    form = await here.form()
    view = await _view(here, task)
    typed, faults = typed_into(form, ANSWER)
    if typed["decision"] == "decline" and not typed["reason"]:
        faults["reason"] = _("Choose why they cannot help")
    if not faults:
        told = {name: typed[name] for name in ("decision", "note") if typed[name]}
        if typed["decision"] == "decline":
            told["reason"] = typed["reason"]
        try:
            await here.send("POST", f"/referrals/requests/{task}/answer", told)
            return back_to(f"/hub/requests/{task}?done=answer")
        except Refusal as refusal:
            faults = at_its_field(refusal, ANSWER)
    return await _page(here, view, 422, typed=typed, faults=faults)


@router.post("/{task}/progress")
async def progress(task: UUID, here: OfHub) -> Response:
    """Write down how it goes."""
    form = await here.form()
    view = await _view(here, task)
    fields = _steps(view)
    typed, faults = typed_into(form, fields)
    if not faults:
        told = {"action": typed["action"], "date": day_in(typed, "date")}
        try:
            await here.send("POST", f"/referrals/requests/{task}/progress", told)
            return back_to(f"/hub/requests/{task}?done=progress")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return await _page(here, view, 422, typed=typed, faults=faults)


async def _view(here: Place, task: UUID) -> Json:
    view: Json = await here.get(f"/referrals/requests/{task}")
    return view


async def _page(
    here: Place,
    view: Json,
    status: int,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, str] | None = None,
    said: str = "",
) -> Response:
    stage = stage_of(view)
    asks = stage in ("asked", "waiting")
    goes_on = stage in ("yes", "going")
    ways, ours = await _ways(here, view)
    today = {"date": as_typed(here.times.today.isoformat())}
    return here.page(
        "hub/request",
        status,
        view=view,
        at=f"/hub/requests/{view['task']}",
        needs=needs_of(view),
        access=access_of(view),
        stage=stage,
        ways=ways,
        ours=ours,
        deed="answer" if asks else "progress" if goes_on else None,
        fields=_answers(view) if asks else _steps(view) if goes_on else (),
        typed=typed or today,
        faults=faults or {},
        said=said,
    )


async def _ways(here: Place, view: Json) -> tuple[Ways, bool]:
    """How the provider is reached: what its hub keeps, then its listing; and whether this is its
    hub.

    What its hub keeps is nothing to another hub; of what cannot be had just now the page says so.
    """
    kept, listing = await asyncio.gather(
        here.look(f"/notifications/contacts/{view['provider']}"),
        here.look(f"/directory/services/{view['service']['id']}"),
    )
    numbers: dict[str, str] = {}
    others: dict[str, str] = {}
    for each in (kept or {}).get("contacts", []):
        if each["active"] and not each.get("unusable_since") and each["means"] != "webhook":
            told = numbers if each["means"] in ("phone", "sms") else others
            told.setdefault(each["address"], MEANS.get(each["means"], each["means"]))
    listed = listing or {}
    contacts = listed.get("contacts", [])
    phones = [*listed.get("phones", []), *(p for each in contacts for p in each.get("phones", []))]
    for each in phones:
        numbers.setdefault(each["number"], _("Phone, as listed"))
    for address in filter(None, (listed.get("email"), *(each.get("email") for each in contacts))):
        others.setdefault(address, _("E-mail, as listed"))
    whole = kept is not None and listing is not None
    return Ways(numbers, others, whole), "contacts" in (kept or {})


def _answers(view: Json) -> tuple[Field, ...]:
    """The fields of an answer: who is on the waiting list already is not put there again."""
    decision, *others = ANSWER
    left = {code: said for code, said in decision.options.items() if code in view["possible"]}
    return (decision.choosing(left), *others)


def _steps(view: Json) -> tuple[Field, ...]:
    action, day = PROGRESS
    possible = {code: said for code, said in STEPS.items() if code in view["possible"]}
    return (action.choosing(possible), day) if possible else ()
