"""Values as they come in: texts, addresses and numbers, checked and cleaned at the edge."""

import html
import re
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import nh3
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from shared.misfits import form

RICH = {"p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "a"}
"""Markup that a description may keep; HSDS descriptions do contain HTML."""


def storable(text: str) -> str:
    """A text that PostgreSQL can keep.

    Raises:
        ValueError: it has a NUL character.
    """
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


def _rich(text: str) -> str:
    """Descriptions keep simple markup. Text without a `<` is text, and `Tea & talk` stays so."""
    return nh3.clean(storable(text), tags=RICH) if "<" in text else storable(text)


def plain(text: str) -> str:
    """A text without any markup, and no HTML either: `Tea & talk <b>` is `Tea & talk`."""
    text = storable(text)
    while "<" in text:
        bare = html.unescape(nh3.clean(text, tags=set())).strip()
        if len(bare) >= len(text):
            return bare
        text = bare  # what was an entity may be markup now
    return text


def _saying(text: str) -> str:
    if not text.strip():
        raise ValueError("must say something beside its markup")
    return text


_NO_URI = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")


_NO_ADDRESS = "Give a whole web address, such as https://www.clay.example."


def _web(text: str) -> str:
    """An address as people write it, with what RFC 3986 has no sign for as `%`: HSDS has URIs."""
    if not text.lower().startswith(("https://", "http://")) or any(c.isspace() for c in text):
        raise ValueError(_NO_ADDRESS)
    try:
        named = urlsplit(text).hostname
    except ValueError:
        named = None
    if not named:
        raise ValueError(_NO_ADDRESS)
    return _NO_URI.sub(lambda found: quote(found[0], safe=""), storable(text))


def _empty_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - what pydantic tells of
    return value


Count = Annotated[int, BeforeValidator(_no_truth)]
Number = Annotated[float, BeforeValidator(_no_truth)]
"""A number, also one that another directory wrote as text; `true` is none."""
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(plain)
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(plain),
    AfterValidator(_saying),
]
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=20_000), AfterValidator(_rich)
]
Web = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_web)]
MaybeWeb = Annotated[Web | None, BeforeValidator(_empty_is_absent)]
HubCode = Annotated[
    str,
    StringConstraints(
        pattern=form(
            r"^[a-z][a-z0-9-]{0,39}$",
            "Give a hub's code as GET /directory/hubs has it, such as bradford.",
        )
    ),
]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=form(
            r"^[^\s\x00@<>]+@[^\s\x00@<>]+\.[^\s\x00@<>]+$",
            "Give one e-mail address, such as hello@clay.example.",
        ),
    ),
]
MaybeEmail = Annotated[Email | None, BeforeValidator(_empty_is_absent)]

_DAY = r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)"
Days = Annotated[
    str,
    StringConstraints(
        max_length=100,
        pattern=form(
            rf"^{_DAY}(?:,{_DAY})*$",
            "Give days by their codes, such as MO,TH; the second Tuesday of a month is 2TU.",
        ),
    ),
]
PhoneNumber = Annotated[
    str,
    StringConstraints(
        pattern=form(r"^[0-9+() -]{3,40}$", "Give a telephone number alone, such as 01632 960417.")
    ),
]
