"""What the sources of the one that went said of it while it stood in another, after an undoing.

None of it came through: it was taken as said of the one that stayed. The ledger kept it, so it is
taken now as if it had just been read; the sources themselves are asked nothing.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from services.providers.handlers import Directory
from services.providers.importing.ledger import From
from services.providers.importing.outcomes import Outcome
from services.providers.importing.reading.records import Entity, Record
from services.providers.importing.taking import Batch
from services.providers.rows import table
from shared.database import UnitOfWork

_RECORD, _SOURCE = table("source_record"), table("source")


def said_by_sources(uow: UnitOfWork, entity: Entity, key: UUID) -> list[list[Any]]:
    """What sources say of a listing: `[source, id there, what it says]` of each."""
    rows = uow.session.connection().execute(
        select(_RECORD.c.source_id, _RECORD.c.given, _RECORD.c.said).where(
            _RECORD.c.key == key, _RECORD.c.entity == entity
        )
    )
    return [[str(row.source_id), row.given, row.said] for row in rows]


def take_since(
    uow: UnitOfWork,
    directory: Directory,
    entity: Entity,
    said: Sequence[Sequence[Any]],
) -> None:
    """Take what sources say otherwise than at the acceptance; what was written here stays.

    Where that does not fit, the record counts as one that was not read, so that the next import of
    its source takes it, or says why not. The same holds for what was withdrawn because its source
    dropped it: it comes back with its source. What its source ended by a word of its own is ended.

    Args:
        uow: the caller's transaction, in which the two are parted already.
        directory: what to work with.
        entity: organization or service.
        said: see `said_by_sources`, as it was at the acceptance.
    """
    run = uow.session.connection().execute
    for source, given, then in said:
        mine = (
            _RECORD.c.source_id == UUID(source),
            _RECORD.c.entity == entity,
            _RECORD.c.given == given,
        )
        newer = (
            select(_RECORD, _SOURCE.c.name, _SOURCE.c.hub)
            .join(_SOURCE, _SOURCE.c.id == _RECORD.c.source_id)
            .where(*mine, _RECORD.c.said != then)
        )
        row = run(newer).one_or_none()
        if row is None:
            continue
        run(update(_RECORD).where(*mine).values(said=then, fingerprint="", digest=None))
        if row.vanished and row.said.get("status") != "defunct":
            continue
        batch = Batch(uow, directory, From(row.source_id, row.name, row.hub, uuid4()), last=True)
        batch.take([Record(entity, {**row.said, "id": given})])
        # No import saw it just now: one that is held must still find when its source was read.
        as_read = {"run_id": row.run_id, "seen": row.seen}
        if all(each.outcome is not Outcome.REFUSED for each in batch.told):
            as_read["fingerprint"] = row.fingerprint
        run(update(_RECORD).where(*mine).values(as_read))
