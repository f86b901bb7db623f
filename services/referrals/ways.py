"""By which way a program may tell a person something by itself (care 12, 16). Pure rules, no I/O.

A program takes a note at its word or not at all. What only a human can heed, such as when it is
safe, which words to use or who must not know, leaves a channel to the team.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.referrals.record import Channel

AUTOMATIC: tuple[Channel, ...] = ("text", "email", "post")
"""Channels that a program can use: what arrives sooner first."""
_MOBILE = re.compile(r"(00)?(44)?0?7[1-9][0-9]{8}", re.ASCII)
HEEDED_BY_HUMANS = ("times", "words", "keep_from")
"""What is said beside an address and no program understands."""
UNREADABLE_FORMATS = frozenset({"audio", "braille"})
"""Formats in which nothing that a program sends can be read."""
UNREADABLE_LETTERS = frozenset({"large-print"})
"""Likewise of letters: whoever reads on a screen makes the print as large as they need it."""


@dataclass(frozen=True)
class Way:
    """A channel that is safe to use, and where it leads."""

    channel: Channel
    address: str


class Instead(StrEnum):
    """What is to be done where no program may tell the person."""

    BY_TEAM = "by-team"
    """Somebody who can read what was noted tells them."""
    ASK_FIRST = "ask-first"
    """Nobody knows whether any way is safe: it is asked before the first message."""
    NOTHING = "nothing"
    """They want to hear nothing, which is a full choice."""
    BY_HUB = "by-hub"
    """The hub rings: of whoever referred another, of whom nothing is noted but what they left."""


def takes_texts(number: str) -> bool:
    """Whether a number can be sent a text message: a mobile one of the United Kingdom."""
    return _MOBILE.fullmatch("".join(each for each in number if each.isdigit())) is not None


def way_to(
    contacts: Sequence[Mapping[str, Any]], formats: Collection[str], by: Collection[str]
) -> Way | Instead:
    """The way by which a program may tell a person something.

    Args:
        contacts: what was noted of each channel, as the person's record shows it.
        formats: codes of the access needs that stand.
        by: the channels that whoever asks can use for this message.
    """
    noted = {each["channel"]: each for each in contacts}
    for channel in AUTOMATIC:
        entry = noted.get(channel)
        if channel in by and entry is not None and _readable(channel, formats):
            address = _address(entry)
            if address:
                return Way(channel, address)
    if any(each["safe"] == "yes" for each in contacts):
        return Instead.BY_TEAM
    refused = {channel for channel, each in noted.items() if each["safe"] == "no"}
    return Instead.NOTHING if refused >= {*AUTOMATIC, "phone"} else Instead.ASK_FIRST


def _readable(channel: Channel, formats: Collection[str]) -> bool:
    unreadable = UNREADABLE_FORMATS | (UNREADABLE_LETTERS if channel == "post" else frozenset())
    return not unreadable & set(formats)


def _address(entry: Mapping[str, Any]) -> str:
    """Where a channel leads, if a program may use it; empty otherwise.

    Two records that were merged may say different things of one channel: that is for humans too.
    """
    said = entry["said"]
    if entry["safe"] != "yes" or len(said) != 1:
        return ""
    if any(said[0][name] for name in HEEDED_BY_HUMANS):
        return ""
    return str(said[0]["value"])
