"""Who is at the figures."""

from typing import Annotated

from fastapi import Depends

from services.portal.answer_links import Refusal
from services.portal.staff.place import Here, Place
from shared.languages import _


def _of_figures(here: Here) -> Place:
    """The place of whoever reads figures.

    Raises:
        Refusal: whoever is signed in does not.
    """
    if {"commissioner", "researcher"}.isdisjoint(here.who.granted.roles):
        raise Refusal(403, detail=_("These pages are for commissioners and researchers."))
    return here


def _of_commissioner(here: Here) -> Place:
    """The place of a commissioner.

    Raises:
        Refusal: whoever is signed in is none.
    """
    if "commissioner" not in here.who.granted.roles:
        raise Refusal(403, detail=_("This page is for commissioners."))
    return here


OfFigures = Annotated[Place, Depends(_of_figures)]
OfCommissioner = Annotated[Place, Depends(_of_commissioner)]
