"""What documents are found by is made anew, after a change of what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.fhir.json import parse
from shared.fhir.search.sql import Statement
from shared.fhir.store.rows import index_of
from shared.fhir.store.session import InSession
from shared.fhir.store.statements import REINDEX
from shared.fhir.store.stored import Stored


class Indexing(InSession):
    """The store's second look at what it holds."""

    def to_index(self, after: int, count: int) -> list[int]:
        """The keys of current documents of served types, in order.

        Args:
            after: the key behind which to begin.
            count: how many at most.
        """
        text = (
            "SELECT pk FROM document WHERE pk > %(after)s AND NOT deleted AND type = ANY(%(types)s)"
            " ORDER BY pk LIMIT %(count)s"
        )
        parameters = {"after": after, "types": sorted(self._types), "count": count}
        return [row[0] for row in self._run(Statement(text, parameters))]

    def reindex(self, pk: int) -> None:
        """Make one document's search rows as they would be made today; nothing else changes.

        The document is locked meanwhile, so that a write of it comes before or after. Doing it
        again changes nothing, and so it need not be durable at once.
        """
        self._run(Statement("SET LOCAL synchronous_commit = off"))
        text = "SELECT type, body FROM document WHERE pk = %(pk)s AND NOT deleted FOR UPDATE"
        row = self._run(Statement(text, {"pk": pk})).one_or_none()
        if row is not None:
            entry = self._extractor.entry(self._types[row[0]], parse(row[1].encode()))
            self._run(Statement(REINDEX, index_of(entry) | {"pk": pk}))

    @contextmanager
    def as_it_was(self, version: Stored) -> Iterator[None]:
        """Have searches within the block find a current document by one of its earlier versions.

        Its search rows are put back at the end, with whatever else the block wrote. Nobody else
        ever sees them, and a write of the document waits for as long.

        Args:
            version: which one, with its text.
        """
        entry = self._extractor.entry(self._types[version.type], parse(version.body.encode()))
        with self._undone():
            self._run(Statement(REINDEX, index_of(entry) | {"pk": version.pk}))
            yield
