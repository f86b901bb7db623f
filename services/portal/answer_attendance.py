"""Who came when, noted behind an answer link: the marks of the provider's register, day by day."""

from datetime import date
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Request, Response

from services.portal.answer import HOME, MARKED, Session, asked_again, noted
from services.portal.answer_links import Refusal
from services.portal.link_forms import form_of, links_of, text_of
from services.portal.register.sheet import MARKS
from services.portal.times import times_at
from services.portal.typed import Mistyped, day_of
from shared.languages import _

router = APIRouter(include_in_schema=False)


@router.post(f"{HOME}/attendance")
async def mark(request: Request, session: Session = "") -> Response:
    """Note whether somebody came on a day, or put right what was noted.

    The same form sent twice is one mark: its key is made of the sheet and what was chosen.
    """
    form = await form_of(request, session)
    given = {name: text_of(form, name) for name in ("mark", *MARKED)}
    faults: dict[str, str] = {}
    if given["mark"] not in MARKS:
        faults["mark"] = _("Choose if they came")
    try:
        day = _day(given, times_at(request).today)
        if not faults:
            key = uuid5(NAMESPACE_URL, f"{form.get('sheet')}/{day}/{given['mark']}")
            before = await links_of(request).mark(session, day, given["mark"], str(key))
            return noted("replaced" if before not in (None, given["mark"]) else "noted")
    except Mistyped as mistyped:
        faults[MARKED[0]] = str(mistyped)
    except Refusal as refusal:
        if refusal.status != 422 or not refusal.detail:
            raise
        faults = {MARKED[0]: refusal.detail.rstrip(".")}
    return await asked_again(request, session, given, faults)


def _day(given: dict[str, str], today: date) -> date:
    parts = zip(("day", "month", "year"), MARKED, strict=True)
    return day_of({name: given[field] for name, field in parts}, today)
