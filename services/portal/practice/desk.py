"""Who is at a practice's pages."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends

from services.portal.answer_links import Refusal
from services.portal.staff.place import Here, Place
from shared.languages import _

Json = dict[str, Any]


def _at_practice(here: Here) -> Place:
    """The place of a care navigator.

    Raises:
        Refusal: whoever is signed in is none.
    """
    if "care-navigator" not in here.who.granted.roles:
        raise Refusal(403, detail=_("These pages are for the care navigators of a GP practice."))
    return here


AtPractice = Annotated[Place, Depends(_at_practice)]


async def practices_of(here: Place) -> Mapping[str, Json]:
    """The practices for which whoever is signed in sends, by ODS code.

    Raises:
        Refusal: there are none.
    """
    found: list[Json] = await here.get("/referrals/practice")
    if not found:
        raise Refusal(
            403,
            detail=_(
                "No practice is known for your organisation. Ask whoever runs these pages to"
                " enter it"
            ),
        )
    return {each["ods_code"]: each for each in found}
