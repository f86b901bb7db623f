"""The list of erasures, kept apart from the backups and applied after one was restored.

A backup that is older than an erasure brings the person back, and brings a list back that does not
know of the erasure. So the list is also a file: one JSON object a line, ids and codes only.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.referrals.desk import Desk
from services.referrals.subject.erasing import erase, tell
from services.referrals.subject.finding import NoSuchPerson
from services.referrals.tables import Erasure


class ErasureLine(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: UUID
    persons: tuple[UUID, ...] = ()
    cases: tuple[UUID, ...] = ()
    reason: str
    asked_by: str
    erased: datetime

    @classmethod
    def of(cls, row: Erasure) -> "ErasureLine":
        """The line of a row."""
        return cls.model_validate(row.model_dump(exclude={"told"}))


def reapply(desk: Desk, lines: Iterable[ErasureLine], *, by: str) -> Iterator[tuple[UUID, bool]]:
    """Erase again whoever a restored backup brought back, and tell every service of all of them.

    Each person is a transaction of its own; what is erased already is left as it is. Neither a hold
    nor an open case stops it: both were settled when the person was erased.

    Args:
        desk: what every use case works with.
        lines: of the file.
        by: the operator who does it.

    Yields:
        Each person of the file, and whether the database knew them.
    """
    for line in lines:
        known = False
        for person in dict.fromkeys((line.person, *line.persons)):
            try:
                erase(
                    desk,
                    person,
                    by=by,
                    reason="restored-backup",
                    even_if_open=True,
                    even_if_held=True,
                )
            except NoSuchPerson:
                continue
            known = True
        _remember(desk, line)
        yield line.person, known


def _remember(desk: Desk, line: ErasureLine) -> None:
    """Have the list say what the file says, and tell the others of all cases that either names."""
    with desk.work() as uow:
        row = uow.session.get(Erasure, line.person) or Erasure(
            person=line.person,
            persons=[],
            cases=[],
            reason="",
            asked_by="",
            erased=line.erased,
            told=line.erased,
        )
        row.persons = _both(row.persons, line.persons)
        row.cases = _both(row.cases, line.cases)
        row.reason, row.asked_by, row.erased = line.reason, line.asked_by, line.erased
        row.told = desk.clock()
        uow.session.add(row)
        tell(desk, uow, row.person, [UUID(case) for case in row.cases])
        uow.session.flush()
        uow.commit()


def _both(known: Iterable[str], said: Iterable[UUID]) -> list[str]:
    return list(dict.fromkeys([*known, *map(str, said)]))
