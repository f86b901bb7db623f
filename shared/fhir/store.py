"""Documents: created, changed, read and found, each only by those who may.

The store works inside its caller's session and never commits. It is the one place that decides
who sees a document: the condition is part of every SELECT, on every hop of a search, and nothing
outside the store filters.

A create is one statement. An update locks the row, compares the version, and writes everything
else in a second statement. A plain read parses nothing: the text goes out as it was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from shared.fhir import tables
from shared.fhir.json import dumps
from shared.fhir.outcome import Issue, gone, not_found, precondition_failed
from shared.fhir.search import dates, terms
from shared.fhir.search.extract import Extractor, IndexEntry
from shared.fhir.search.parameters import Types
from shared.fhir.search.query import Include, Position, SearchRequest, parse_query, parse_search
from shared.fhir.search.sql import DOCUMENT_COLUMNS, SearchSql, Statement, Visible
from shared.fhir.statements import (
    CREATE,
    DELETE,
    ERASE,
    LOCK_ALL,
    REGRANT,
    UPDATE,
    creating,
    creating_many,
)

metadata = tables.metadata

#: Totals are counted up to here unless an accurate one is asked for.
TOTAL_LIMIT = 1000
#: Documents sent along with one page at most; beyond, the answer says so.
INCLUDE_LIMIT = 1000
#: Rounds of ``:iterate``.
ITERATE_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Access:
    """Who is asking: the parties whose reader rows count. No party sees nothing."""

    parties: frozenset[str]
    everything: bool = False

    @classmethod
    def of(cls, *parties: str) -> Self:
        """The access of the given parties together."""
        return cls(frozenset(parties))

    @classmethod
    def system(cls) -> Self:
        """Sees every document. For the server's own work; never for a request's principal."""
        return cls(frozenset(), everything=True)

    def visible(self, owner: str | None = None) -> Visible:
        """The same, for the SQL."""
        return Visible(None if self.everything else tuple(sorted(self.parties)), owner)


@dataclass(frozen=True, slots=True)
class Grant:
    """One reader of a document and why it may read."""

    party: str
    basis: str


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a document; ``body`` is its JSON as served, empty for a deletion."""

    type: str
    id: str
    version: int
    last_updated: datetime
    deleted: bool
    body: str
    pk: int
    owner: str = ""
    person: UUID | None = None
    method: str = ""

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page.

    Attributes:
        matches: what was found, in order.
        included: what was sent along.
        total: the number of matches, where it was counted.
        next: where the next page begins, where there is one.
        issues: remarks for the client, such as that not everything was included.
    """

    matches: list[Stored]
    included: list[Stored]
    total: int | None
    next: Position | None
    issues: list[Issue]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first, and where the next page begins."""

    versions: list[Stored]
    total: int | None
    next: Position | None


class FhirStore:
    """The documents of one service, within one session.

    Args:
        session: the caller's; it commits or rolls back.
        types: the served types; only their documents can be written or searched.
        base_url: the server's own FHIR address; references below it are local ones.
        zone: what a date without zone means.
        clock: for tests and demo data; by default the database's own clock, which every replica
            shares and on which the safe time for pollers rests.
    """

    def __init__(
        self,
        session: Session,
        types: Types,
        *,
        base_url: str = "",
        zone: str = "Europe/London",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._session = session
        self._types = types
        self._base_url = base_url
        self._zone = ZoneInfo(zone)
        self._clock = clock
        self._extractor = Extractor(base_url=base_url, zone=self._zone)

    # --- writing ------------------------------------------------------------------------------

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
        type_name = resource["resourceType"]
        logical_id = id or str(uuid4())
        text = _Text.of(resource, logical_id, 1)
        parameters = self._index(type_name, resource, logical_id) | {
            "type": type_name,
            "id": logical_id,
            "head": text.head,
            "tail": text.tail,
            "owner": owner,
            "person": person,
            "now": self._now(),
            **_readers(grants, owner),
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
    ) -> Stored:
        """Store a new version of a document; one that was deleted comes back.

        Args:
            resource: as for `create`, with the document's ``id``.
            expected_version: what the client believes is current (``If-Match``).
            grants: its readers from now on; None leaves them as they are. A reader that is new
                sees this version and later ones only.
            method: what the history says: PUT or PATCH.

        Raises:
            FhirError: 404 where there is no such document, 412 on another version.
        """
        type_name, logical_id = resource["resourceType"], resource["id"]
        current = self._locked(type_name, logical_id, expected_version)
        if current.deleted and grants is None:
            grants = self._grants(current.pk)  # its search row is made anew
        version = current.version + 1
        text = _Text.of(resource, logical_id, version)
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
            **_readers(grants or (), current.owner),
        }
        moment = self._run(Statement(UPDATE, parameters)).scalar_one()
        return replace(
            current,
            version=version,
            last_updated=moment,
            deleted=False,
            body=text.at(moment),
            method=method,
        )

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
        return replace(
            current,
            version=current.version + 1,
            last_updated=moment,
            deleted=True,
            body="",
            method="DELETE",
        )

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
        erased: int = self._run(Statement(ERASE, parameters)).scalar_one()
        return erased

    def regrant(self, type_name: str, logical_id: str, grants: Collection[Grant]) -> None:
        """Rewrite who may read a document, without a new version of it.

        Who already reads it on the same basis keeps the versions seen so far; who is new sees the
        current one and later; who is left out sees nothing of it any more.

        Raises:
            FhirError: 404 where there is no such document.
        """
        current = self._locked(type_name, logical_id, None)
        parameters = {
            "pk": current.pk,
            "version": current.version,
            **_readers(grants, current.owner),
        }
        self._run(Statement(REGRANT, parameters))

    def assign_person(self, type_name: str, logical_id: str, person: UUID | None) -> None:
        """Say whom a document concerns, in all its versions, once that is known.

        Raises:
            FhirError: 404 where there is no such document.
        """
        current = self._locked(type_name, logical_id, None)
        parameters = {"pk": current.pk, "person": person}
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
        for table in ("document", "document_version"):
            text = f"UPDATE {table} SET person = %(person)s::uuid WHERE pk = ANY(%(pks)s)"  # noqa: S608
            self._run(Statement(text, parameters))

    def serialise(self, *keys: str) -> None:
        """Let no other transaction pass this point with one of the same keys until this one ends.

        For decisions that no row can be locked for, such as 'no Patient has this identifier yet'.
        Keys are taken in one order, so that two callers cannot wait for each other.
        """
        for key in sorted({terms.term("serialise", key) for key in keys}):
            self._run(Statement("SELECT pg_advisory_xact_lock(%(key)s)", {"key": key}))

    # --- reading ------------------------------------------------------------------------------

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
            count: versions per page.
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
        if visible_types is not None:
            parameters["types"] = sorted(visible_types)
            conditions.append("v.type = ANY(%(types)s)")
        counted = None
        if after is None and logical_id is not None:
            counted = self._count_versions(access, type_name, logical_id, conditions, parameters)
        if after is not None:
            parameters |= {"at": after.values[0], "pk": after.pk, "v": int(after.values[1] or 0)}
            conditions.append(
                "(v.last_updated, v.pk, v.version) < (%(at)s::timestamptz, %(pk)s, %(v)s)"
            )
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

    def lock(self, type_name: str, logical_id: str) -> Stored:
        """The current version, locked until the transaction ends. No access check: for handlers.

        Raises:
            FhirError: 404 where there is no such document.
        """
        return self._locked(type_name, logical_id, None)

    # --- searching ----------------------------------------------------------------------------

    def search(self, request: SearchRequest, access: Access) -> SearchResult:
        """One page of matches with what was to be included, and the total."""
        sql = self._sql(access.visible(), request)
        if request.count == 0 or request.summary == "count":
            return SearchResult([], [], self._total(sql, request, None), None, [])
        rows = self._run(sql.page(request)).all()
        more = len(rows) > request.count
        rows = rows[: request.count]
        matches = [stored_in(row) for row in rows]
        following = None
        if more:
            last = rows[-1]
            following = Position(tuple(last[len(_COLUMNS) :]), last[0])
        total = None
        if request.total != "none":
            complete = not more and request.after is None
            total = len(matches) if complete else self._total(sql, request, TOTAL_LIMIT)
        included, issues = self._included(sql, request, matches)
        return SearchResult(matches, included, total, following, issues)

    def match(
        self,
        type_name: str,
        query: str,
        access: Access,
        owner: str | None,
    ) -> list[Stored]:
        """What a conditional interaction or reference matches: none, one, or two for 'several'.

        Args:
            type_name: the type searched.
            query: such as ``identifier=system|value``, without a leading question mark.
            access: who asks.
            owner: look only at what this client organisation owns; None looks at all it may see.

        Raises:
            FhirError: 400 where the query filters nothing or is not understood.
        """
        request = parse_search(self._types, type_name, parse_query(query))
        if not request.conditions:
            raise precondition_failed("The condition names no search parameter.", multiple=True)
        sql = self._sql(access.visible(owner), request)
        page = replace(request, count=1, sort=(), after=None)
        return [stored_in(row) for row in self._run(sql.page(page)).all()]

    def seen(self, references: Iterable[tuple[str, str]], access: Access) -> set[tuple[str, str]]:
        """Which of the (type, id) pairs are current documents that this access sees."""
        wanted = sorted(set(references))
        if not wanted:
            return set()
        parameters: dict[str, Any] = {
            "types": [type_name for type_name, _ in wanted],
            "ids": [logical_id for _, logical_id in wanted],
        }
        visible = access.visible().exact("d", parameters)
        where = " AND ".join(["NOT d.deleted", *visible])
        text = (
            "SELECT d.type, d.id FROM unnest(%(types)s::text[], %(ids)s::text[]) w(type, id)"  # noqa: S608
            f" JOIN document d ON d.type = w.type AND d.id = w.id WHERE {where}"
        )
        return {(row[0], row[1]) for row in self._run(Statement(text, parameters))}

    def safe_time(self) -> datetime:
        """The instant before which no running write can still put a document.

        Every write takes its time from the database's clock after it has a transaction id. So a
        transaction that is not yet known to be writing will take a later time than now, and one
        that is writing took none before it began. Reads that come after this call see everything
        before the instant returned. It is a call of its own because a statement's snapshot is
        older than what the statement then reads from pg_stat_activity.

        It sees writers under the same database role (or all, as pg_read_all_stats): a service
        writes under one role.
        """
        text = (
            "SELECT least(clock_timestamp(), (SELECT min(xact_start) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_xid IS NOT NULL"
            " AND pid <> pg_backend_pid()))"
        )
        moment: datetime = self._run(Statement(text)).scalar_one()
        return moment

    # --- inside -------------------------------------------------------------------------------

    def _run(self, statement: Statement) -> Any:
        return self._session.connection().exec_driver_sql(statement.text, statement.parameters)

    def _now(self) -> datetime | None:
        return None if self._clock is None else self._clock()

    def _sql(self, visible: Visible, request: SearchRequest) -> SearchSql:
        polls = any(code.startswith("_lastUpdated") for code, _ in request.applied)
        safe = dates.bound(self.safe_time()) if polls else None
        return SearchSql(
            self._types, visible, base_url=self._base_url, zone=self._zone, safe_time=safe
        )

    def _locked(self, type_name: str, logical_id: str, expected_version: int | None) -> Stored:
        text = (
            f"SELECT {DOCUMENT_COLUMNS} FROM document d"  # noqa: S608
            " WHERE d.type = %(type)s AND d.id = %(id)s FOR UPDATE"
        )
        row = self._run(Statement(text, {"type": type_name, "id": logical_id})).one_or_none()
        if row is None:
            raise not_found()
        current = stored_in(row)
        if expected_version is not None and expected_version != current.version:
            raise precondition_failed(
                f"The current version is {current.version}, not {expected_version}: "
                "read it and decide again."
            )
        return current

    def _grants(self, pk: int) -> list[Grant]:
        text = "SELECT party, basis FROM document_reader WHERE pk = %(pk)s"
        return [Grant(row[0], row[1]) for row in self._run(Statement(text, {"pk": pk}))]

    def _index(self, type_name: str, resource: dict[str, Any], logical_id: str) -> dict[str, Any]:
        entry = self._extractor.entry(self._types[type_name], resource)
        return _columns(entry) | {"key": terms.document_key(type_name, logical_id)}

    def _total(self, sql: SearchSql, request: SearchRequest, limit: int | None) -> int | None:
        if request.total == "accurate" or limit is None:
            count: int = self._run(sql.count(request, None)).scalar_one()
            return count
        count = self._run(sql.count(request, limit + 1)).scalar_one()
        return count if count <= limit else None

    def _included(
        self, sql: SearchSql, request: SearchRequest, matches: Sequence[Stored]
    ) -> tuple[list[Stored], list[Issue]]:
        rules = [(i, False) for i in request.includes] + [(i, True) for i in request.revincludes]
        if not rules or not matches:
            return [], []
        allowed = frozenset(self._types)
        if request.visible_types is not None:
            allowed &= request.visible_types
        known = {stored.pk for stored in matches}
        found: list[Stored] = []
        around: Sequence[Stored] = matches
        for _ in range(ITERATE_LIMIT):
            fresh: dict[int, Stored] = {}
            for include, reverse in rules:
                for stored in self._around(sql, include, reverse, around, allowed):
                    if stored.pk not in known:
                        fresh[stored.pk] = stored
            known |= fresh.keys()
            found += fresh.values()
            rules = [(include, reverse) for include, reverse in rules if include.iterate]
            around = list(fresh.values())
            if not rules or not around or len(found) > INCLUDE_LIMIT:
                break
        if len(found) <= INCLUDE_LIMIT:
            return found, []
        remark = Issue(
            "warning",
            "incomplete",
            f"More than {INCLUDE_LIMIT} documents were to be included; ask for fewer matches.",
        )
        return found[:INCLUDE_LIMIT], [remark]

    def _around(
        self,
        sql: SearchSql,
        include: Include,
        reverse: bool,
        near: Sequence[Stored],
        allowed: frozenset[str],
    ) -> list[Stored]:
        pks = [stored.pk for stored in near if reverse or include.source in ("*", stored.type)]
        if not pks:
            return []
        statement = sql.included(
            include, pks, reverse=reverse, allowed=allowed, limit=INCLUDE_LIMIT + 1
        )
        return [stored_in(row) for row in self._run(statement)]

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
        text = (
            "SELECT v.pk, v.type, d.id, v.version, v.last_updated, v.body IS NULL,"  # noqa: S608
            " coalesce(v.body, ''), d.owner, v.person, v.method"
            f" FROM document_version v JOIN document d ON d.pk = v.pk WHERE {where}"
            f" ORDER BY v.last_updated DESC, v.pk DESC, v.version DESC LIMIT {limit}"
        )
        return [replace(stored_in(row), method=row[9]) for row in self._run(Statement(text, bound))]

    def _count_versions(
        self,
        access: Access,
        type_name: str | None,
        logical_id: str | None,
        conditions: Iterable[str],
        parameters: Mapping[str, Any],
    ) -> int:
        where, bound = _version_conditions(access, type_name, logical_id, conditions, parameters)
        text = (
            "SELECT count(*) FROM document_version v"  # noqa: S608
            f" JOIN document d ON d.pk = v.pk WHERE {where}"
        )
        count: int = self._run(Statement(text, bound)).scalar_one()
        return count


def by_id(type_name: str, logical_id: str, access: Access) -> Statement:
    """The statement that finds a document's current version, if this access sees it."""
    parameters: dict[str, Any] = {"type": type_name, "id": logical_id}
    visible = access.visible().exact("d", parameters)
    where = " AND ".join(["d.type = %(type)s", "d.id = %(id)s", *visible])
    text = f"SELECT {DOCUMENT_COLUMNS} FROM document d WHERE {where}"  # noqa: S608
    return Statement(text, parameters)


def by_ids(named: Sequence[tuple[str, str]], access: Access) -> Statement:
    """The statement that finds the current versions of many, of those that this access sees.

    Of those that were not deleted; in no order, and each once.
    """
    parameters: dict[str, Any] = {
        "types": [type_name for type_name, _ in named],
        "ids": [logical_id for _, logical_id in named],
    }
    visible = access.visible().exact("d", parameters)
    where = " AND ".join(["NOT d.deleted", *visible])
    text = (
        f"SELECT {DOCUMENT_COLUMNS} FROM (SELECT DISTINCT * FROM"  # noqa: S608
        " unnest(%(types)s::text[], %(ids)s::text[])) AS named (type, id)"
        f" JOIN document d ON d.type = named.type AND d.id = named.id WHERE {where}"
    )
    return Statement(text, parameters)


def there(found: Stored | None) -> Stored:
    """What was found by its id.

    Raises:
        FhirError: 404 where nothing was, 410 where it was deleted.
    """
    if found is None:
        raise not_found()
    if found.deleted:
        raise gone()
    return found


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


@dataclass(frozen=True, slots=True)
class _Text:
    """A resource's JSON around the one value that only the database knows: when it was stored."""

    head: str
    tail: str

    @classmethod
    def of(cls, resource: dict[str, Any], logical_id: str, version: int) -> Self:
        """What the sender wrote, in its order, behind the server's id and meta."""
        meta = {
            key: value
            for key, value in (resource.get("meta") or {}).items()
            if key not in ("versionId", "lastUpdated", "_versionId", "_lastUpdated")
        }
        rest = {k: v for k, v in resource.items() if k not in ("resourceType", "id", "meta")}
        head = (
            f'{{"resourceType":"{resource["resourceType"]}","id":"{logical_id}",'
            f'"meta":{{"versionId":"{version}","lastUpdated":"'
        )
        tail = '"' + _joined(meta) + "}" + _joined(rest) + "}"
        return cls(head, tail)

    def at(self, moment: datetime) -> str:
        """The whole text, as the database composed it from the same parts."""
        return f"{self.head}{dates.instant_text(moment)}{self.tail}"


def _joined(members: dict[str, Any]) -> str:
    """The members of an object, to follow others inside the same braces."""
    return "," + dumps(members).decode()[1:-1] if members else ""


@dataclass(frozen=True, slots=True)
class Creation:
    """A document that is about to be stored.

    Attributes:
        statement: stores it; its row is what `stored` takes.
        type: of the document.
        id: its logical id.
        owner: the client organisation that it belongs to.
        person: whom it concerns.
        beside: the INSERT that its statement does too; empty for none.
    """

    statement: Statement
    type: str
    id: str
    owner: str
    person: UUID | None
    _text: _Text
    beside: str

    def stored(self, row: Any) -> Stored:
        """The document, from the row of its statement."""
        pk, moment = row
        body = self._text.at(moment)
        return Stored(
            self.type, self.id, 1, moment, False, body, pk, self.owner, self.person, "POST"
        )


def together(creations: Sequence[Creation]) -> Statement:
    """One statement for documents that are stored together, all with the same row beside them.

    Its rows are the id of each, and then what `Creation.stored` takes.
    """
    beside = creations[0].beside
    rows = dumps([creation.statement.parameters for creation in creations]).decode()
    now = creations[0].statement.parameters["now"]
    return Statement(creating_many(beside), {"rows": rows, "now": now})


_COLUMNS = ("pk", "type", "id", "version", "last_updated", "deleted", "body", "owner", "person")


def stored_in(row: Any) -> Stored:
    """The version that a row of `DOCUMENT_COLUMNS` holds."""
    return Stored(
        pk=row[0],
        type=row[1],
        id=row[2],
        version=row[3],
        last_updated=row[4].astimezone(UTC),
        deleted=row[5],
        body=row[6],
        owner=row[7],
        person=row[8],
    )


def _readers(grants: Collection[Grant], owner: str) -> dict[str, Any]:
    pairs = sorted({(grant.party, grant.basis) for grant in grants})
    readers = sorted({terms.reader(party) for party, _ in pairs})
    return {
        "parties": _array(_quoted(party) for party, _ in pairs),
        "bases": _array(_quoted(basis) for _, basis in pairs),
        "readers": _array(map(str, [*readers, terms.owned_by(owner)])),
    }


def _columns(entry: IndexEntry) -> dict[str, Any]:
    """The index entry as parallel arrays, for unnest."""
    return {
        "terms": _array(map(str, sorted(entry.terms))),
        "sorted_at": entry.sorted_at,
        "sorted_until": entry.sorted_until,
        "date_params": _array(str(row[0]) for row in entry.dates),
        "date_lows": _array(row[1] for row in entry.dates),
        "date_highs": _array(row[2] for row in entry.dates),
        "string_params": _array(str(row[0]) for row in entry.strings),
        "string_values": _array(_quoted(row[1]) for row in entry.strings),
        "quantity_params": _array(str(row[0]) for row in entry.quantities),
        "quantity_lows": _array(row[1] for row in entry.quantities),
        "quantity_highs": _array(row[2] for row in entry.quantities),
        "quantity_systems": _array(_quoted(row[3]) for row in entry.quantities),
        "quantity_codes": _array(_quoted(row[4]) for row in entry.quantities),
        "quantity_units": _array(_quoted(row[5]) for row in entry.quantities),
        "links": _array(str(row[0]) for row in entry.links),
        "targets": _array(str(row[1]) for row in entry.links),
    }


def _array(items: Iterable[str]) -> str:
    """An array as PostgreSQL writes it; the driver's own way costs a tenth of a create."""
    return "{" + ",".join(items) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
