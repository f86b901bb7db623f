"""What the figures are called, and the codes in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.portal.front_door.words import need
from services.portal.taking_down.pages import SAYS
from shared.languages import _

SOURCES: Mapping[str, str] = {"record-system": _("A GP's record system"), **SAYS}

ENDS: Mapping[str, str] = {
    "going-on": _("Still going on"),
    "completed": _("Ended as planned"),
    "not-reached": _("Could not be reached"),
    "person-declined": _("Said no"),
    "person-ended-early": _("Stopped before the end"),
    "nothing-fits": _("Nothing was found that fits"),
    "died-or-moved": _("Died or moved away"),
    "withdrawn": _("Taken back by who referred"),
    "returned": _("Sent back to who referred"),
    "ended": _("Ended in another way"),
}

Named = Callable[[str, Mapping[str, str]], str]
"""A code in words, and the names of the places."""


def _place(code: str, places: Mapping[str, str]) -> str:
    return places.get(code, code)


def _need(code: str, _places: Mapping[str, str]) -> str:
    return need(code)


def _source(code: str, _places: Mapping[str, str]) -> str:
    return SOURCES.get(code, code)


def _end(code: str, _places: Mapping[str, str]) -> str:
    return ENDS.get(code, code)


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: what it counts.
        first: what stands in its first column.
        named: says a code in words.
        about: what else to know of it.
    """

    title: str
    first: str
    named: Named
    about: str = ""


TABLES: Mapping[str, Table] = {
    "referred-by-place": Table(_("People referred, by place"), _("Place"), _place),
    "referred-by-source": Table(
        _("People referred, by who referred them"), _("Who referred"), _source
    ),
    "referred-by-end": Table(
        _("What became of these referrals"),
        _("How it stands"),
        _end,
        _("Of those that came in this time, as it is today."),
    ),
    "walked-in-by-place": Table(
        _("People who came to a group by themselves, by place"),
        _("Place"),
        _place,
        _("Nobody referred them, so they are not counted above."),
    ),
    "missing-by-need": Table(
        _("How often nothing fitted, by need"),
        _("Need"),
        _need,
        _("Link workers note it when nothing fits."),
    ),
    "missing-by-place": Table(_("How often nothing fitted, by place"), _("Place"), _place),
    "listed-by-place": Table(
        _("Services listed today, by place"),
        _("Place"),
        _place,
        _("A service that is for the people of several places counts in each."),
    ),
    "listed-by-need": Table(
        _("Services listed today, by need"),
        _("Need"),
        _need,
        _("A service that meets several needs counts in each."),
    ),
    "ending-by-place": Table(
        _("Services whose money ends within 90 days, by place"), _("Place"), _place
    ),
    "lost-by-place": Table(
        _("Needs that nothing else would meet then, by place"), _("Place"), _place
    ),
}
"""In the order of the page, by the names that the services give them."""
