"""Announcements as their readers see them: plain words, in which https links lead on."""

import re
from collections.abc import Iterator
from typing import Any

from services.portal.answer_links import Refusal
from services.portal.staff.place import Place

Json = dict[str, Any]

AT = "/notifications/announcements"
FIRST = 3
"""Unread announcements on a first page; the rest is on the list."""

_LINK = re.compile(r"https://[^\s<>\"']+")
_AFTER = ".,;:!?)]}"
"""What ends a sentence is no part of the address before it."""


def paragraphs(text: str) -> list[list[tuple[str, bool]]]:
    """A text's paragraphs, each as parts: words, and whether they are an address to follow."""
    return [list(_parts(each)) for each in text.split("\n\n") if each.strip()]


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    begun = 0
    for found in _LINK.finditer(text):
        address = found[0].rstrip(_AFTER)
        yield text[begun : found.start()], False
        yield address, True
        begun = found.start() + len(address)
    yield text[begun:], False


def shown(said: Json) -> Json:
    """An announcement, its text in parts."""
    return {**said, "paragraphs": paragraphs(said["text"])}


async def unread(here: Place) -> list[Json]:
    """What whoever is signed in has not read, for their first page; empty while it cannot be told:
    the page keeps the rest."""
    try:
        found = await here.look(f"{AT}/current")
    except Refusal as refusal:
        if refusal.status == 401:
            raise
        found = None
    said = (found or {}).get("announcements", ())
    return [shown(each) for each in said if not each["read"]][:FIRST]
