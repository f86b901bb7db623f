"""What a page says of what is not to be had there: each area of the portal has its own words."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.languages import _


@dataclass(frozen=True)
class Area:
    """Words for some pages.

    Attributes:
        not_here: why something is not to be found.
        moved: the heading where somebody else was quicker.
    """

    not_here: str
    moved: str = _("That is not possible now")


OF_HUB = Area(
    _(
        "It is another hub's, or there is no such thing. If it was on your list a moment ago,"
        " somebody dealt with it."
    ),
    _("This was done before"),
)
OF_PROVIDER = Area(
    _(
        "It is another group's, or there is no such thing. If it was on your list a moment ago,"
        " it was taken back."
    )
)
OF_TEAM = Area(
    _(
        "It is another team's, or there is no such thing. If it was on your list a moment ago,"
        " somebody handed it over."
    )
)
OTHERS = Area(_("There is no such thing, or it is not there any more."))

AREAS: Mapping[tuple[str, ...], Area] = {
    ("/hub", "/emergency"): OF_HUB,
    ("/cases",): OF_TEAM,
    ("/requests", "/registers", "/services", "/how-we-are-asked", "/closing-days"): OF_PROVIDER,
    ("/our-referrals",): Area(_("It is another practice's, or there is no such thing.")),
    ("/people",): Area(
        _("There is no such account, or it is not one of those that you look after.")
    ),
}
"""By how the addresses of an area begin."""


def area_of(path: str) -> Area:
    """The area of a page.

    Args:
        path: the page's address.
    """
    return next((area for begin, area in AREAS.items() if path.startswith(begin)), OTHERS)
