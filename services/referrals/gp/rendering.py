"""A message as a page of HTML and as a one-page PDF: tagged (PDF/UA-1), with its fonts inside."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import typst
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.referrals.gp.summary import Summary

TEMPLATES = Path(__file__).parent / "templates"
SHARES = (1.0, 0.7, 0.45, 0.25)
"""How much of the words is tried, until all that is left stands on one page."""


@dataclass(frozen=True)
class Letter:
    """What a message looks like.

    Attributes:
        summary: what it says, shortened as the page needs.
        html: for a screen.
        pdf: one page.
    """

    summary: Summary
    html: bytes
    pdf: bytes


def letter(summary: Summary) -> Letter:
    """Set a message on one page; what does not fit is shortened, and says so."""
    *roomy, last = SHARES
    for share in roomy:
        shortened = summary.shortened(share)
        page = _page(shortened)
        if json.loads(page.query("<pages>", field="value", one=True)) == 1:
            break
    else:
        shortened = summary.shortened(last)
        page = _page(shortened)
    try:
        pdf = page.compile(format="pdf", pdf_standards="ua-1")
    except typst.TypstError:
        # A sign that no font here has: PDF/UA forbids it. The letter goes out all the same, tagged,
        # with a word that says so; the page of HTML shows the sign.
        pdf = _page(shortened, unshown=True).compile(format="pdf")
    assert isinstance(pdf, bytes)
    return Letter(shortened, html(shortened), pdf)


def _page(summary: Summary, *, unshown: bool = False) -> typst.Compiler:
    """The letter, not yet set: its words come as data and are never read as Typst."""
    return typst.Compiler(
        TEMPLATES / "summary.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"summary": json.dumps(_placed(summary) | {"unshown": unshown})},
    )


def html(summary: Summary) -> bytes:
    """The same for a screen; whatever anybody wrote is escaped."""
    page = _environment().get_template("summary.jinja")
    return page.render(it=summary, number=spaced(summary.person.number)).encode()


def spaced(number: str) -> str:
    """An NHS number as it is read out: 3, 3 and 4 digits."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == 10 else number


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("services.referrals.gp"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _fonts() -> typst.Fonts:
    """Those that come with the library: a letter looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False)


def _placed(it: Summary) -> dict[str, object]:
    """What the template sets where; a row without a value is left out by it."""
    code = ""
    if it.code:
        code = f"{it.code.words}, {it.code_day}"
        code += ". Already coded with your referral: do not code it again" * it.already_coded
    reference = f", your reference {it.reference}" if it.reference else ""
    return {
        "title": it.title,
        "team": it.team,
        "to": [
            ("Date", it.made),
            ("To", f"{it.practice} ({it.practice_code})"),
            ("From", ", ".join(filter(None, (it.team, it.team_phone)))),
        ],
        "concern": it.concern,
        "referral": [
            ("Name", it.person.name),
            ("Born", it.person.born_in_words),
            ("NHS number", spaced(it.person.number)),
            ("Referred", it.referred + reference),
        ],
        "needs": "; ".join(it.needs),
        "offers": [(each.service, each.came_of_it, each.days) for each in it.offers],
        "measures": [(each.name, each.first, each.after) for each in it.measures],
        "back": [
            ("Waits", it.waits),
            ("Outcome", it.outcome),
            ("Code", code),
            ("Next step", it.next_step),
        ],
        "left_out": it.left_out,
    }
