"""Documents are created, changed, deleted and erased, and who reads them is decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from shared.fhir.json import dumps
from shared.fhir.search import terms
from shared.fhir.search.sql import DOCUMENT_COLUMNS, Statement
from shared.fhir.store.access import Grant
from shared.fhir.store.creation import Creation, Draft, Text, together
from shared.fhir.store.rows import index_of, readers_of
from shared.fhir.store.session import InSession
from shared.fhir.store.statements import (
    ADMIT,
    CREATE,
    DELETE,
    ERASE,
    LOCK_ALL,
    REGRANT,
    SERIALISE,
    creating,
    updating,
)
from shared.fhir.store.stored import Stored, stored_in
from shared.rows import Rows


class Writing(InSession):
    """The store's writes. None of them commits."""

    def create(self, resource: dict[str, Any], **how: Any) -> Stored:
        """Store a new document; see `creation` for the arguments."""
        creation = self.creation(resource, **how)
        return creation.stored(self._run(creation.statement).one())

    def creation(
        self,
        resource: dict[str, Any],
        *,
        grants: Collection[Grant],
        owner: str,
        person: UUID | None = None,
        id: str | None = None,  # noqa: A002 - FHIR's own word
        beside: Statement | None = None,
    ) -> Creation:
        """The statement that stores a new document, for a caller that runs it.

        Args:
            resource: valid FHIR JSON; its ``id``, ``meta.versionId`` and ``meta.lastUpdated`` are
                the server's and are replaced.
            grants: who may read it.
            owner: the client organisation that it belongs to.
            person: whom it concerns.
            id: its logical id where one was assigned before (references inside a Bundle).
            beside: an INSERT of the caller's for the same round trip; a constant text, with names
                of parameters that are not the store's.
        """
        return self._creation(resource, grants, owner, person, id or str(uuid4()), beside)

    def create_all(self, drafts: Sequence[Draft], rows: Rows | None = None) -> list[Stored]:
        """Store new documents, and rows of other tables, by one statement.

        Args:
            drafts: the documents, in the order in which an unsorted search finds them.
            rows: of the caller's.
        """
        if not drafts:
            if rows:
                rows.insert(self._session.connection())
            return []
        creations = [
            self._creation(each.resource, each.grants, each.owner, each.person, each.id)
            for each in drafts
        ]
        made = {row[0]: row[1:] for row in self._run(together(creations, rows))}
        return [each.stored(made[each.id]) for each in creations]

    def _creation(
        self,
        resource: dict[str, Any],
        grants: Collection[Grant],
        owner: str,
        person: UUID | None,
        logical_id: str,
        beside: Statement | None = None,
    ) -> Creation:
        type_name = resource["resourceType"]
        text = Text.of(resource, logical_id, 1)
        parameters = self._index(type_name, resource, logical_id) | {
            "type": type_name,
            "id": logical_id,
            "head": text.head,
            "tail": text.tail,
            "owner": owner,
            "person": person,
            "now": self._now(),
            **readers_of(grants, owner),
        }
        statement = Statement(CREATE, parameters)
        if beside is not None:
            statement = Statement(creating(beside.text), parameters | beside.parameters)
        return Creation(
            statement, type_name, logical_id, owner, person, text, beside.text if beside else ""
        )

    def update(
        self,
        resource: dict[str, Any],
        *,
        expected_version: int | None = None,
        grants: Collection[Grant] | None = None,
        method: str = "PUT",
        beside: Callable[[int], Statement] | None = None,
    ) -> Stored:
        """Store a new version of a document; one that was deleted comes back.

        Args:
            resource: as for `create`, with the document's ``id``.
            expected_version: what the client believes is current (``If-Match``).
            grants: its readers from now on; None leaves them as they are. A reader that is new
                sees this version and later ones only.
            method: what the history says: PUT or PATCH.
            beside: of the number of the new version, an INSERT that the same statement runs.

        Raises:
            FhirError: 404 where there is no such document, 412 on another version.
        """
        type_name, logical_id = resource["resourceType"], resource["id"]
        current = self._locked(type_name, logical_id, expected_version)
        if current.deleted and grants is None:
            grants = self._grants(current.pk)  # its search row is made anew
        version = current.version + 1
        text = Text.of(resource, logical_id, version)
        parameters = self._index(type_name, resource, logical_id) | {
            "pk": current.pk,
            "type": type_name,
            "version": version,
            "method": method,
            "head": text.head,
            "tail": text.tail,
            "person": current.person,
            "now": self._now(),
            "previous": current.last_updated,
            "regrant": grants is not None,
            **readers_of(grants or (), current.owner),
        }
        also = beside(version) if beside else Statement("")
        statement = Statement(updating(also.text), parameters | also.parameters)
        moment = self._run(statement).scalar_one()
        stored = replace(
            current,
            version=version,
            last_updated=moment,
            deleted=False,
            body=text.at(moment),
            method=method,
        )
        self._hold([stored])
        return stored

    def delete(
        self, type_name: str, logical_id: str, *, expected_version: int | None = None
    ) -> Stored:
        """Delete a document: its readers see 410 and its history, searches no longer find it.

        Deleting again changes nothing (R4 http.html, delete). This is no erasure.

        Raises:
            FhirError: 404 where there is no such document, 412 on another version.
        """
        current = self._locked(type_name, logical_id, expected_version)
        if current.deleted:
            return current
        parameters = {
            "pk": current.pk,
            "now": self._now(),
            "previous": current.last_updated,
        }
        moment = self._run(Statement(DELETE, parameters)).scalar_one()
        stored = replace(
            current,
            version=current.version + 1,
            last_updated=moment,
            deleted=True,
            body="",
            method="DELETE",
        )
        self._hold([stored])
        return stored

    def erase(self, pks: Collection[int], person: UUID) -> int:
        """Erase documents: of all their versions one remains, a deletion without content.

        Who read them reads from then on that they are gone (410), and nothing else. Erasing again
        changes nothing.

        Args:
            pks: of the documents, which may be deleted already.
            person: whose erasure it is; the tombstones carry it.

        Returns:
            How many had content.
        """
        parameters = {"pks": sorted(pks), "person": person, "now": self._now()}
        self._run(Statement(LOCK_ALL, parameters))
        self._held.clear()
        erased: int = self._run(Statement(ERASE, parameters)).scalar_one()
        return erased

    def regrant(self, type_name: str, logical_id: str, grants: Collection[Grant]) -> None:
        """Rewrite who may read a document, without a new version of it.

        Who already reads it on the same basis keeps the versions seen so far; who is new sees the
        current one and later; who is left out sees nothing of it any more.

        Raises:
            FhirError: 404 where there is no such document.
        """
        self.regrant_all({(type_name, logical_id): grants})

    def regrant_all(self, readers: Mapping[tuple[str, str], Collection[Grant]]) -> None:
        """Rewrite who may read several documents; see `regrant`.

        Args:
            readers: of each, by type and id.

        Raises:
            FhirError: 404 where there is no such document.
        """
        held = self.lock_all(readers)
        self._each(REGRANT, {held[named]: grants for named, grants in readers.items()})

    def admit(self, readers: Mapping[Stored, Collection[Grant]]) -> None:
        """Let more readers in to documents that this transaction holds; see `regrant`.

        Args:
            readers: who is let in to each; whoever reads it already goes on reading it.
        """
        self._each(ADMIT, readers)

    def _each(self, statement: str, readers: Mapping[Stored, Collection[Grant]]) -> None:
        rows = [
            {"pk": stored.pk, **readers_of(grants, stored.owner)}
            for stored, grants in readers.items()
        ]
        if rows:
            self._run(Statement(statement, {"rows": dumps(rows).decode()}))

    def assign_person(self, type_name: str, logical_id: str, person: UUID | None) -> None:
        """Say whom a document concerns, in all its versions, once that is known.

        Raises:
            FhirError: 404 where there is no such document.
        """
        current = self._locked(type_name, logical_id, None)
        parameters = {"pk": current.pk, "person": person}
        self._held.clear()
        for table in ("document", "document_version"):
            self._run(
                Statement(
                    f"UPDATE {table} SET person = %(person)s::uuid WHERE pk = %(pk)s",  # noqa: S608
                    parameters,
                )
            )

    def documents_of(self, person: UUID) -> dict[int, Stored]:
        """The documents that concern a person, by key, locked until the transaction ends.

        Locked in one order for everybody, by type and id.
        """
        text = (
            f"SELECT {DOCUMENT_COLUMNS} FROM document d WHERE d.person = %(person)s::uuid"  # noqa: S608
            " ORDER BY d.type, d.id FOR UPDATE"
        )
        rows = self._run(Statement(text, {"person": person})).all()
        return {stored.pk: stored for stored in map(stored_in, rows)}

    def move_documents(self, documents: Collection[int], person: UUID) -> None:
        """Say that documents, in all their versions, concern another person from now on.

        Args:
            documents: their keys, as `documents_of` gave them.
            person: whom they concern.
        """
        parameters = {"pks": list(documents), "person": person}
        self._held.clear()
        for table in ("document", "document_version"):
            text = f"UPDATE {table} SET person = %(person)s::uuid WHERE pk = ANY(%(pks)s)"  # noqa: S608
            self._run(Statement(text, parameters))

    def serialise(self, *keys: str) -> None:
        """Let no other transaction pass this point with one of the same keys until this one ends.

        For decisions that no row can be locked for, such as 'no Patient has this identifier yet'.
        Keys are taken in one order, so that two callers cannot wait for each other.
        """
        if keys:
            hashes = sorted({terms.term("serialise", key) for key in keys})
            self._run(Statement(SERIALISE, {"keys": hashes}))

    def _grants(self, pk: int) -> list[Grant]:
        text = "SELECT party, basis FROM document_reader WHERE pk = %(pk)s"
        return [Grant(row[0], row[1]) for row in self._run(Statement(text, {"pk": pk}))]

    def _index(self, type_name: str, resource: dict[str, Any], logical_id: str) -> dict[str, Any]:
        entry = self._extractor.entry(self._types[type_name], resource)
        return index_of(entry) | {"key": terms.document_key(type_name, logical_id)}
