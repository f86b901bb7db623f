"""What wishes mean, and what they cannot: declared rules, no I/O."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.domain import Kind

AT_ONCE = frozenset([Kind.URGENT, Kind.IDENTITY_CODE, Kind.SHARING_ENDED])
"""What no quiet hours hold up: somebody may be in danger, waits for it at this moment, or said that
their details must not be used."""

OPTIONAL = frozenset([Kind.DECLINED, Kind.NO_RESPONSE, Kind.HANDED_OVER, Kind.CHOSEN])
"""What stands on a list too, so that a contact may do without the message."""

MANDATORY = frozenset(Kind) - OPTIONAL
"""What a contact can silence only if another one of its party hears it."""

MUTED = "muted"
"""Why a message was not sent: its contact wished so."""

Weekday = Annotated[int, Field(ge=1, le=7, description="1 is Monday, 7 is Sunday.")]


class Wishes(BaseModel):
    """How one contact wishes to be told.

    Attributes:
        weekdays: days on which it is asked; none: every day.
        muted: kinds of message that it does not want.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    weekdays: tuple[Weekday, ...] = Field(
        default=(), max_length=7, description="Days on which it is asked; none: every day."
    )
    muted: tuple[Kind, ...] = Field(
        default=(), max_length=len(Kind), description="Kinds of message that it does not want."
    )


class Kept(Wishes):
    """Wishes as they are stored: with the place whose days are meant."""

    zone: str = "UTC"

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.weekdays or self.muted)


class Wishing(Protocol):
    """A contact, as far as wishes go."""

    @property
    def means(self) -> str: ...
    @property
    def wishes(self) -> Mapping[str, Any]: ...


C = TypeVar("C", bound=Wishing)


def on_duty(contacts: Iterable[C], at: datetime, *, systems: Collection[str]) -> list[C]:
    """Whom a rota has told on a day: all where nobody is on it that day, so that nothing waits
    for a Thursday. A party's systems have no day off.

    Args:
        contacts: those that would be told.
        at: the moment.
        systems: means by which a party's own system is told.
    """
    found = list(contacts)
    people = [each for each in found if each.means not in systems]
    there = [each for each in people if _is_asked(wishes_of(each), at)]
    told = there or people
    return [each for each in found if each.means in systems or each in told]


def _is_asked(wishes: Kept, at: datetime) -> bool:
    return (
        not wishes.weekdays or at.astimezone(ZoneInfo(wishes.zone)).isoweekday() in wishes.weekdays
    )


def muted(contacts: Collection[C], kind: Kind) -> list[C]:
    """Which of those who would be told wished not to be.

    What is mandatory reaches somebody: where all of them muted it, none of them did.
    """
    silent = [each for each in contacts if kind in wishes_of(each).muted]
    if kind in MANDATORY and len(silent) == len(contacts):
        return []
    return silent


def wishes_of(contact: Wishing) -> Kept:
    """A contact's wishes, of which a kind that is no more is forgotten."""
    if not contact.wishes:
        return _NONE
    kept = dict(contact.wishes)
    kept["muted"] = [each for each in kept.get("muted", ()) if each in set(Kind)]
    return Kept.model_validate(kept)


_NONE = Kept()


@dataclass(frozen=True)
class QuietHours:
    """Hours in which a party hears nothing that can wait; over midnight where they end earlier
    than they begin. Local time.

    Attributes:
        start: the first quiet minute.
        end: the first minute after.
        zone: of the place.
    """

    start: time
    end: time
    zone: ZoneInfo

    def next(self, at: datetime) -> datetime:
        """The first moment from `at` on that is not quiet."""
        local = at.astimezone(self.zone)
        now = local.time()
        if self.start <= self.end:
            quiet, days = self.start <= now < self.end, 0
        else:
            quiet = now >= self.start or now < self.end
            days = 1 if now >= self.start else 0
        if not quiet:
            return at
        return datetime.combine((local + timedelta(days=days)).date(), self.end, self.zone)
