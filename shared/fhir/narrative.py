"""Whether a narrative's XHTML is harmless (FHIR R4 narrative.html, invariants txt-1 and txt-2).

A narrative is shown to people, so nothing in it may run, load or ask. What a client sent is never
rewritten: a cleaned narrative could say less than its author signed. It is taken or refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.entities import name2codepoint
from xml.etree import ElementTree as ET

import nh3

from shared.fhir.bindings import read

XHTML = "http://www.w3.org/1999/xhtml"
#: What is no markup but for its own ends: a comment (1), or a CDATA section with what is in it (2).
_ASIDE = re.compile(r"(<!--[^<>]*?-->)|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
#: HTML has no CDATA: a browser skips to the first '>' and reads on from there. What it would then
#: see as an element, or as the end of one around the narrative; the end of a phrase ends nothing.
_MARKUP_TO_BROWSERS = re.compile(
    r">.*?<(?!\s|/(?:a|abbr|acronym|b|bdo|big|cite|code|dfn|em|i|kbd|q|samp|script|small|span|strong"
    r"|style|sub|sup|tt|u|var)>)",
    re.DOTALL,
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_SCHEME = re.compile(r"([^/?#]*?):")
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
#: xml:lang and xml:space, which XHTML itself defines.
_XML = "{http://www.w3.org/XML/1998/namespace}"
#: (element, attribute, value)
Attribute = tuple[str, str, str]
_ADDRESSES = frozenset({"cite", "href", "longdesc", "src", "usemap"})
_XML_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What a narrative may hold: ``narrative.toml``, in the form that is asked for."""

    elements: frozenset[str]
    everywhere: frozenset[str]
    own: dict[str, frozenset[str]]
    images: tuple[str, ...]
    schemes: tuple[str, ...]
    forbidden_style: tuple[str, ...]

    def takes(self, element: str, attribute: str) -> bool:
        """Whether ``attribute`` may stand on ``element``."""
        return attribute in self.everywhere or attribute in self.own.get(element, frozenset())


@cache
def policy() -> Policy:
    """The rules, read once."""
    table = read("narrative.toml")
    everywhere = frozenset(table["attributes"])
    own = {name: frozenset(names) for name, names in table["own_attributes"].items()}
    return Policy(
        elements=frozenset(table["elements"]),
        everywhere=everywhere,
        own=own,
        images=tuple(table["images"]),
        schemes=tuple(table["schemes"]),
        forbidden_style=tuple(table["forbidden_style"]),
    )


def narrative_fault(div: str) -> str | None:
    """What is wrong with a narrative's ``div``, in words that would make it right; None if sound.

    Two readers must agree: an XML parser names what is not in the list of R4, and nh3, which reads
    as a browser does, must find nothing to take away. A CDATA section is text (XML 1.0, 2.7), but
    only to the first of them: what the other would see as an element in it is refused.
    """
    plain = _ASIDE.sub(lambda found: "" if found[1] else found[0], div)
    sections = [found[2] for found in _ASIDE.finditer(div) if found[2] is not None]
    outside = _ASIDE.sub("", div)
    if "<!" in outside or "<?" in outside:
        return "must hold no declarations, processing instructions or odd comments"
    if any(_MARKUP_TO_BROWSERS.search(section) for section in sections):
        return "must write '<' as '&lt;' and not in CDATA where browsers would read elements"
    try:
        # No entity can be declared: declarations were refused above.
        root = ET.fromstring(_ENTITY.sub(_numbered, plain))  # noqa: S314
    except (ET.ParseError, ValueError, RecursionError):
        return "must be well-formed XHTML: every element closed, every '&' written as '&amp;'"
    if root.tag != f"{{{XHTML}}}div":
        return f'must be one div element in its namespace: <div xmlns="{XHTML}">'
    rules = policy()
    kept: set[Attribute] = set()
    for element in root.iter():
        fault = _element_fault(element, rules, kept)
        if fault:
            return fault
    if not kept <= _browser().kept(plain):
        return "must hold no scripts, no links that run or load something, and nest as HTML does"
    if not any(text.strip() for text in root.itertext()) and next(_images(root), None) is None:
        return "must have some text or an image (txt-2)"
    return None


def _numbered(match: re.Match[str]) -> str:
    """HTML's named entities as numbers: XML knows only five names, R4 allows HTML's."""
    name = match.group(1)
    if name in _XML_OWN or name not in name2codepoint:
        return match.group(0)
    return f"&#{name2codepoint[name]};"


def _element_fault(element: ET.Element, rules: Policy, kept: set[Attribute]) -> str | None:
    """What is wrong with one element; its attributes are added to ``kept``."""
    name = element.tag.removeprefix(f"{{{XHTML}}}")
    if name not in rules.elements:
        shown = f"the element '{name}'" if _NAME.fullmatch(name) else "elements of another kind"
        return f"must not hold {shown}: only the text, list, table, link and image elements of HTML"
    for attribute, value in element.attrib.items():
        if attribute in (f"{_XML}lang", f"{_XML}space"):
            continue
        if not rules.takes(name, attribute):
            shown = f"'{attribute}'" if _NAME.fullmatch(attribute) else "such attributes"
            return f"must not have {shown} on '{name}': no events, no forms, nothing that loads"
        if attribute == "style" and any(word in value.lower() for word in rules.forbidden_style):
            return "must have no style that loads or runs something"
        if attribute in _ADDRESSES:
            target = "".join(value.split()).lower()
            if target.startswith("data:") and not (
                name == "img" and target.startswith(rules.images)
            ):
                return "must have data: only for an image, and that as PNG, JPEG, GIF or WebP"
            scheme = _SCHEME.match(target)
            if scheme and scheme[1] not in rules.schemes:
                return f"must have no '{attribute}' but to {', '.join(rules.schemes)} or within"
        kept.add((name, attribute, _collapsed(value)))
    return None


class _Browser(threading.local):
    """nh3 with the policy, noting what it keeps; one to a thread, since it notes as it goes."""

    def __init__(self) -> None:
        rules = policy()
        self._kept: set[Attribute] = set()
        self._cleaner = nh3.Cleaner(
            tags=set(rules.elements),
            attributes={
                "*": set(rules.everywhere),
                **{name: set(names) for name, names in rules.own.items()},
            },
            attribute_filter=self._keep,
            url_schemes=set(rules.schemes),
            link_rel=None,
            clean_content_tags=set(),
        )

    def _keep(self, element: str, attribute: str, value: str) -> str:
        self._kept.add((element, attribute, _collapsed(value)))
        return value

    def kept(self, div: str) -> set[Attribute]:
        """The attributes of ``div``, read as a browser does, that may stay."""
        self._kept = set()
        self._cleaner.clean(div)
        return self._kept


@cache
def _browser() -> _Browser:
    return _Browser()


def _collapsed(value: str) -> str:
    """``value`` with its white space as one space: XML and HTML read line ends differently."""
    return " ".join(value.split())


def _images(root: ET.Element) -> Iterator[ET.Element]:
    return root.iter(f"{{{XHTML}}}img")
