"""The pages of the front door. Every one works without scripts; none needs an account.

What is typed lives in the pages alone until it is handed in: the page to check it holds it in
hidden fields and sends all of it again. Nothing of it stands in an address or a log.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from services.portal.front_door.door import Door, NotNow, NotTaken, NotThere, SentBefore
from services.portal.front_door.form import Filled, blank, read
from services.portal.front_door.stamp import Stamp, Stamps
from services.portal.front_door.words import ACCESS, AGREED, MANY, NEEDS, ONE, SAFE, SOURCES
from services.portal.times import times_at
from services.portal.typed import form_sent
from shared.languages import _, ngettext
from shared.pages import Pages
from shared.rate_limits import CallerLimit

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]

OPEN_FOR = 24 * 3600
"""Seconds for which a page can be sent; afterwards it is looked through once more."""

MOST_BYTES = 64 * 1024
"""Of a form; whoever writes as much as every field takes needs less."""

REFERENCE = re.compile(r"(?:[2-9B-DF-HJKMP-RTV-Z]{3}-){2}[2-9B-DF-HJKMP-RTV-Z]{3}")

_TOO_QUICK = _(
    "That was very quick, as a program would be. Look at what you typed and send it again"
)
_DECOY = _(
    "Something was typed in a field that is hidden, as a program would do. We emptied it."
    " Look at the rest and send it again"
)
_OLD = _("This page was open for a long time. Look at what you typed and send it again")
_NOT_NOW = _(
    "We could not send it just now. What you typed is still on this page. Wait a minute and"
    " send it again"
)


@dataclass(frozen=True)
class FrontDoor:
    """What the pages work with.

    Attributes:
        door: of referrals.
        stamps: of the forms.
        limit: how often one address may send.
        seconds: that filling in takes at least.
    """

    door: Door
    stamps: Stamps
    limit: CallerLimit
    seconds: int


@dataclass(frozen=True)
class Visit:
    """One look at a form, or one sending of it.

    Attributes:
        request: the browser's.
        hub: at whose door.
        who: one of `SOURCES`.
    """

    request: Request
    hub: Json
    who: str

    @property
    def front(self) -> FrontDoor:
        """What the pages work with."""
        return _front(self.request)

    @property
    def today(self) -> date:
        """Where the form is filled in."""
        return times_at(self.request).today

    @property
    def practices(self) -> dict[str, str]:
        """Those that may be named, by ODS code."""
        return {each["ods_code"]: each["name"] for each in self.hub.get("practices", [])}

    def page(
        self, template: str, filled: Filled, stamp: str, status: int = 200, **more: Any
    ) -> Response:
        """A page with the form or with what stands in it."""
        pages: Pages = self.request.app.state.pages
        return pages.page(
            f"door/{template}",
            status,
            hub=self.hub,
            who=self.who,
            own=filled.own,
            action=self.request.url.path,
            filled=filled.one,
            chosen=filled.many,
            faults=filled.faults,
            stamp=stamp,
            practices=self.practices,
            **WORDS,
            **more,
        )


WORDS: Mapping[str, Any] = {
    "sources": SOURCES,
    "needs": NEEDS,
    "access": ACCESS,
    "safe": SAFE,
    "agreed": AGREED,
    "one_fields": ONE,
    "many_fields": MANY,
}


async def typed(request: Request) -> FormData:
    """The form, without files.

    Raises:
        HTTPException: 413 where it is longer than every field together.
    """
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise HTTPException(413)
    return await form_sent(request, 100)


Typed = Annotated[FormData, Depends(typed)]


@router.get("/refer/{hub}")
def hub_page(hub: str, request: Request) -> Response:
    """Who it is for, what happens next, and who is at the door."""
    pages: Pages = request.app.state.pages
    found = _hub(request, hub)
    return pages.page("door/hub", hub=found, sources=SOURCES)


@router.get("/refer/{hub}/received/{reference}")
def received(hub: str, reference: str, request: Request) -> Response:
    """The receipt: a reference that names nobody, what happens next, how to change one's mind."""
    pages: Pages = request.app.state.pages
    if not REFERENCE.fullmatch(reference):
        raise HTTPException(404)
    return pages.page("door/received", hub=_hub(request, hub), reference=reference)


@router.get("/refer/{hub}/{who}")
def ask(hub: str, who: str, request: Request) -> Response:
    """The form."""
    return _begin(_visit(request, hub, who), blank(who))


@router.post("/refer/{hub}/{who}")
def send(hub: str, who: str, request: Request, form: Typed) -> Response:
    """The form with its faults, the page to check it, or the way to its receipt."""
    return _take(_visit(request, hub, who), form)


@router.get("/practice/{ods_code}")
def ask_at_practice(ods_code: str, request: Request) -> Response:
    """The form for a practice, with what is known of the practice filled in."""
    visit, known = _at_practice(request, ods_code)
    return _begin(visit, blank(visit.who, **known))


@router.post("/practice/{ods_code}")
def send_at_practice(ods_code: str, request: Request, form: Typed) -> Response:
    """The same as `send`; a form that another program sent, without a step, fills the page in."""
    visit, known = _at_practice(request, ods_code)
    if "step" in form:
        return _take(visit, form)
    filled = read(visit.who, form)
    filled.one |= {"agreed": "", "agreed_how": "", "tell_gp": "", "tell_referrer": ""} | known
    return _begin(visit, filled)


# --- the steps --------------------------------------------------------------------------------


def _begin(visit: Visit, filled: Filled) -> Response:
    return visit.page("form", filled, visit.front.stamps.new())


def _take(visit: Visit, form: FormData) -> Response:
    filled = read(visit.who, form)
    text, step = str(form.get("stamp", "")), str(form.get("step", ""))
    stamp = visit.front.stamps.read(text)
    if step == "change":
        return visit.page("form", filled, text if stamp else visit.front.stamps.new())
    filled.check(visit.today, visit.practices)
    if filled.faults:
        fresh = text if stamp and stamp.age < OPEN_FOR else visit.front.stamps.new()
        return visit.page("form", filled, fresh, 422)
    doubt = _doubt(visit.front, form, stamp)
    if doubt or stamp is None:
        fresh = visit.front.stamps.new() if doubt == _OLD else text
        return visit.page("check", filled, fresh, 422, trouble=doubt)
    if step != "send":
        return visit.page("check", filled, text)
    return _hand_in(visit, filled, text, stamp)


def _doubt(front: FrontDoor, form: FormData, stamp: Stamp | None) -> str:
    """Why this may be no person; empty where nothing speaks for that."""
    if form.get("website"):
        return _DECOY
    if stamp is None or stamp.age > OPEN_FOR:
        return _OLD
    return _TOO_QUICK if stamp.age < front.seconds else ""


def _hand_in(visit: Visit, filled: Filled, text: str, stamp: Stamp) -> Response:
    wait = visit.front.limit.wait()
    if wait:
        minutes = -(-wait // 60)
        words = ngettext(
            "Many forms were sent from where you are, so we did not take this one yet. What you"
            " typed is still on this page. Send it again in {count} minute",
            "Many forms were sent from where you are, so we did not take this one yet. What you"
            " typed is still on this page. Send it again in {count} minutes",
            minutes,
        ).format(count=minutes)
        page = visit.page("check", filled, text, 429, trouble=words)
        page.headers["retry-after"] = str(wait)
        return page
    try:
        body = filled.body(stamp.key, visit.hub["code"], visit.today)
        reference = visit.front.door.hand_in(body)
    except SentBefore as before:
        pages: Pages = visit.request.app.state.pages
        return pages.page("door/before", 409, hub=visit.hub, reference=before.reference)
    except NotTaken as refused:
        field = {"practice": "practice", "nhs_number": "nhs_number", "birth_date": "day"}.get(
            refused.element.rpartition(".")[2], "words"
        )
        filled.faults = {field: refused.detail.rstrip(".")}
        return visit.page("form", filled, text, 422)
    except (NotNow, NotThere):
        return visit.page("check", filled, text, 503, trouble=_NOT_NOW)
    return RedirectResponse(f"/refer/{visit.hub['code']}/received/{reference}", 303)


# --- finding ----------------------------------------------------------------------------------


def _visit(request: Request, hub: str, who: str) -> Visit:
    if who not in SOURCES:
        raise HTTPException(404)
    return Visit(request, _hub(request, hub), who)


def _at_practice(request: Request, ods_code: str) -> tuple[Visit, dict[str, str]]:
    found = _found(request, lambda door: door.practice(ods_code), ods_code)
    known = {"practice": found["ods_code"], "referrer_organisation": found["name"]}
    return Visit(request, _hub(request, found["hub"]), "practice"), known


def _hub(request: Request, code: str) -> Json:
    return _found(request, lambda door: door.hub(code), code)


def _found(request: Request, ask: Callable[[Door], Json], key: str) -> Json:
    """What referrals knows.

    Raises:
        HTTPException: 404 where there is nothing like it, 503 where it cannot be asked.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", key):
        raise HTTPException(404)
    try:
        return ask(_front(request).door)
    except (NotThere, NotTaken) as error:
        raise HTTPException(404) from error
    except NotNow as error:
        raise HTTPException(503) from error


def _front(request: Request) -> FrontDoor:
    """What the pages work with.

    Raises:
        HTTPException: 404 where this portal has no client of its own and so no front door.
    """
    front: FrontDoor | None = request.app.state.front_door
    if front is None:
        raise HTTPException(404)
    return front
