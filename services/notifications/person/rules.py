"""Which messages a person gets, and what makes one needless: declared rules, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.messaging.events import (
    CaseEvent,
    PersonDied,
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


@dataclass(frozen=True)
class Hours:
    """The hours of the day in which a person may hear from a program; local time.

    Attributes:
        start: the first minute.
        end: the first minute after.
        zone: of the place.
    """

    start: time
    end: time
    zone: ZoneInfo

    def next(self, at: datetime) -> datetime:
        """The first moment from `at` on that lies within the hours."""
        local = at.astimezone(self.zone)
        if self.start <= local.time() < self.end:
            return at
        later = local.time() >= self.end
        return self._on(local, days=1 if later else 0)

    def reminder(self, starts: datetime) -> datetime:
        """When somebody is reminded: the day before, an hour after the hours begin."""
        return self._on(starts.astimezone(self.zone), days=-1) + timedelta(hours=1)

    def _on(self, local: datetime, *, days: int) -> datetime:
        day = (local + timedelta(days=days)).date()
        return datetime.combine(day, self.start, self.zone)


def hours_of(text: str, zone: str) -> Hours:
    """Hours as a setting says them, such as `09:00-20:00`.

    Raises:
        ValueError: they are none.
    """
    start, dash, end = text.partition("-")
    hours = Hours(time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone))
    if not dash or hours.start >= hours.end:
        raise ValueError("hours are written 09:00-20:00, the earlier first")
    return hours
