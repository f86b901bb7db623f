"""How long things may wait in the hub's place: what holds, and who changed it when and why."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub.desk import OfHub
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Place, back_to
from shared.languages import _
from shared.limits import LONGEST, NAMES, ORDER

router = APIRouter(prefix="/hub/limits", include_in_schema=False)

Json = dict[str, Any]

CLOCKS: Mapping[str, str] = {
    "routine": _("Most referrals"),
    "urgent": _("Urgent referrals"),
}
ASKED: Mapping[str, str] = {
    "nudge": _("We ask the service again after"),
    "second_nudge": _("We ask it once more after"),
    "help_call": _("We ask you to ring it after"),
    "close": _("The request ends after"),
    "unseen": _("We tell a team that has not looked at a referral after"),
    "first_contact": _("We tell a team that has not tried to reach the person after"),
    "lead": _("We tell you that the team has still not done it after"),
    "practice": _("If it is still not done once you know, we tell the practice after"),
    "tries": _("We ask a team what to do that has reached nobody after"),
}
UNITS: Mapping[str, str] = dict.fromkeys(NAMES, "days") | {"tries": "tries"}
HOW_MANY: Mapping[str, str] = {
    "days": _("{what} how many working days?"),
    "tries": _("{what} how many tries?"),
}
LACKS: Mapping[str, str] = {
    "days": _("Type a number of days"),
    "tries": _("Type a number of tries"),
}
CHANGED: Mapping[str, str] = {
    "days": _("{clock}: {what} {now} working days (was {before})"),
    "tries": _("{clock}: {what} {now} tries (was {before})"),
}
MOST_TRIES = 10
WHY = Field(
    "why",
    _("Why do you change it?"),
    "words",
    hint=_("It is kept with your name."),
    missing=_("Say why you change it"),
    letters=500,
)
DONE = {"kept": _("Noted. It holds from now on, for what waits already too.")}
MOVED = _("Somebody changed this after you opened it. Look at what stands now, and send it again")


@router.get("")
async def show(here: OfHub, done: str = "") -> Response:
    """What holds, as a form, and the history."""
    known = await _known(here)
    return _page(here, known, 200, _standing(known["limits"]), said=DONE.get(done, ""))


@router.post("")
async def change(here: OfHub) -> Response:
    """Say other limits."""
    form = await here.form()
    known = await _known(here)
    typed, faults = typed_into(form, _fields(known))
    faults = faults or _out_of_order(typed)
    if not faults:
        number = str(form.get("after") or "0")
        body = {
            "limits": _limits(typed),
            "why": typed["why"],
            "after": int(number) if number.isdecimal() and len(number) < 9 else 0,
        }
        try:
            await here.send("PUT", "/referrals/limits", body)
            return back_to("/hub/limits?done=kept")
        except Refusal as refusal:
            moved = refusal.status == 409
            faults = {"why": MOVED} if moved else at_its_field(refusal, [WHY])
    return _page(here, known, 422, typed, faults)


async def _known(here: Place) -> Json:
    found: Json = await here.get("/referrals/limits")
    return found


def _fields(known: Json) -> list[Field]:
    return [
        Field(
            f"{clock}-{name}",
            HOW_MANY[UNITS[name]].format(what=ASKED[name]),
            "number",
            hint=_("If you say nothing else: {number}").format(
                number=known["defaults"][clock][name]
            ),
            missing=LACKS[UNITS[name]],
            least=1,
            most=MOST_TRIES if name == "tries" else LONGEST,
        )
        for clock in CLOCKS
        for name in ASKED
    ] + [WHY]


def _standing(limits: Json) -> Typed:
    return {f"{clock}-{name}": str(limits[clock][name]) for clock in CLOCKS for name in ASKED}


def _limits(typed: Typed) -> Json:
    return {clock: {name: int(typed[f"{clock}-{name}"]) for name in ASKED} for clock in CLOCKS}


def _out_of_order(typed: Typed) -> dict[str, str]:
    """What referrals would refuse, at the field it is about."""
    limits, faults = _limits(typed), {}
    for clock, days in limits.items():
        for names in ORDER:
            for earlier, later in pairwise(names):
                if days[later] <= days[earlier]:
                    words = _("Type more days than the {days} above: this comes later").format(
                        days=days[earlier]
                    )
                    faults[f"{clock}-{later}"] = words
    for name in ASKED:
        if limits["urgent"][name] > limits["routine"][name]:
            most = limits["routine"][name]
            faults[f"urgent-{name}"] = _(
                "An urgent referral waits no longer: at most {most} here"
            ).format(most=most)
    return faults


def _page(
    here: Place,
    known: Json,
    status: int,
    typed: Typed,
    faults: Mapping[str, str] | None = None,
    said: str = "",
) -> Response:
    fields = _fields(known)
    return here.page(
        "hub/limits",
        status,
        clocks={
            words: [each for each in fields if each.name.startswith(f"{clock}-")]
            for clock, words in CLOCKS.items()
        },
        why=WHY,
        fields=fields,
        asked=ASKED,
        history=[_told(known, number) for number in range(len(known["history"]))],
        after=known["history"][0]["number"] if known["history"] else 0,
        typed=typed,
        faults=faults or {},
        said=said,
    )


def _told(known: Json, number: int) -> Json:
    """One change: who, when, why, and what was other than before."""
    history = known["history"]
    now: Json = history[number]
    before = known["defaults"]
    if number + 1 < len(history):
        before = history[number + 1]["limits"]
    changed = [
        CHANGED[UNITS[name]].format(
            clock=CLOCKS[clock],
            what=_lower(str(ASKED[name])),
            now=now["limits"][clock][name],
            before=before[clock][name],
        )
        for clock in CLOCKS
        for name in ASKED
        if now["limits"][clock][name] != before[clock][name]
    ]
    return now | {"changed": changed}


def _lower(sentence: str) -> str:
    """A sentence as it goes on after a colon."""
    return sentence[0].lower() + sentence[1:]
