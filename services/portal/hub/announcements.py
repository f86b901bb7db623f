"""Announcements: written, looked at as their readers will see them, published, changed, ended."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub.desk import ROWS, OfHub, PageNumber
from services.portal.news.reading import AT, paragraphs
from services.portal.staff.fields import (
    Field,
    Typed,
    as_typed,
    at_its_field,
    day_in,
)
from services.portal.staff.names import called, names_of
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/announcements", include_in_schema=False)

Json = dict[str, Any]

SHOWN: Mapping[str, str] = {
    "current": _("Published"),
    "draft": _("Not published yet"),
    "over": _("Over"),
}
AUDIENCES: Mapping[str, str] = {
    "link-workers": _("Link workers"),
    "providers": _("Staff of groups and services"),
    "practices": _("Care navigators of GP practices"),
    "partners": _("Partners, commissioners and researchers"),
    "everybody": _("Everybody"),
}
FIELDS = (
    Field("title", _("What is it about?"), missing=_("Write what it is about"), letters=120),
    Field(
        "text",
        _("What do you want to say?"),
        "words",
        hint=_(
            "Short and plain. Do not write anything about a person who needs help: no name, no"
            " number, no address. A link begins with https://"
        ),
        missing=_("Write what you want to say"),
    ),
    Field(
        "audience",
        _("For whom is it?"),
        "radios",
        AUDIENCES,
        missing=_("Choose for whom it is"),
    ),
    Field(
        "first_day",
        _("From which day?"),
        "day",
        hint=_("For example, 27 3 2027"),
        missing=_("Type the first day"),
    ),
    Field(
        "last_day",
        _("Until which day?"),
        "day",
        hint=_("It goes by itself after this day."),
        missing=_("Type the last day"),
    ),
    Field(
        "urgent",
        _("Is it urgent?"),
        "checkboxes",
        {"yes": _("Yes: tell groups at once, also those that want no news")},
        hint=_("Otherwise they read it in their message of the day."),
    ),
)
MOVED = _("Somebody changed this after you opened it. Look at what stands now, and send it again")
DID: Mapping[str, str] = {
    "written": _("Written"),
    "changed": _("Changed"),
    "published": _("Published"),
    "ended": _("Ended"),
}
DONE: Mapping[str, str] = {
    "kept": _("Kept. Nobody else sees it until you publish it."),
    "changed": _("Changed. Its readers see what it says now."),
    "publish": _("Published."),
    "end": _("Ended. Nobody sees it any more."),
}
TOLD: Mapping[str, str] = {
    "delivered": _("told"),
    "queued": _("wait for their message of the day"),
    "sending": _("are being told"),
    "failed": _("could not be told"),
    "bounced": _("could not be told: it came back"),
    "unknown": _("perhaps told"),
    "superseded": _("want no news, or were not told because it changed"),
}
"""How many addresses of groups were told, by the state of the message."""


@router.get("")
async def listed(
    here: OfHub, show: str = "current", page: PageNumber = 1, done: str = ""
) -> Response:
    """The hub's own, what was changed last first."""
    if show not in SHOWN:
        return back_to("/hub/announcements")
    found = await here.get(AT, show=show, offset=(page - 1) * ROWS, count=ROWS + 1)
    rows = found["announcements"]
    at = "/hub/announcements?show={}&page={}"
    return here.page(
        "hub/announcements/list",
        show=show,
        shows=SHOWN,
        rows=rows[:ROWS],
        audiences=AUDIENCES,
        new=uuid4(),
        pages={
            "earlier": at.format(show, page - 1) if page > 1 else None,
            "further": at.format(show, page + 1) if len(rows) > ROWS else None,
        },
        said=DONE.get(done, ""),
    )


@router.get("/{announcement}")
async def show(announcement: UUID, here: OfHub, done: str = "") -> Response:
    """One, as its readers see it, with what was done with it."""
    found: Json = await here.get(f"{AT}/{announcement}")
    names = await names_of(here, (each["by"] for each in found["history"]))
    return here.page(
        "hub/announcements/one",
        said=DONE.get(done, ""),
        it={**found, "paragraphs": paragraphs(found["text"])},
        audience=AUDIENCES[found["audience"]],
        over=found["state"] == "ended" or found["last_day"] < here.times.today.isoformat(),
        told=[(TOLD[state], many) for state, many in found["told"].items() if state in TOLD],
        history=[
            {**each, "what": DID[each["what"]], "who": called(each["by"], names)}
            for each in found["history"]
        ],
    )


@router.get("/{announcement}/write")
async def ask(announcement: UUID, here: OfHub) -> Response:
    """The form; the id of a new one comes with the link."""
    found = await _known(here, announcement)
    days = {name: as_typed(found.get(name)) for name in ("first_day", "last_day")}
    if not found:
        days["first_day"] = as_typed(here.times.today.isoformat())
    typed = {**found, **days, "urgent": ["yes"] if found.get("urgent") else []}
    return await _page(here, announcement, found, typed, {}, 200)


@router.post("/{announcement}/write")
async def keep(announcement: UUID, here: OfHub) -> Response:
    """Keep it: a draft is looked at next, what is published changes at once."""
    form = await here.form()
    found = await _known(here, announcement)
    number = str(form.get("after") or "0")

    async def do(typed: Typed) -> str:
        body = {name: typed[name] for name in ("title", "text", "audience")} | {
            "first_day": day_in(typed, "first_day"),
            "last_day": day_in(typed, "last_day"),
            "urgent": bool(typed["urgent"]),
            "after": int(number) if number.isdecimal() and len(number) < 9 else 0,
        }
        kept = await here.send("PUT", f"{AT}/{announcement}", body)
        done = "kept" if kept["state"] == "draft" else "changed"
        return f"/hub/announcements/{announcement}?done={done}"

    again = partial(_page, here, announcement, found)
    return await take(form, FIELDS, do, again, wrong=_in_order, refused=_refused)


def _in_order(typed: Typed, found: Faults) -> Faults:
    if found or str(day_in(typed, "first_day")) <= str(day_in(typed, "last_day")):
        return {}
    return {"last_day": _("The last day is before the first day. Check both")}


def _refused(refusal: Refusal, fields: Sequence[Field]) -> Faults:
    overtaken = refusal.status == 409 and refusal.element == "after"
    return {"title": MOVED} if overtaken else at_its_field(refusal, fields)


@router.post("/{announcement}/publish")
async def publish(announcement: UUID, here: OfHub) -> Response:
    """Let its readers have it."""
    return await _do(here, announcement, "publish")


@router.post("/{announcement}/end")
async def end(announcement: UUID, here: OfHub) -> Response:
    """End it early."""
    return await _do(here, announcement, "end")


async def _do(here: Place, announcement: UUID, what: str) -> Response:
    await here.form()
    await here.send("POST", f"{AT}/{announcement}/{what}")
    return back_to(f"/hub/announcements/{announcement}?done={what}")


async def _known(here: Place, announcement: UUID) -> Json:
    """One as it is; empty for a new one, or another hub's, which is refused when it is sent."""
    try:
        found: Json = await here.get(f"{AT}/{announcement}")
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        return {}
    return found


async def _page(
    here: Place, announcement: UUID, found: Json, typed: Typed, faults: Faults, status: int
) -> Response:
    return here.page(
        "hub/announcements/write",
        status,
        at=f"/hub/announcements/{announcement}",
        found=found,
        after=found.get("version", 0),
        fields=FIELDS,
        typed=typed,
        faults=faults,
    )
