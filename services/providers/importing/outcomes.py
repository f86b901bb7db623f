"""What became of each record of an import, and of the import."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.providers.importing.mending.listings import Repair


class Outcome(StrEnum):
    """What became of one record."""

    TAKEN = "taken"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LEFT_OUT = "left-out"


class RunState(StrEnum):
    """Where an import stands."""

    RUNNING = "running"
    COMPLETE = "complete"
    HELD = "held"
    """What vanished from the source is still listed: a person decides whether it goes."""
    BROKEN = "broken"
    """It came to a place from which nothing more could be read; what was taken stays."""


REPAIRED = "repaired"
"""How a repair stands in a report, beside the outcomes."""


@dataclass
class Told:
    """What became of one record.

    Attributes:
        entity: organization or service.
        given: its id in the source.
        outcome: see there.
        key: its id here, once it has one.
        element: of what was refused.
        words: why it was refused, withdrawn or left out.
        repairs: what was changed of it.
        rule: the code of a refusal.
    """

    entity: str
    given: str
    outcome: Outcome
    key: UUID | None = None
    element: str = ""
    words: str = ""
    repairs: Sequence[Repair] = ()
    rule: str = ""

    def findings(self) -> list[dict[str, Any]]:
        """What a report tells of it: nothing of what was simply taken."""
        base = {"entity": self.entity, "given": self.given[:300], "key": self.key}
        found = [
            base
            | {
                "outcome": REPAIRED,
                "rule": each.rule,
                "element": each.element[:300],
                "words": each.words,
            }
            for each in self.repairs
        ]
        if self.words:
            told = {"outcome": str(self.outcome), "rule": self.rule or "refused"}
            found.append(base | told | {"element": self.element[:300] or None, "words": self.words})
        return found


def counted(told: Sequence[Told]) -> Counter[str]:
    """How many records came to what."""
    counts: Counter[str] = Counter(f"{each.entity}s" for each in told)
    counts.update(str(each.outcome) for each in told)
    counts.update(REPAIRED for each in told if each.repairs)
    return counts


@dataclass(frozen=True)
class Report:
    """An import as its reader sees it.

    Attributes:
        id: of the run.
        source: its name.
        state: where it stands.
        whole: whether all of the source was read, not only what changed.
        began: when.
        ended: when, if it has.
        counts: of records by outcome, and by what they describe.
        why: why it was held or broke off.
        findings: what was refused, repaired, withdrawn or left out; the first of many.
        more: how many findings there are beyond.
    """

    id: UUID
    source: str
    state: RunState
    whole: bool
    began: datetime
    ended: datetime | None
    counts: dict[str, int]
    why: str | None
    findings: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
