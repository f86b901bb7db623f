"""Who is at a partner's pages."""

from typing import Annotated

from fastapi import Depends

from services.portal.answer_links import Refusal
from services.portal.staff.place import Here, Place
from shared.languages import _


def _partner(here: Here) -> Place:
    """The place of a partner.

    Raises:
        Refusal: whoever is signed in is none.
    """
    if "lived-experience-partner" not in here.who.granted.roles:
        raise Refusal(403, detail=_("These pages are for lived-experience partners."))
    return here


OfPartner = Annotated[Place, Depends(_partner)]
