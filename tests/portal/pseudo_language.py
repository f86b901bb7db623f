"""A language that nobody speaks: every message in brackets, its letters with accents.

What stays as it is on a page in it was never marked, or was said before it was shown.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from services.portal.app import STATIC
from shared.catalogues import messages_of, written

TAG = "cy"
"""Under which it goes: Unicode CLDR has to know it, and its plurals are not English ones."""
PLAIN = "AEIOUaeiouyn"
ACCENTED = "ÀÉÎÖÛàéîöûýñ"
KEPT = re.compile(r"(%\(\w+\)s|%%|\{\w+\}|<[^>]*>|&\w+;)")
"""What a translator leaves as it is: what is filled in, and markup."""
MESSAGE = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[a-z]{3,}", re.IGNORECASE)


def accented(message: str) -> str:
    """A message in it."""
    parts = KEPT.split(message)
    parts[::2] = [part.translate(str.maketrans(PLAIN, ACCENTED)) for part in parts[::2]]
    return f"⟦{''.join(parts)}⟧"


def pseudo_catalogue(folder: Path, service: Path = STATIC.parent) -> Path:
    """The folder with a catalogue of all that a service says, by default the portal."""
    catalogue = messages_of(service)
    catalogue.locale = TAG
    for message in catalogue:
        ids: Any = message.id
        if isinstance(ids, tuple):
            one, many = map(accented, ids)
            message.string = (one, *[many] * (catalogue.num_plurals - 1))
        elif ids:
            message.string = accented(ids)
    (folder / f"{TAG}.po").write_bytes(written(catalogue))
    return folder


class Said(HTMLParser):
    """What a page says to people."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._code = 0
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "html":
            self.language = given["lang"] or ""
        self._code += tag in ("code", "pre")
        self.words += [value or "" for name, value in attributes if name == "aria-label"]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.words.append(data)

    @property
    def unchanged(self) -> set[str]:
        """Words that stand in no message."""
        # A message may have markup in it, so its brackets may be in different texts.
        return set(WORD.findall(MESSAGE.sub("", "".join(self.words))))
