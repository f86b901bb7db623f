"""What a channel says of itself, so that nothing else has to know which channels there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine

from services.notifications.channels import Channel
from services.notifications.settings import NotificationsSettings
from shared.delivery import Schedule

Listed = Callable[[Mapping[str, Any], Mapping[str, Any]], str]


class Format(StrEnum):
    """What a message is made of."""

    WORDS = "words"
    """The kind's words, with the answer link or the code."""
    EVENT = "event"
    """Ids alone, for a party's own system, or for pages that put them into words."""
    SPOKEN = "spoken"
    """What a member of staff says or notes: no program sends it."""


def _not_listed(_asks: Mapping[str, Any], _listing: Mapping[str, Any]) -> str:
    return ""


@dataclass(frozen=True)
class Declaration:
    """One channel.

    Attributes:
        means: its name: a contact's `means`, a delivery's `channel`.
        address: what a contact's address is, in words for whoever sets one.
        example: an address of that kind that leads nowhere.
        format: what its messages are made of.
        make: makes the channel from the settings and the service's database; None where the
            settings do not say how. Absent where people are the channel (care 24).
        schedule: when it tries again; it is the default for whoever is told by people.
        faults: what is wrong with an address, in words, by the code of `Channel.fault`.
        fault: the same as `Channel.fault` where people are the channel; absent where they can use
            whatever is written.
        asked_by: the directory's words for being asked that it carries out.
        listed: the address that a listing has for it, from what a service says of referrals and
            from the listing; empty where there is none.
        system: it is a party's own system, and told beside whichever person is told.
        person: what the record of a person calls it, if persons are told by it (care 12).
        takes_codes: a one-time code may go to its contact, once the hub verified the address. No
            address counts as verified before (care 6).
    """

    means: str
    address: str
    example: str
    format: Format
    make: Callable[[NotificationsSettings, Engine], Channel | None] | None = None
    schedule: Schedule = field(default_factory=lambda: Schedule(delays=()))
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: Callable[[str], str | None] | None = None
    asked_by: tuple[str, ...] = ()
    listed: Listed = _not_listed
    system: bool = False
    person: str = ""
    takes_codes: bool = False


def text(of: Mapping[str, Any], name: str) -> str:
    """What a listing says under a name, if that is a text."""
    value = of.get(name)
    return value.strip() if isinstance(value, str) else ""
