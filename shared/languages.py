"""In which language a page is read: its messages, days and numbers.

A message is named by its own English text, which is what the source holds: English is complete by
itself, and a message that a catalogue lacks is said in English. Catalogues are read once, as the
service starts, from the `.po` files themselves: nothing is compiled ahead, so that nothing can be
out of date.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from markupsafe import Markup, escape
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

SOURCE = "en-GB"
"""What the messages themselves are written in."""

MOST_WISHES = 20
"""Languages of an Accept-Language that are looked at; browsers send some five."""


class Language:
    """One in which pages can be read.

    Args:
        tag: BCP 47.
        catalogue: its `.po` file; none for the language of the source.

    Raises:
        babel.UnknownLocaleError: Unicode CLDR knows no such language.
        OSError: the catalogue cannot be read.
        ValueError: a translation has other `{names}` in it than its message.
    """

    def __init__(self, tag: str, catalogue: Path | None = None) -> None:
        self.tag = tag
        self.locale = Locale.parse(tag, sep="-")
        self.translations = _read(catalogue, self.locale) if catalogue else NullTranslations()

    @cached_property
    def direction(self) -> str:
        """Of its script: `ltr` or `rtl`."""
        return self.locale.text_direction

    def said(self, message: str) -> str:
        """A message in this language; nothing stays nothing (in a catalogue it is the header)."""
        said = self.translations.gettext(message) if message else ""
        return said if type(said) is str else str.__str__(said)

    def number(self, value: float, pattern: str | None = None) -> str:
        """A number as it is written in this language, such as 1,000 in English.

        Args:
            value: the number.
            pattern: how exactly, as Unicode CLDR writes patterns: `0.0` has one decimal.
        """
        return format_decimal(value, pattern, locale=self.locale)

    @contextmanager
    def spoken(self) -> Iterator[None]:
        """Within this, messages are said in this language."""
        before = _READ_IN.set(self)
        try:
            yield
        finally:
            _READ_IN.reset(before)


def _read(catalogue: Path, locale: Locale) -> Translations:
    with catalogue.open("rb") as written:
        messages = read_po(written, locale=locale)
    for message, errors in messages.check():
        raise ValueError(f"{catalogue.name}: '{message.id}': {errors[0]}")
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


ENGLISH = Language(SOURCE)
_READ_IN: ContextVar[Language] = ContextVar("read_in", default=ENGLISH)


def language() -> Language:
    """The one in which the page of this request is read."""
    return _READ_IN.get()


class Message(str):
    """A text of a page that is said in the reader's language, whenever it is shown.

    To a program it is its English text, so that it can stand in a table of a module, be compared
    and be a key. What it takes to show a text says it in the reader's language; joining texts with
    `+` does not: a sentence is one message, with `{names}` of what is filled in.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return language().said(self)

    def __html__(self) -> Markup:
        """As Jinja shows it."""
        return escape(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def format(self, *filled: object, **named: object) -> str:
        """The message with its `{names}` filled in."""
        return str(self).format(*filled, **named)

    def strip(self, chars: str | None = None, /) -> str:
        """As `str.strip`; NHS.UK frontend's macros ask for it."""
        return str(self).strip(chars)

    def lower(self) -> str:
        """As `str.lower`."""
        return str(self).lower()

    def capitalize(self) -> str:
        """As `str.capitalize`."""
        return str(self).capitalize()

    def rstrip(self, chars: str | None = None, /) -> str:
        """As `str.rstrip`."""
        return str(self).rstrip(chars)


def _(message: str) -> Message:
    """Mark a text as one that pages say."""
    return Message(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a message that goes with a number: Welsh has six of them, Polish three."""
    return language().translations.ngettext(one, many, count)


class Languages:
    """Those that a deployment has turned on; the language of the source is always one.

    Args:
        folder: where the catalogues are: `cy.po` and so on.
        tags: BCP 47, with commas between them; the first is for readers who ask for none of them.

    Raises:
        ValueError: one of them is no language, or has no catalogue.
    """

    def __init__(self, folder: Path, tags: str = SOURCE) -> None:
        named = [tag.strip() for tag in tags.split(",") if tag.strip()] or [SOURCE]
        self.known = {tag: self._one(folder, tag) for tag in dict.fromkeys([*named, SOURCE])}
        self.usual = self.known[named[0]]

    @staticmethod
    def _one(folder: Path, tag: str) -> Language:
        if tag == SOURCE:
            return ENGLISH
        catalogue = folder / f"{tag}.po"
        if not catalogue.is_file():
            there = ", ".join(sorted(each.stem for each in folder.glob("*.po"))) or "none"
            raise ValueError(f"no catalogue of language '{tag}': there are {there}")
        return Language(tag, catalogue)

    def wished(self, accepts: str) -> Language:
        """Which of them a reader likes best.

        Args:
            accepts: the header Accept-Language (RFC 9110, section 12.5.4).
        """
        for tag in _by_weight(accepts):
            for known in self.known.values():
                if tag in (known.tag.lower(), known.locale.language):
                    return known
        return self.usual


def _by_weight(accepts: str) -> list[str]:
    """The languages of an Accept-Language that are wanted at all, best first; of each what it is
    called with its region, then without."""
    weighed = []
    for place, each in enumerate(accepts.lower().split(",")[:MOST_WISHES]):
        tag, _, weight = each.replace(" ", "").partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag))
        except ValueError:
            continue
    liked = [tag for weight, _, tag in sorted(weighed) if weight < 0]
    return [each for tag in liked for each in (tag, tag.partition("-")[0])]


class ReadIn:
    """Settles in which language the pages of a request are read.

    Args:
        app: what answers.
        languages: those that can be read.
    """

    def __init__(self, app: ASGIApp, languages: Languages) -> None:
        self._app, self._languages = app, languages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the language that the browser asks for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wished = self._languages.wished(Headers(scope=scope).get("accept-language", ""))
        with wished.spoken():
            await self._app(scope, receive, send)
