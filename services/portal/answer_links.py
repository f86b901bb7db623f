"""What the pages ask of the notifications service, for whoever holds an answer link."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx

from shared import tracing
from shared.languages import Message
from shared.rate_limits import caller

Json = dict[str, Any]

AT = "/notifications"
ANSWER, VISIT = "Kersey-Answer-Session", "Kersey-Visit-Session"
"""In which header a session goes: each opens its own purpose."""

_SESSION = re.compile(r"[A-Za-z0-9_-]{0,200}")
"""What a session looks like; a cookie may hold anything, and a header not."""


class Refusal(Exception):
    """Notifications said no, or could not be reached.

    Args:
        status: its HTTP status, 503 when there was none.
        reason: its code, such as `expired-link`; empty where it gave none.
        title: its words.
        detail: more words.
        element: the field at fault, such as `body.note`; empty where it named none.
        tries_left: after a wrong code.
        found: what a text tells of a person, by element and place; see `staff.unnamed`.
    """

    def __init__(
        self,
        status: int,
        *,
        reason: str = "",
        title: str = "",
        detail: str = "",
        element: str = "",
        tries_left: int | None = None,
        found: Sequence[Json] = (),
    ) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.title = title
        self.detail = detail
        self.element = element
        self.tries_left = tries_left
        self.found = found

    @property
    def foreign(self) -> bool:
        """Whether its words are another service's own, which are English whoever reads."""
        said = self.detail or self.title
        return bool(said) and not isinstance(said, Message)

    @property
    def moved_on(self) -> bool:
        """Whether somebody else was quicker; its words are about a Task then, and no page's."""
        return self.status == 409 and self.element == "Task.status"


class AnswerLinks:
    """What notifications tells, and takes from, the holders of its links.

    Args:
        http: has the service's address as its base.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def exchange(self, token: str) -> str:
        """A session for a link's token."""
        try:
            told = await self._ask("POST", "/answer-links/exchange", json={"token": token})
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            # It does not even look like a token: part of it was lost, or something stuck to it.
            raise Refusal(404, reason="unknown-link") from refusal
        return str(told["session"])

    async def capacity(self, token: str, *, say: bool = False) -> Json:
        """What a link of the weekly message would say; with `say`, it is said."""
        step = "answer" if say else "look"
        try:
            return await self._ask("POST", f"/capacity-links/{step}", json={"token": token})
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            raise Refusal(404, reason="unknown-link") from refusal

    async def mute(self, token: str, *, end: bool = False) -> Json:
        """Which kinds of message a link ends; with `end`, they are ended."""
        step = "mute" if end else "look"
        try:
            return await self._ask("POST", f"/mute-links/{step}", json={"token": token})
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            raise Refusal(404, reason="unknown-link") from refusal

    async def view(self, session: str) -> Json:
        """The anonymous request."""
        return await self._ask("GET", "/answer", session)

    async def answer(self, session: str, answer: Json) -> Json:
        """Give the provider's answer."""
        return await self._ask("POST", "/answer", session, json=answer)

    async def send_code(self, session: str) -> None:
        """Have a one-time code sent."""
        await self._ask("POST", "/answer/code", session)

    async def give_code(self, session: str, code: str) -> None:
        """Give the code, to see later what only a code shows."""
        await self._ask("PUT", "/answer/code", session, json={"code": code})

    async def identity(self, session: str, code: str | None) -> Json:
        """Who the person is."""
        body = {} if code is None else {"code": code}
        return await self._ask("POST", "/answer/identity", session, json=body)

    async def progress(self, session: str, progress: Json) -> Json:
        """Record how it goes."""
        return await self._ask("POST", "/answer/progress", session, json=progress)

    async def attendance(self, session: str) -> list[Json]:
        """On which days somebody came or did not, the earliest first."""
        days: list[Json] = (await self._ask("GET", "/answer/attendance", session))["days"]
        return days

    async def mark(self, session: str, day: date, mark: str, key: str) -> str | None:
        """Mark whether somebody came on a day; the mark in whose place it came."""
        body = {"mark": mark, "key": key}
        told = await self._ask("PUT", f"/answer/attendance/{day}", session, json=body)
        before: str | None = told["before"]
        return before

    async def messages(self, session: str) -> Json:
        """What was written about the request."""
        return await self._ask("GET", "/answer/messages", session)

    async def write(self, session: str, text: str, key: str) -> Json:
        """Write to the link worker; all that was written afterwards."""
        body = {"text": text, "key": key}
        return await self._ask("POST", "/answer/messages", session, json=body)

    async def open_visit(self, token: str) -> str:
        """A session for the token of a link in a message to a person."""
        try:
            told = await self._ask("POST", "/visit-links/exchange", json={"token": token})
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            raise Refusal(404, reason="unknown-link") from refusal
        return str(told["session"])

    async def visit(self, session: str) -> Json:
        """What was agreed with the person."""
        return await self._ask("GET", "/visit", session, header=VISIT)

    async def say(self, session: str, said: str, day: date | None = None) -> None:
        """Pass on what the person says; `day` is on which they do not come, where they say that."""
        body = {"said": said} | ({"day": day.isoformat()} if day else {})
        await self._ask("POST", "/visit", session, header=VISIT, json=body)

    async def meeting(self, session: str, starts: str) -> None:
        """Say, by an answer link, when the person is expected first."""
        await self._ask("PUT", "/answer/meeting", session, json={"starts": starts})

    async def _ask(
        self, method: str, path: str, session: str = "", *, header: str = ANSWER, **content: Any
    ) -> Json:
        if not _SESSION.fullmatch(session):
            raise Refusal(401, reason="no-session")
        headers = tracing.header()
        if session:
            headers[header] = session
        if caller():  # else all who answer would count as one address there
            headers["X-Forwarded-For"] = caller()
        try:
            answer = await self._http.request(method, AT + path, headers=headers, **content)
            told = {} if answer.status_code == httpx.codes.NO_CONTENT else answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Refusal(503) from error
        if answer.is_success and isinstance(told, dict):
            return told
        said = told if isinstance(told, dict) else {}
        raise Refusal(
            answer.status_code if answer.is_error else 503,
            reason=str(said.get("reason", "")),
            title=str(said.get("title", "")),
            detail=str(said.get("detail", "")),
            element=str(said.get("element", "")),
            tries_left=said.get("tries_left"),
        )
