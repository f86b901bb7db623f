"""What codes of the directory are called on these pages."""

from collections.abc import Mapping
from typing import Any

from shared.languages import _, ngettext

ANSWERS: Mapping[str, str] = {
    "taking": _("Yes, new people can come"),
    "waiting-list": _("There is a waiting list"),
    "full": _("No, we are full"),
    "ask-first": _("Please ask us first"),
}
"""The answers of the weekly message, in its words: what is asked twice is asked alike."""

UNKNOWN = _("Nobody has said lately")

WAITS: Mapping[str, str] = {
    "draft": _("A change waits for your hub"),
    "approved": _("Your hub said yes to a change"),
    "sent-back": _("Your hub asks for a change"),
}
"""Where a version stands that is not public."""

COLOURS: Mapping[str, str] = {"draft": "blue", "approved": "green", "sent-back": "orange"}

DONE: Mapping[str, str] = {
    "public": _("Thank you. People can read your change now."),
    "waits": _(
        "Thank you. Your hub will look at your change. Until then people read what was there."
    ),
}


def room(capacity: Mapping[str, Any] | None) -> str:
    """How much room there is, in one sentence; see `capacities.known` of the directory."""
    said = capacity or {}
    words = ANSWERS.get(str(said.get("state")), UNKNOWN)
    places, waiting = said.get("places"), said.get("waiting")
    if places:
        free = ngettext("{count} place", "{count} places", places).format(count=places)
        words = f"{words}: {free}"
    if waiting:
        wait = ngettext("{count} person waits", "{count} people wait", waiting)
        words = f"{words}: {wait.format(count=waiting)}"
    return words
