"""What is done about a request that nobody answers, and when: by the limits of the case's hub.

The clock starts when the request was delivered and stands still on days that are no working days of
its provider (care 4). A change of the limits or of the provider's closing days holds for what is
open: what has not gone yet is due anew, from the same start. What would be over goes now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.domain import Kind
from services.notifications.notice import Notice
from shared.closing_days import read
from shared.database import UnitOfWork
from shared.limits import Limits, defaults
from shared.working_days import WorkingDays

STEPS: Mapping[Kind, str] = MappingProxyType(
    {Kind.NUDGE: "nudge", Kind.SECOND_NUDGE: "second_nudge", Kind.HELP_CALL: "help_call"}
)
"""What is said, and the limit after which it is."""


@dataclass(frozen=True)
class Pace:
    """How long one request may wait for its answer.

    Attributes:
        working: the working days of its provider.
        limits: of the hub of its case.
        hub: which asks the provider by a call: the provider's, else the case's.
    """

    working: WorkingDays
    limits: Limits
    hub: str

    def due(self, kind: Kind, priority: str | None, since: datetime) -> datetime:
        """When something is said.

        Args:
            kind: one of `STEPS`.
            priority: the referral's.
            since: when the request was delivered.
        """
        days: int = getattr(self.limits.of(priority), STEPS[kind])
        return self.working.after(since, days)


def pace_of(uow: UnitOfWork, zone: ZoneInfo, case: UUID, provider: UUID | None) -> Pace:
    """How long a request may wait.

    Args:
        uow: the transaction.
        zone: of the place.
        case: the case.
        provider: who was asked.
    """
    return paces_of(uow, zone, [(case, provider)])[0]


def paces_of(
    uow: UnitOfWork, zone: ZoneInfo, requests: Sequence[tuple[UUID, UUID | None]]
) -> list[Pace]:
    """How long each of several requests may wait: of each its case and who was asked."""
    asked = {
        "cases": [case for case, _ in requests],
        "parties": [str(provider) for _, provider in requests],
    }
    rows = uow.session.connection().exec_driver_sql(_PACES, asked)
    return [
        Pace(WorkingDays(zone).without(read(closed)), limits_in(limits), own_hub or case_hub or "")
        for case_hub, limits, closed, own_hub in rows
    ]


def answers_hoped_for(
    uow: UnitOfWork, zone: ZoneInfo, asked: Mapping[UUID, Notice], now: datetime
) -> Mapping[UUID, date]:
    """By which day an answer to each request is hoped for: until then nobody asks again.

    Args:
        uow: the transaction.
        zone: of the place.
        asked: what is asked, by any key.
        now: when it is asked; the clocks start when it arrives.
    """
    if not asked:
        return {}
    paces = paces_of(uow, zone, [(each.case, each.provider) for each in asked.values()])
    return {
        key: pace.due(Kind.NUDGE, each.priority, now).astimezone(zone).date()
        for (key, each), pace in zip(asked.items(), paces, strict=True)
    }


def limits_in(said: Any) -> Limits:
    """Limits as they are kept; the defaults where nobody said any. A limit that is not known here
    is let be, and one that is newer than what was said is the default's."""
    usual = defaults()
    if not isinstance(said, Mapping):
        return usual
    clocks = {}
    for name in ("routine", "urgent"):
        known = getattr(usual, name).model_dump()
        clocks[name] = known | {k: v for k, v in said.get(name, {}).items() if k in known}
    try:
        return Limits.model_validate(clocks)
    except ValueError:
        return usual


_PACES = """
SELECT case_order.hub, hub_limits.limits, closed_party.closed, party_hub.hub
FROM unnest(%(cases)s::uuid[], %(parties)s::text[]) WITH ORDINALITY AS asked("case", party, n)
LEFT JOIN case_order ON case_order."case" = asked."case"
LEFT JOIN hub_limits ON hub_limits.hub = case_order.hub
LEFT JOIN closed_party ON closed_party.party = asked.party
LEFT JOIN party_hub ON party_hub.party = asked.party
ORDER BY asked.n
"""
"""One question for all requests that arrive together."""
