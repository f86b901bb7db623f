"""What codes of the directory are called on these pages."""

from collections.abc import Mapping
from typing import Any

ANSWERS: Mapping[str, str] = {
    "taking": "Yes, new people can come",
    "waiting-list": "There is a waiting list",
    "full": "No, we are full",
    "ask-first": "Please ask us first",
}
"""The answers of the weekly message, in its words: what is asked twice is asked alike."""

UNKNOWN = "Nobody has said lately"

WAITS: Mapping[str, str] = {
    "draft": "A change waits for your hub",
    "approved": "Your hub said yes to a change",
    "sent-back": "Your hub asks for a change",
}
"""Where a version stands that is not public."""

COLOURS: Mapping[str, str] = {"draft": "blue", "approved": "green", "sent-back": "orange"}

DONE: Mapping[str, str] = {
    "public": "Thank you. People can read your change now.",
    "waits": "Thank you. Your hub will look at your change. Until then people read what was there.",
}


def room(capacity: Mapping[str, Any] | None) -> str:
    """How much room there is, in one sentence; see `capacities.known` of the directory."""
    said = capacity or {}
    words = ANSWERS.get(str(said.get("state")), UNKNOWN)
    places, waiting = said.get("places"), said.get("waiting")
    if places:
        words += f": {places} {'place' if places == 1 else 'places'}"
    if waiting:
        words += f": {waiting} {'person waits' if waiting == 1 else 'people wait'}"
    return words
