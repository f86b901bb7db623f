"""Answering by the link in the e-mail, as a small group does: pages and forms, no account."""

import html
import mailbox
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from deploy.refusal import Refusal
from shared.short_names import reference as request_reference

if TYPE_CHECKING:
    from deploy.demo.journey import Journey

LINK = re.compile(r"https?://[^\s\"<>]+/answer/[A-Za-z0-9_-]+")
CODE = re.compile(r"\b(\d{3}[ -]?\d{3})\b")


class PageStopped(Refusal):
    """A mail or page was not as it should be; the message says which."""


class ByLink:
    """The provider opens the link in its mail, answers, asks for a code, sees who it is.

    Parameters:
        journey: whose provider it is.
        mails: the maildir into which the demo's mails go.
    """

    words = "The provider opens the link in its e-mail, with no account, and accepts"

    def __init__(self, journey: "Journey", mails: Path) -> None:
        self._journey = journey
        self._mails = mails
        self._seen = set(self._keys())
        self._http = httpx.Client(timeout=30, follow_redirects=True)
        self._page = ""

    def accept(self) -> None:
        """See `Answering`."""
        link = self.awaited(LINK)
        # The link stands under the public address; the journey may reach Kersey by another.
        address = f"{self._journey.url}{urlsplit(link).path}"
        self._show("GET", "/answer/…", self._http.get(address))
        self._submit("/answer", {"decision": "accept"})

    def identity(self) -> str:
        """See `Answering`."""
        self._submit("/answer/code", {})
        code = self.awaited(CODE)
        page = self._submit("/answer/who", {"code": code})
        agreed = self._journey.agreed().get("name", "")
        return agreed if agreed in " ".join(html.unescape(page).split()) else ""

    def progress(self, action: str) -> None:
        """See `Answering`."""
        today = time.localtime()
        day = {"day": today.tm_mday, "month": today.tm_mon, "year": today.tm_year}
        if action == "attend":
            noted = {f"marked_{name}": number for name, number in day.items()}
            self._submit("/answer/attendance", {"mark": "came", **noted})
        else:
            self._submit("/answer/progress", {"action": action, **day})

    def _submit(self, path: str, fields: dict[str, object]) -> str:
        form = _Hidden.of(self._page) | {name: str(value) for name, value in fields.items()}
        return self._show("POST", path, self._http.post(f"{self._journey.url}{path}", data=form))

    def _show(self, method: str, path: str, answer: httpx.Response) -> str:
        self._journey.screen.print(
            f"   provider's browser: {method} {path} -> {answer.status_code}"
        )
        if not answer.is_success:
            message = f"{method} {path} answered {answer.status_code}"
            raise PageStopped(message)
        self._page = answer.text
        return answer.text

    def _keys(self) -> list[str]:
        if not self._mails.is_dir():
            return []
        return list(mailbox.Maildir(self._mails, create=False).keys())

    def awaited(self, pattern: re.Pattern[str], seconds: float = 20.0) -> str:
        """What a mail that is new since the last one holds."""
        reference = request_reference(UUID(self._journey.task))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            box = mailbox.Maildir(self._mails, create=False)
            for key in [key for key in box.keys() if key not in self._seen]:  # noqa: SIM118 - no dict
                self._seen.add(key)
                text = _text(box[key])
                found = pattern.search(text)
                if found and reference in text:
                    return found[0]
            time.sleep(0.2)
        message = f"no mail with what was expected came into {self._mails}"
        raise PageStopped(message)


def _text(message: mailbox.MaildirMessage) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            return content.decode() if isinstance(content, bytes) else ""
    return ""


class _Hidden(HTMLParser):
    """Collects a page's hidden fields: the key that only this browser has."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    @classmethod
    def of(cls, page: str) -> dict[str, str]:
        parser = cls()
        parser.feed(page)
        return parser.fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden" and given.get("name"):
            self.fields[str(given["name"])] = given.get("value") or ""
