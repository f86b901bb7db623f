"""Documents are read by id, and their versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.fhir.outcome import gone, not_found
from shared.fhir.search import dates
from shared.fhir.search.request import Position
from shared.fhir.search.sql import Statement
from shared.fhir.store.access import Access
from shared.fhir.store.lookups import by_id, by_ids
from shared.fhir.store.session import InSession
from shared.fhir.store.stored import TOTAL_LIMIT, HistoryPage, Stored, stored_in, there

_CURRENT_WITHIN = (
    "v.last_updated < %(to)s::timestamptz AND NOT EXISTS (SELECT FROM document_version n"
    " WHERE n.pk = v.pk AND n.version = v.version + 1 AND n.last_updated <= %(from)s::timestamptz)"
)


class Reading(InSession):
    """The store's reads of what has a name."""

    def read(self, type_name: str, logical_id: str, access: Access) -> Stored:
        """The current version.

        Raises:
            FhirError: 404 where this access sees no such document, 410 where it was deleted.
        """
        return there(self.find(type_name, logical_id, access))

    def find(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """The current version, or its deletion, or None where this access sees no such document."""
        row = self._run(by_id(type_name, logical_id, access)).one_or_none()
        return None if row is None else stored_in(row)

    def find_all(
        self, named: Collection[tuple[str, str]], access: Access
    ) -> dict[tuple[str, str], Stored]:
        """The current versions of those that this access sees and that are not deleted, by name."""
        if not named:
            return {}
        rows = self._run(by_ids(list(named), access)).all()
        return {(stored.type, stored.id): stored for stored in map(stored_in, rows)}

    def vread(self, type_name: str, logical_id: str, version: int, access: Access) -> Stored:
        """One version.

        Raises:
            FhirError: 404 where this access sees no such version, 410 where it is a deletion.
        """
        found = self._versions(
            access, limit=1, type_name=type_name, logical_id=logical_id,
            conditions=["v.version = %(version)s"],
            parameters={"version": version},
        )  # fmt: skip
        if not found:
            raise not_found("There is no such version here.")
        if found[0].deleted:
            raise gone("This version is the deletion.")
        return found[0]

    def history(
        self,
        type_name: str | None,
        logical_id: str | None,
        access: Access,
        *,
        since: datetime | None = None,
        at: dates.Range | None = None,
        count: int = 20,
        after: Position | None = None,
        visible_types: Collection[str] | None = None,
    ) -> HistoryPage:
        """Versions that this access may see, newest first.

        Args:
            type_name: one type, or None for all.
            logical_id: one document, or None for all of the type.
            since: only versions stored at or after this instant; then nothing newer than the safe
                time either, so that a poller who asks again from what it saw last misses nothing.
            at: only versions that were current at some time within (R4 http.html, history).
            count: versions per page; 0 for their total alone, as far as `TOTAL_LIMIT`.
            after: where the page before ended.
            visible_types: with ``type_name`` None: the types that the client may see.

        Raises:
            FhirError: 404 where one document is asked for and this access sees none of it.
        """
        conditions: list[str] = []
        parameters: dict[str, Any] = {}
        if since is not None:
            parameters |= {"since": since, "safe": self.safe_time()}
            conditions += ["v.last_updated >= %(since)s", "v.last_updated < %(safe)s"]
        if at is not None:
            parameters |= {"from": at.low, "to": at.high}
            conditions += [_CURRENT_WITHIN, "v.body IS NOT NULL"]
        if type_name is None:
            # Each type by its own index, newest first; one sort of everything takes seconds.
            parameters["types"] = sorted(self._types if visible_types is None else visible_types)
            conditions.append("v.type = types.name")
        counted = None
        if after is None and (logical_id is not None or not count):
            limit = TOTAL_LIMIT if logical_id is None else None
            counted = self._count_versions(
                access, type_name, logical_id, conditions, parameters, limit=limit
            )
        if after is not None:
            parameters |= {"at": after.values[0], "pk": after.pk, "v": int(after.values[1] or 0)}
            conditions.append(
                "(v.last_updated, v.pk, v.version) < (%(at)s::timestamptz, %(pk)s, %(v)s)"
            )
        # One more than is sent says whether there are more; of none it says whether there is any.
        found = self._versions(
            access,
            limit=count + 1,
            type_name=type_name,
            logical_id=logical_id,
            conditions=conditions,
            parameters=parameters,
        )
        nothing = logical_id is not None and not found and after is None
        if nothing and self.find(type_name or "", logical_id or "", access) is None:
            raise not_found()
        page, more = found[:count], len(found) > count
        following = None
        if more and page:
            last = page[-1]
            following = Position((dates.bound(last.last_updated), str(last.version)), last.pk)
        return HistoryPage(page, counted, following)

    def _versions(
        self,
        access: Access,
        *,
        limit: int,
        type_name: str | None,
        logical_id: str | None,
        conditions: Iterable[str],
        parameters: Mapping[str, Any],
    ) -> list[Stored]:
        where, bound = _version_conditions(access, type_name, logical_id, conditions, parameters)
        order = f"ORDER BY v.last_updated DESC, v.pk DESC, v.version DESC LIMIT {limit}"
        text = (
            "SELECT v.pk, v.type, d.id, v.version, v.last_updated, v.body IS NULL,"  # noqa: S608
            " coalesce(v.body, ''), d.owner, v.person, v.method"
            f" FROM document_version v JOIN document d ON d.pk = v.pk WHERE {where} {order}"
        )
        if type_name is None:
            text = (
                f"SELECT v.* FROM unnest(%(types)s::text[]) AS types (name)"  # noqa: S608
                f" CROSS JOIN LATERAL ({text}) v {order}"
            )
        return [replace(stored_in(row), method=row[9]) for row in self._run(Statement(text, bound))]

    def _count_versions(
        self,
        access: Access,
        type_name: str | None,
        logical_id: str | None,
        conditions: Iterable[str],
        parameters: Mapping[str, Any],
        *,
        limit: int | None,
    ) -> int | None:
        """How many there are; None where they are more than ``limit``."""
        where, bound = _version_conditions(access, type_name, logical_id, conditions, parameters)
        types = "" if type_name else ", unnest(%(types)s::text[]) AS types (name)"
        bound["limit"] = None if limit is None else limit + 1
        text = (
            "SELECT count(*) FROM (SELECT FROM document_version v"  # noqa: S608
            f" JOIN document d ON d.pk = v.pk{types} WHERE {where} LIMIT %(limit)s::bigint) x"
        )
        count: int = self._run(Statement(text, bound)).scalar_one()
        return None if limit is not None and count > limit else count


def _version_conditions(
    access: Access,
    type_name: str | None,
    logical_id: str | None,
    conditions: Iterable[str],
    parameters: Mapping[str, Any],
) -> tuple[str, dict[str, Any]]:
    """A version is seen by whoever reads the document now and read it by then (since_version)."""
    bound = dict(parameters)
    where = list(conditions)
    if type_name is not None:
        bound["type"] = type_name
        where.append("v.type = %(type)s AND d.type = %(type)s")
    if logical_id is not None:
        bound["id"] = logical_id
        where.append("d.id = %(id)s")
    if not access.everything:
        bound["parties"] = sorted(access.parties)
        where.append(
            "EXISTS (SELECT FROM document_reader r WHERE r.pk = v.pk"
            " AND r.party = ANY(%(parties)s) AND r.since_version <= v.version)"
        )
    return " AND ".join(where) or "true", bound
