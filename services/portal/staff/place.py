"""What every page of the staff works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.apis import Apis
from services.portal.sign_in.doorkeeper import form_of, signed_in
from services.portal.sign_in.sessions import Sessions, SignedIn
from services.portal.staff.times import Times
from shared.pages import Pages


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

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page, with who is signed in in its head."""
        pages: Pages = self.request.app.state.pages
        return pages.page(
            template, status, who=self.who, times=self.times, here=self.request.url.path, **values
        )

    async def form(self) -> FormData:
        """The form that was sent.

        Raises:
            SendAgain: from a page of another session.
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


def _place(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Place:
    settings = request.app.state.settings
    times = Times(settings.timezone, datetime.now(UTC))
    return Place(request, who, request.app.state.apis, times)


Here = Annotated[Place, Depends(_place)]


def refusal_page(request: Request, refusal: Refusal) -> Response:
    """What a service refused to whoever is signed in, and where to go from here."""
    pages: Pages = request.app.state.pages
    who: SignedIn | None = getattr(request.state, "signed_in", None)
    of_hub = request.url.path.startswith("/hub")
    return pages.page("staff/refused", refusal.status, who=who, refusal=refusal, of_hub=of_hub)
