"""What a source no longer has: withdrawn, unless so much is gone that a person should look."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, select, update

from services.providers import publishing
from services.providers.handlers import Directory
from services.providers.importing.outcomes import Outcome, Told
from services.providers.importing.sources import Begun
from services.providers.life import acts
from services.providers.life.states import IMPORT, Act
from services.providers.rows import table
from shared.database import UnitOfWork

BATCH = 50

_RECORD, _SERVICE = table("source_record"), table("service")


@dataclass(frozen=True)
class Vanished:
    """How many services of a source are no longer in it.

    Attributes:
        services: that are listed still, and not in the source.
        listed: of the source, those included.
    """

    services: int
    listed: int

    def too_many(self, share: float) -> str | None:
        """Why a person should look, in words; None where no more than `share` is gone."""
        if self.services <= share * self.listed:
            return None
        return (
            f"{self.services} of {self.listed} services are no longer in the source. They are still"
            f" listed: more than {share:.0%} at once is for a person to accept."
        )


def vanished(directory: Directory, begun: Begun) -> Vanished:
    """What a complete run did not see."""
    with UnitOfWork(directory.engine) as uow:
        gone = _listed(begun).where(_RECORD.c.run_id != begun.id)
        count = select(func.count())
        return Vanished(
            *(
                uow.session.scalar(count.select_from(each.subquery())) or 0
                for each in (gone, _listed(begun))
            )
        )


def withdraw(
    directory: Directory, begun: Begun, *, accepted_by: str | None = None
) -> Iterator[list[Told]]:
    """Withdraw what a complete run did not see; what another source still has stays listed.

    Args:
        directory: what to work with.
        begun: the run.
        accepted_by: who looked at it because so much was gone; None where nobody had to.

    Yields:
        What was withdrawn, batch by batch, each committed.
    """
    words = f"It is no longer in '{begun.source['name']}'."
    by = accepted_by or IMPORT
    why = f"{words} So much had gone that a person accepted it." if accepted_by else words
    while True:
        with UnitOfWork(directory.engine) as uow:
            now = directory.clock()
            rows = list(_next(uow, begun))
            for row in rows:
                if not _said_elsewhere(uow, begun, row.key):
                    acts.note(uow, row.key, Act.WITHDRAWN, now, by=by, why=why)
                    publishing.withdraw(uow, directory.outbox, row.key, words, now)
            if rows:
                uow.session.connection().execute(
                    update(_RECORD)
                    .where(
                        _RECORD.c.source_id == begun.source["id"],
                        _RECORD.c.entity == "service",
                        _RECORD.c.given.in_([row.given for row in rows]),
                    )
                    .values(vanished=True)
                )
            uow.commit()
        if not rows:
            return
        yield [
            Told("service", row.given, Outcome.WITHDRAWN, row.key, words=words, rule="vanished")
            for row in rows
        ]


def _listed(begun: Begun) -> Select[Any]:
    return (
        select(_RECORD.c.given, _RECORD.c.key)
        .join(_SERVICE, and_(_SERVICE.c.id == _RECORD.c.key, _SERVICE.c.withdrawn.is_(None)))
        .where(
            _RECORD.c.source_id == begun.source["id"],
            _RECORD.c.entity == "service",
            ~_RECORD.c.vanished,
        )
    )


def _next(uow: UnitOfWork, begun: Begun) -> Any:
    wanted = _listed(begun).where(_RECORD.c.run_id != begun.id)
    wanted = wanted.order_by(_SERVICE.c.id).limit(BATCH)
    locked = wanted.with_for_update(of=_SERVICE, key_share=True)
    return uow.session.connection().execute(locked).all()


def _said_elsewhere(uow: UnitOfWork, begun: Begun, key: UUID) -> bool:
    other = exists().where(
        _RECORD.c.key == key,
        _RECORD.c.entity == "service",
        _RECORD.c.source_id != begun.source["id"],
        ~_RECORD.c.vanished,
    )
    return bool(uow.session.scalar(select(other)))
