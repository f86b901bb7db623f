"""What wishes mean, and what they cannot: declared rules, no I/O."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from services.notifications.domain import Kind
from services.notifications.hours import Hours
from shared.mail import Look

AT_ONCE = frozenset([Kind.URGENT, Kind.OPENED_IN_EMERGENCY, Kind.IDENTITY_CODE, Kind.SHARING_ENDED])
"""What no quiet hours hold up: somebody may be in danger, waits for it at this moment, or said that
their details must not be used."""

OPTIONAL = frozenset(
    [Kind.DECLINED, Kind.NO_RESPONSE, Kind.HANDED_OVER, Kind.CHOSEN, Kind.ANNOUNCEMENT]
)
"""What stands on a list too, so that a contact may do without the message, or hear of it once a
day."""

MANDATORY = frozenset(Kind) - OPTIONAL
"""What a contact can silence only if another one of its party hears it."""

MUTED = "muted"
"""Why a message was not sent: its contact wished so."""

Weekday = Annotated[int, Field(ge=1, le=7, description="1 is Monday, 7 is Sunday.")]


class Language(StrEnum):
    """In which words a contact is written to."""

    ENGLISH = "en"
    EASY_READ = "en-easy"
    URDU = "ur"
    PUNJABI = "pa"
    POLISH = "pl"


Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Quiet(BaseModel):
    """Hours in which nothing goes out that can wait; local times, such as `20:00` to `08:00`: over
    midnight where they end earlier."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    starts: Clock
    ends: Clock

    @field_validator("ends")
    @classmethod
    def _is_a_time(cls, value: str, known: ValidationInfo) -> str:
        if value == known.data.get("starts"):
            raise ValueError("They end when they begin: to have none, leave them out.")
        return value

    def over(self, zone: str) -> Hours:
        """The hours in which something may go out."""
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        return Hours(starts, ends, ZoneInfo(zone)).others


class Wishes(BaseModel):
    """How one contact wishes to be told.

    Attributes:
        quiet: its own quiet hours, in the place of its party's.
        any_hour: it has none, though its party may.
        weekdays: days on which it is asked; none: every day.
        muted: kinds of message that it does not want.
        gathered: kinds that it hears of once a day, in one message.
        gathered_at: the hour of that, local.
        language: what it reads.
        look: how its mails are set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    weekdays: tuple[Weekday, ...] = Field(
        default=(), max_length=7, description="Days on which it is asked; none: every day."
    )
    muted: tuple[Kind, ...] = Field(
        default=(), max_length=len(Kind), description="Kinds of message that it does not want."
    )
    gathered: tuple[Kind, ...] = Field(
        default=(),
        max_length=len(Kind),
        description="Kinds of which it hears once a day, in one message.",
    )
    gathered_at: int = Field(
        default=9, ge=0, le=23, description="The hour of that one message, local time."
    )
    language: Language = Field(default=Language.ENGLISH, description="What it reads.")
    look: Look = Field(
        default=Look.USUAL, description="How its e-mails are set: large print, or plain text alone."
    )
    quiet: Quiet | None = Field(
        default=None, description="Its own quiet hours, in the place of its organisation's."
    )
    any_hour: StrictBool = Field(
        default=False, description="It has no quiet hours, though its organisation may."
    )

    @field_validator("any_hour")
    @classmethod
    def _is_not_both(cls, value: bool, known: ValidationInfo) -> bool:
        if value and known.data.get("quiet") is not None:
            raise ValueError("It has quiet hours of its own, or none: not both.")
        return value

    @field_validator("gathered")
    @classmethod
    def _can_wait(cls, value: tuple[Kind, ...]) -> tuple[Kind, ...]:
        urgent = [kind for kind in value if kind in MANDATORY]
        if urgent:
            can = ", ".join(sorted(OPTIONAL))
            raise ValueError(f"{', '.join(urgent)} cannot wait a day; these can: {can}")
        return value


class Kept(Wishes):
    """Wishes as they are stored: with the place whose days are meant."""

    zone: str = "UTC"

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return self.model_dump(exclude={"zone"}) != Wishes().model_dump()

    @property
    def stored(self) -> dict[str, Any]:
        """As they stand in a contact's row: without what the code before does not know, unless it
        was said."""
        unsaid = {"quiet"} if self.quiet is None else set()
        unsaid |= set() if self.any_hour else {"any_hour"}
        return self.model_dump(mode="json", exclude=unsaid)


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


def digest_after(wishes: Kept, at: datetime) -> datetime:
    """When the next message of the day goes after `at`: at its hour, on a day on which the contact
    is asked.

    Args:
        wishes: the contact's.
        at: the moment.
    """
    zone = ZoneInfo(wishes.zone)
    today = at.astimezone(zone).date()
    for days in range(9):  # a week, and today, whose hour may have passed
        day = today + timedelta(days=days)
        due = datetime.combine(day, time(wishes.gathered_at), zone)
        if due > at and (not wishes.weekdays or day.isoweekday() in wishes.weekdays):
            return due
    raise AssertionError("no day of the week")


def wishes_of(contact: Wishing) -> Kept:
    """A contact's wishes, of which a kind that is no more is forgotten."""
    if not contact.wishes:
        return _NONE
    kept = dict(contact.wishes)
    for name, known in (("muted", frozenset(Kind)), ("gathered", OPTIONAL)):
        kept[name] = [each for each in kept.get(name, ()) if each in known]
    return Kept.model_validate(kept)


_NONE = Kept()
