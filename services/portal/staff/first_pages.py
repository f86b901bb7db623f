"""Where each role begins."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.languages import _


@dataclass(frozen=True)
class FirstPage:
    """Where a role begins.

    Attributes:
        role: whose it is, as a token names it.
        at: its address.
        way: what a link to it says.
    """

    role: str
    at: str
    way: str


FIRST = (
    FirstPage("link-worker", "/cases", _("Go to your list")),
    FirstPage("coordinator", "/hub", _("Go to what waits today")),
    FirstPage("provider", "/requests", _("Go to the requests to you")),
    FirstPage("duty-lead", "/emergency", _("Go to what is for an emergency")),
    FirstPage("care-navigator", "/our-referrals", _("Go to your referrals")),
    FirstPage("administrator", "/people", _("Go to the people with accounts")),
    FirstPage("organisation-administrator", "/people", _("Go to the people with accounts")),
    FirstPage("commissioner", "/figures", _("Go to the figures")),
    FirstPage("researcher", "/figures", _("Go to the figures")),
    FirstPage("lived-experience-partner", "/what-there-is", _("Go to what there is")),
)
"""For each role for which there are pages; of several roles the first here counts."""

NONE = FirstPage("", "/home", _("Go to what you can do here"))


def first_page(roles: Iterable[str]) -> FirstPage:
    """Where whoever holds these roles begins.

    Args:
        roles: as a token names them.
    """
    held = set(roles)
    return next((each for each in FIRST if each.role in held), NONE)
