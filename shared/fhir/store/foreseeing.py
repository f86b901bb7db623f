"""What a transaction will have written is searched before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from shared.fhir.search.sql import Statement
from shared.fhir.store.access import Access, Grant
from shared.fhir.store.indexing import Indexing
from shared.fhir.store.rows import index_of
from shared.fhir.store.statements import REINDEX
from shared.fhir.store.stored import Stored
from shared.fhir.store.writing import Writing


class Foreseeing(Writing, Indexing):
    """The store as it will be."""

    @contextmanager
    def as_it_will_be(
        self,
        created: Iterable[tuple[str, dict[str, Any]]],
        changed: Iterable[tuple[Stored, dict[str, Any]]],
        deleted: Iterable[Stored],
        access: Access,
        owner_of: Callable[[str], str | None],
    ) -> Iterator[None]:
        """Have searches within the block find what a transaction is going to write.

        What the block sees is undone at its end, and nobody else ever sees it.

        Args:
            created: the ids that new documents will have, and their resources.
            changed: documents, and the resources that they will hold.
            deleted: documents.
            access: of the writer, who will read what is new.
            owner_of: the organisation that a new document of a type will belong to.
        """
        grants = [Grant(party, "owner") for party in sorted(access.parties)]
        with self._undone():
            for logical_id, resource in created:
                owner = owner_of(resource["resourceType"]) or ""
                self.create(resource, id=logical_id, grants=grants, owner=owner)
            for current, resource in changed:
                entry = self._extractor.entry(self._types[current.type], resource)
                self._run(Statement(REINDEX, index_of(entry) | {"pk": current.pk}))
            gone = {"pks": [each.pk for each in deleted]}
            self._run(Statement("DELETE FROM document_search WHERE pk = ANY(%(pks)s)", gone))
            yield
