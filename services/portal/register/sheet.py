"""The register of one meeting: a mark for each, one by one as they are tapped, or all by a form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _
from shared.short_names import reference

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]

MARKS: Mapping[str, str] = {
    "came": _("Came"),
    "did-not-come": _("Did not come"),
    "told-us": _("Told us they could not"),
}
"""The referral's codes, in plain words."""
NEVER_TAKEN = frozenset({404, 409, 422})
"""How a mark is refused that cannot be taken at another time either."""
DONE: Mapping[str, str] = {
    "saved": _("Thank you. That is saved."),
    "some": _(
        "Something you marked could not be taken: the request has changed. The rest is saved."
    ),
}
SENDS_MARKS = "register.js"
"""Keeps marks until they have arrived; on a page that staff open first it sends what was left."""


@router.get("/registers/{service}/{day}")
async def show(service: UUID, day: date, here: Here, done: str = "") -> Response:
    """Who is expected, with the name that each agreed to share; who looked is recorded."""
    return await _page(here, service, day, 200, done=done)


@router.post("/registers/{service}/{day}")
async def mark_all(service: UUID, day: date, here: Here) -> Response:
    """Save what was chosen. The same form sent again changes nothing: its marks have their keys.

    Whose request has changed meanwhile is left out, and the marks of all others are kept.
    """
    form = await here.form()
    sheet = str(form.get("sheet") or "")
    register = await here.get(f"/referrals/registers/{service}/{day}")
    done = "saved"
    for person in register["people"]:
        chosen = form.get(f"mark-{person['task']}")
        if chosen in MARKS and chosen != person["mark"]:
            key = uuid5(NAMESPACE_URL, f"{sheet}/{person['task']}/{chosen}")
            try:
                await _mark(here, person["task"], day, str(chosen), str(key))
            except Refusal as refusal:
                if refusal.status not in NEVER_TAKEN:
                    raise
                done = "some"
    return back_to(f"/registers/{service}/{day}?done={done}")


@router.post("/registers/{service}/{day}/marks")
async def mark_one(service: UUID, day: date, here: Here) -> Response:
    """Save one mark, for the page's script: 204, or 410 where it can never be taken."""
    form = await here.form()
    task, mark, key = (str(form.get(name) or "") for name in ("task", "mark", "mark_key"))
    try:
        await _mark(here, str(UUID(task)), day, mark, key)
    except ValueError:
        return Response(status_code=410)
    except Refusal as refusal:
        if refusal.status in NEVER_TAKEN:
            return Response(status_code=410)
        raise
    return Response(status_code=204)


async def _mark(here: Place, task: str, day: date, mark: str, key: str) -> None:
    path = f"/referrals/requests/{task}/attendance/{day}"
    await here.send("PUT", path, {"mark": mark, "key": key})


def _told_apart(people: Sequence[Json]) -> list[Json]:
    """Who is expected, `called` what only one of them is: those of one name have the number of
    their request with it, as mails have it."""
    names = Counter(each["name"] for each in people)
    return [{**each, "called": _called(each, names[each["name"]])} for each in people]


def _called(person: Json, of_that_name: int) -> str:
    name: str = person["name"]
    if not name or of_that_name == 1:
        return name
    number = reference(UUID(person["task"]))
    return _("{name}, request {number}").format(name=name, number=number)


async def _page(here: Place, service: UUID, day: date, status: int, *, done: str) -> Response:
    register = await here.get(f"/referrals/registers/{service}/{day}")
    return here.page(
        "register/sheet",
        status,
        register={**register, "people": _told_apart(register["people"])},
        at=f"/registers/{service}/{day}",
        marks=MARKS,
        sheet=uuid4(),
        said=DONE.get(done, ""),
        scripts=[SENDS_MARKS],
    )
