"""Documents are found, and what is to come along with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from shared.fhir.outcome import Issue, precondition_failed
from shared.fhir.search import dates
from shared.fhir.search.around import Around, around_sql
from shared.fhir.search.contained import HOLDS, kinds_asked
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.search.request import Chain, Include, Position, SearchRequest
from shared.fhir.search.sql import DOCUMENT_COLUMNS, SearchSql, Statement, Visible
from shared.fhir.store.access import Access
from shared.fhir.store.reading import Reading
from shared.fhir.store.stored import (
    COLUMNS,
    TOTAL_LIMIT,
    SearchResult,
    Stored,
    stored_in,
    there,
)

#: Documents sent along with one page at most; beyond, the answer says so.
INCLUDE_LIMIT = 1000
#: Rounds of ``:iterate``.
ITERATE_LIMIT = 5
#: A chain that leads to more documents than these is asked of one match after the other: so many
#: have so many references that a page is found sooner than they are collected.
COLLECTED_LIMIT = 500


class Searching(Reading):
    """The store's searches; every hop is bound to what the access sees."""

    def find(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """See `Reading.find`; a deletion is nothing that a search could find."""
        found = super().find(type_name, logical_id, access)
        if found is None or not access.narrows(type_name):
            return found
        meant = self._run(self._plain(access.visible()).within(type_name, logical_id))
        return found if meant.first() is not None else None

    def search(self, request: SearchRequest, access: Access) -> SearchResult:
        """One page of matches with what was to be included, and the total."""
        sql = self._sql(access.visible(), request)
        self._choose_ways(sql, request)
        if request.count == 0 or request.summary == "count":
            total = self._total(sql.count, request, None)
            return SearchResult([], [], total, None, list(request.left_out))
        rows = self._run(sql.page(request)).all()
        more = len(rows) > request.count
        rows = rows[: request.count]
        matches = [stored_in(row) for row in rows]
        following = None
        if more:
            last = rows[-1]
            following = Position(tuple(last[len(COLUMNS) :]), last[0])
        total = None
        if request.total != "none":
            complete = not more and request.after is None
            total = len(matches) if complete else self._total(sql.count, request, TOTAL_LIMIT)
        included, issues = self._included(sql, request, matches)
        return SearchResult(matches, included, total, following, [*request.left_out, *issues])

    def around(self, asked: Around, access: Access) -> SearchResult:
        """One page of what is around a resource; what is referred to counts as sent along.

        Raises:
            FhirError: 404 where this access sees no such resource, 410 where it was deleted.
        """
        if asked.id is not None:
            there(self.find(asked.type, asked.id, access))
        safe = self.safe_time() if asked.since is not None else None
        visible = access.visible()
        rows = self._run(around_sql(asked, visible, self._plain(visible).where(), safe)).all()
        page = rows[: asked.count]
        following = Position((), page[-1][0]) if len(rows) > asked.count and page else None
        matches = [stored_in(row) for row in page if row[-1]]
        included = [stored_in(row) for row in page if not row[-1]]
        complete = following is None and asked.after is None
        return SearchResult(matches, included, len(matches) if complete else None, following, [])

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

    def owned(self, type_name: str, owner: str, ids: Iterable[str] | None = None) -> list[Stored]:
        """The current documents of a type that a client organisation owns, oldest first.

        Args:
            type_name: a type of which an organisation has few.
            owner: the organisation.
            ids: look only at these; None looks at all.
        """
        where = "d.type = %(type)s AND d.owner = %(owner)s AND NOT d.deleted"
        parameters: dict[str, Any] = {"type": type_name, "owner": owner}
        if ids is not None:
            where += " AND d.id = ANY(%(ids)s)"
            parameters["ids"] = list(ids)
        text = f"SELECT {DOCUMENT_COLUMNS} FROM document d WHERE {where} ORDER BY d.pk"  # noqa: S608
        return [stored_in(row) for row in self._run(Statement(text, parameters))]

    def _sql(self, visible: Visible, request: SearchRequest) -> SearchSql:
        polls = any(code.startswith("_lastUpdated") for code, _ in request.applied)
        sql = self._plain(visible, dates.bound(self.safe_time()) if polls else None)
        conditions = [each for _, of_type in request.each_type for each in of_type]
        kinds = sorted({each.held for each in kinds_asked(self._types, conditions)})
        if kinds:
            # Hardly any is there, and a search that need not look for it is the simpler one.
            text = (
                "SELECT kind FROM unnest(%(kinds)s::bigint[]) kind WHERE EXISTS (SELECT FROM"
                " document_link l WHERE l.target = kind AND l.link = %(holds)s)"
            )
            rows = self._run(Statement(text, {"kinds": kinds, "holds": HOLDS}))
            sql.look_inside(row[0] for row in rows)
        return sql

    def _plain(self, visible: Visible, safe: str | None = None) -> SearchSql:
        return SearchSql(
            self._types, visible, base_url=self._base_url, zone=self._zone, safe_time=safe
        )

    def _choose_ways(self, sql: SearchSql, request: SearchRequest) -> None:
        for _, conditions in request.each_type:
            for chain in (each for each in conditions if isinstance(each, Chain)):
                limit = COLLECTED_LIMIT + 1
                if self._run(sql.reached(chain, limit)).scalar_one() >= limit:
                    sql.walk(chain)

    def _total(
        self,
        counting: Callable[[SearchRequest, int | None], Statement],
        request: SearchRequest,
        limit: int | None,
    ) -> int | None:
        if request.total == "accurate" or limit is None:
            count: int = self._run(counting(request, None)).scalar_one()
            return count
        count = self._run(counting(request, limit + 1)).scalar_one()
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
        found = []
        for each in include.by_way():
            statement = sql.included(
                each, pks, reverse=reverse, allowed=allowed, limit=INCLUDE_LIMIT + 1
            )
            found += [stored_in(row) for row in self._run(statement)]
        return found
