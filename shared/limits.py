"""How long something may wait for an answer before somebody does something (care 2, 4).

Working days, one declaration for all: defaults in `limits.toml` beside this, overrides by each hub,
which referrals keeps and tells. Whoever acts on a limit reads it here, so that no two parts of
Kersey count by different numbers.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

URGENT = frozenset(["urgent", "asap", "stat"])
"""Priorities that run on the shorter clock."""

LONGEST = 60
"""Working days; whoever waits longer was forgotten."""

Days = Annotated[int, Field(ge=1, le=LONGEST, strict=True)]

Tries = Annotated[int, Field(ge=1, le=10, strict=True)]

NAMES = (
    "nudge", "second_nudge", "help_call", "close", "unseen", "first_contact", "lead",
    "practice",
)  # fmt: skip
"""Of the limits that are working days."""


ORDER = (
    ("nudge", "second_nudge", "help_call", "close"), ("unseen", "lead"), ("first_contact", "lead"),
)  # fmt: skip
"""Limits of which each is larger than the one before it."""


class Clock(BaseModel):
    """Working days after which something is done, of referrals of one urgency.

    Attributes:
        nudge: a provider that did not answer is asked again; from then on it counts as silent.
        second_nudge: it is asked once more.
        help_call: its hub is asked to ring.
        close: the request ends for want of an answer.
        unseen: a team that has not taken a referral on or sent it back is told so.
        first_contact: a team that has not tried to reach the person is told so.
        lead: the hub is told that one of the two has still not been done; of a person whom several
            tries did not reach, so many days after the team was told.
        practice: the practice that sent the referral is told, so many days after the hub was.
        tries: no days: after so many tries that reached nobody a team is asked to decide.

    Raises:
        pydantic.ValidationError: a number is none from 1 to `LONGEST` (or to 10), or one that must
            come later does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    nudge: Days
    second_nudge: Days
    help_call: Days
    close: Days
    unseen: Days
    first_contact: Days
    lead: Days
    practice: Days
    tries: Tries

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for names in ORDER:
            days = [getattr(self, name) for name in names]
            for earlier, later, name in zip(days, days[1:], names[1:], strict=False):
                if later <= earlier:
                    raise ValueError(f"'{name}' comes after what is done before it")
        return self


class Limits(BaseModel):
    """All limits of a hub.

    Attributes:
        routine: of routine referrals.
        urgent: of all others, no number of which is larger.

    Raises:
        pydantic.ValidationError: as `Clock`; or an urgent referral would wait longer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    routine: Clock
    urgent: Clock

    @model_validator(mode="after")
    def _urgent_is_shorter(self) -> Self:
        for name in NAMES:
            if getattr(self.urgent, name) > getattr(self.routine, name):
                raise ValueError(f"'{name}' of urgent referrals is not longer than of routine ones")
        return self

    def of(self, priority: str | None) -> Clock:
        """The clock of a referral.

        Args:
            priority: FHIR R4 request-priority; none is routine.
        """
        return self.urgent if priority in URGENT else self.routine


@cache
def defaults() -> Limits:
    """What holds where a hub says nothing else."""
    text = files("shared").joinpath("limits.toml").read_text("utf-8")
    return Limits.model_validate(tomllib.loads(text))
