"""What every page of the staff works with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.apis import Apis
from services.portal.sign_in.doorkeeper import form_of, signed_in
from services.portal.sign_in.notice import seconds_until_last_notice
from services.portal.sign_in.sessions import Sessions, SignedIn
from services.portal.staff.areas import area_of
from services.portal.staff.first_pages import first_page
from services.portal.staff.whose_pages import check_whose
from services.portal.times import Times, times_at
from shared.languages import _
from shared.pages import Pages

NOTICES = "notices.js"
"""Follows how many notices are unread."""

ENDED = "case-ended"
"""The reason of a refusal: nothing more is done with a case that has ended."""

PARTS: Mapping[str, str] = {
    "sign-in": _("The sign-in"),
    "fhir": _("What keeps the referrals"),
    "referrals": _("What keeps the referrals"),
    "directory": _("The list of services"),
    "notifications": _("What sends the messages"),
    "identity": _("What keeps the accounts"),
}
"""The parts of Kersey, by the reason of a refusal."""


_ABOUT = re.compile(r"(/.*?/[0-9a-f-]{36}).*")
"""The page of what an address is about: all of it up to the first id."""


@dataclass(frozen=True)
class Place:
    """A page on behalf of somebody who is signed in.

    Attributes:
        request: for the page.
        who: is signed in.
        apis: of the other services, asked with their token.
        times: tells times.
    """

    request: Request
    who: SignedIn
    apis: Apis
    times: Times

    def page(
        self,
        template: str,
        status: int = 200,
        *,
        scripts: Sequence[str] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        **values: Any,
    ) -> Response:
        """The page, with who is signed in in its head, and how many notices they have not read."""
        pages: Pages = self.request.app.state.pages
        idle: int = self.request.app.state.settings.session_idle_minutes
        page = pages.page(
            template,
            status,
            scripts=[*((NOTICES,) if self.who.works_here else ()), *scripts],
            who=self.who,
            times=self.times,
            here=self.request.url.path,
            account=account_of(self.request),
            idle=idle,
            ends_after=seconds_until_last_notice(self.who.left, idle),
            **values,
        )
        page.headers.update(headers)
        return page

    async def form(self) -> FormData:
        """The form that was sent.

        Raises:
            SendAgain: from a page of a session before.
            NotTheirs: from a page of another site, or of another person.
            Sent: it was sent before.
        """
        return await form_of(self.request, self.who)

    async def keep(self, page: str, typed: Mapping[str, Any]) -> None:
        """Keep what was typed into a form, so that going back and forth loses nothing."""
        await run_sync(self._sessions.keep, self.who.secret, page, typed)

    async def kept(self, page: str) -> dict[str, Any] | None:
        """What was typed into the form at an address; None if nothing is kept of it."""
        return await run_sync(self._sessions.kept, self.who.secret, page)

    @property
    def _sessions(self) -> Sessions:
        sessions: Sessions = self.request.app.state.sessions
        return sessions

    async def get(self, path: str, **params: Any) -> Any:
        """What an API has at a path; see `Apis.get`."""
        return await self.apis.get(self.who, path, **params)

    async def look(self, path: str, **params: Any) -> Any:
        """The same; None while the service cannot be reached: the page keeps the rest.

        Empty where whoever asks may see the case and not all of it.
        """
        try:
            return await self.get(path, **params)
        except Refusal as refusal:
            if refusal.status in (403, 404, 410):
                return {}
            if refusal.status >= 500:
                return None
            raise

    async def send(self, method: str, path: str, body: object = None) -> Any:
        """Have something done; see `Apis.send`."""
        return await self.apis.send(self.who, method, path, body)


def back_to(path: str) -> Response:
    """To another page, by GET: what was sent is not sent again by going back."""
    return RedirectResponse(path, 303)


async def _place(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Place:
    check_whose(request.url.path, who.granted.roles)
    return Place(request, who, request.app.state.apis, times_at(request))


def account_of(request: Request) -> str:
    """Where whoever is signed in sees their sign-ins; empty where another issuer keeps them."""
    settings = request.app.state.settings
    return "/identity/account" if settings.issuer == f"{settings.public_url}/identity" else ""


Here = Annotated[Place, Depends(_place)]


def refusal_page(request: Request, refusal: Refusal) -> Response:
    """What a service refused to whoever is signed in, and where to go from here.

    What could not be sent just now stands ready to be sent again.
    """
    pages: Pages = request.app.state.pages
    state = request.state
    who: SignedIn | None = getattr(state, "signed_in", None)
    return pages.page(
        "staff/refused",
        refusal.status,
        who=who,
        account=account_of(request),
        refusal=refusal,
        parts=PARTS,
        again=request.url.path,
        about=_ABOUT.sub(r"\1", request.url.path),
        look=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        typed=getattr(state, "typed", None),
        kept=getattr(state, "kept", None),
        posted=request.method == "POST",
        area=area_of(request.url.path),
        first=first_page(who.granted.roles) if who else None,
        over=refusal.reason == ENDED,
    )
