"""What is known of a source: each record that it gave, and which listing of ours that is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, or_, select, update

from services.providers import many
from services.providers.handlers import Directory
from services.providers.importing.mending.given_ids import as_uuid, key_of
from services.providers.importing.reading.records import Said
from services.providers.rows import among, table
from shared.database import UnitOfWork


@dataclass(frozen=True)
class From:
    """Whose records they are.

    Attributes:
        id: of the source.
        name: of the source.
        hub: to which its organisations belong.
        run: the import.
    """

    id: UUID
    name: str
    hub: str
    run: UUID


@dataclass(frozen=True)
class Entry:
    """A record that was understood, to be kept.

    Attributes:
        given: its id in the source.
        key: its id here.
        fingerprint: of the record as it came.
        said: what was understood of it.
        alone: whether what stands here is what this source said, and nothing else.
        vanished: whether its listing was withdrawn because the source ended it.
    """

    given: str
    key: UUID
    fingerprint: str
    said: Said
    alone: bool = True
    vanished: bool = False


@dataclass(frozen=True)
class Ledger:
    """Reads and keeps what a source said, within the caller's transaction."""

    uow: UnitOfWork
    directory: Directory
    source: From

    def records(self, entity: str, given: Iterable[str | None]) -> dict[str, Row[Any]]:
        """What was kept of records, by the ids that the source gave them."""
        wanted = [each for each in given if each is not None]
        found = self._run(select(_RECORD).where(*self._of(entity, wanted)))
        return {row.given: row for row in found}

    def seen(self, entity: str, given: Sequence[str]) -> None:
        """Note that records are still in the source."""
        if given:
            values = {"run_id": self.source.run, "seen": self.directory.clock()}
            self._run(update(_RECORD).where(*self._of(entity, given)).values(values))

    def keep(self, entity: str, entries: Sequence[Entry]) -> None:
        """Keep what a source said, and the state of the listing that came of it."""
        if not entries:
            return
        at = self.digests(entity, [each.key for each in entries])
        rows = [
            {
                "source_id": self.source.id,
                "entity": entity,
                "given": each.given,
                "key": each.key,
                "fingerprint": each.fingerprint,
                "digest": at.get(each.key) if each.alone else None,
                "said": each.said,
                "run_id": self.source.run,
                "seen": self.directory.clock(),
                "vanished": each.vanished,
            }
            for each in entries
        ]
        changing = [name for name in rows[0] if name not in _KEY]
        many.insert(self.uow.session, "source_record", rows, known_by=_KEY, changing=changing)

    def keep_ids(self, mapped: Sequence[tuple[str, str, UUID]]) -> None:
        """Keep the ids that are no UUIDs, beside those that their entities have here."""
        rows = [
            {"source_id": self.source.id, "entity": entity, "given": given, "key": key}
            for entity, given, key in mapped
        ]
        many.insert(self.uow.session, "given_id", rows, known_by=_KEY)

    def digests(self, entity: str, keys: Iterable[UUID]) -> dict[UUID, str | None]:
        """The fingerprints of listings as they stand."""
        rows = table(entity).c
        wanted = select(rows.id, rows.digest).where(among(rows.id, keys))
        return {row.id: row.digest for row in self._run(wanted)}

    def keys(self, entity: str, fresh: Iterable[str]) -> dict[str, UUID]:
        """The ids that new records get here: their own, unless another hub keeps what has it, or it
        is that of a thing of another kind: some number a service as they number its organisation.
        """
        own = {given: key_of(self.source.id, entity, given) for given in fresh}
        hubs = self._hubs(entity, own.values())
        others = self._of_others(entity, own.values())
        return {
            given: uuid5(self.source.id, f"{entity}/{given}")
            if hubs.get(key, self.source.hub) != self.source.hub or key in others
            else key
            for given, key in own.items()
        }

    def _of_others(self, entity: str, keys: Collection[UUID]) -> set[UUID]:
        """Ids that things of other kinds have."""
        kinds = {"organization", "service", "location"} - {entity}
        columns = [table(each).c.id for each in sorted(kinds)]
        return {
            key
            for column in columns
            for key in self._run(select(column).where(among(column, keys))).scalars()
        }

    def organizations(self, given: Iterable[Any]) -> dict[str, UUID]:
        """Organisations by the id that a record names: the source's own, or the hub's by UUID."""
        wanted = {str(each) for each in given if each is not None}
        uuids = {each: key for each in wanted if (key := as_uuid(each)) is not None}
        organization = table("organization").c
        there = select(organization.id).where(
            among(organization.id, uuids.values()), organization.hub == self.source.hub
        )
        known = set(self._run(there).scalars())
        found = {each: key for each, key in uuids.items() if key in known}
        mine = self.records("organization", wanted)
        found |= {name: row.key for name, row in mine.items()}
        match = table("organization_match").c
        accepted = select(match.one, match.other, match.kept).where(
            match.state == "accepted",
            or_(among(match.one, found.values()), among(match.other, found.values())),
        )
        one = {key: row.kept for row in self._run(accepted) for key in (row.one, row.other)}
        return {name: one.get(key, key) for name, key in found.items()}

    def _hubs(self, entity: str, keys: Iterable[UUID]) -> Mapping[UUID, str | None]:
        """To whose hub the listings belong that there are."""
        organization, service = table("organization"), table("service")
        wanted = select(organization.c.id, organization.c.hub)
        wanted = wanted.where(among(organization.c.id, keys))
        if entity == "service":
            wanted = (
                select(service.c.id, organization.c.hub)
                .join(organization, organization.c.id == service.c.organization_id)
                .where(among(service.c.id, keys))
            )
        return {row.id: row.hub for row in self._run(wanted)}

    def _of(self, entity: str, given: Iterable[str]) -> tuple[Any, ...]:
        return (
            _RECORD.c.source_id == self.source.id,
            _RECORD.c.entity == entity,
            among(_RECORD.c.given, given),
        )

    def _run(self, statement: Any, *rows: Any) -> Any:
        return self.uow.session.connection().execute(statement, *rows)


_RECORD = table("source_record")
_KEY = ("source_id", "entity", "given")
