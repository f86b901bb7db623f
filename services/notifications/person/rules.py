"""Which messages a person gets, and what makes one needless: declared rules, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifications.hours import Hours
from shared.messaging.events import (
    CaseEvent,
    PersonDied,
    PersonKeptWaiting,
    PersonNotToContact,
    PersonRestricted,
    ReferralAccepted,
    ReferralAttended,
    ReferralCancelled,
    ReferralChosen,
    ReferralClosed,
    ReferralCompleted,
    ReferralDeclined,
    ReferralEndedEarly,
    ReferralNotAttended,
    ReferralStarted,
    ReferralWithdrawn,
    ReferrerKeptWaiting,
)

CHANNEL = "person"
"""The channel of a message of which nobody has asked yet how it may go."""


class Kind(StrEnum):
    """What a message says."""

    AGREED = "person-agreed"
    """There is a place: where, and when if that is known."""
    MEETING = "person-meeting"
    """The first visit has a day and a time, or another than before."""
    REMINDER = "person-reminder"
    """The first visit is tomorrow."""
    DELAY = "person-delay"
    """Whoever asked for help themselves still waits to hear from us."""
    REFERRER_DELAY = "referrer-delay"
    """The same to whoever referred another, who agreed to it: nothing of the person."""


DELAYS: Mapping[Kind, str] = {Kind.DELAY: "person", Kind.REFERRER_DELAY: "referrer"}
"""Messages about no place, which lead nowhere, and whom they are for. Where one cannot go the team
hears nothing more: it was told before anybody that they wait. The hub rings whoever referred."""


@dataclass(frozen=True)
class Effect:
    """What follows from one type of event for the messages to the person.

    Attributes:
        tell: what they are told, if anything.
        ends: kinds of message that the event makes needless, about its Task or else the case.
        ended: the code that such messages then carry.
        closes: the links in earlier messages stop working.
    """

    tell: Kind | None = None
    ends: frozenset[Kind] = frozenset()
    ended: str = ""
    closes: bool = False


EVERYTHING = frozenset(Kind)
BEFORE_IT_BEGINS = frozenset([Kind.AGREED, Kind.MEETING, Kind.REMINDER])


def _over(code: str) -> Effect:
    return Effect(ends=EVERYTHING, ended=code, closes=True)


EFFECTS: Mapping[type[CaseEvent], Effect] = {
    PersonKeptWaiting: Effect(Kind.DELAY),
    ReferrerKeptWaiting: Effect(Kind.REFERRER_DELAY),
    ReferralAccepted: Effect(Kind.AGREED),
    ReferralChosen: Effect(Kind.AGREED),
    ReferralStarted: Effect(ends=BEFORE_IT_BEGINS, ended="started"),
    ReferralAttended: Effect(ends=BEFORE_IT_BEGINS, ended="started"),
    ReferralDeclined: _over("declined"),
    ReferralCancelled: _over("cancelled"),
    ReferralNotAttended: _over("not-attended"),
    ReferralEndedEarly: _over("ended-early"),
    ReferralCompleted: _over("completed"),
    ReferralWithdrawn: _over("withdrawn"),
    ReferralClosed: _over("closed"),
    PersonDied: _over("died"),
    PersonNotToContact: _over("do-not-contact"),
    PersonRestricted: _over("restricted"),
}
"""Every event that has to do with a message to the person."""


def reminder(starts: datetime, hours: Hours) -> datetime:
    """When somebody is reminded of a visit: the day before, an hour after the hours begin.

    Args:
        starts: the visit.
        hours: in which persons are written to.
    """
    day = starts.astimezone(hours.zone).date()
    return hours.on(day - timedelta(days=1)) + timedelta(hours=1)
