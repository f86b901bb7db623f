"""The store with derived types among the stored ones, for those who read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.fhir.derived.declaration import Derived
from shared.fhir.derived.sql import DerivedSql
from shared.fhir.json import dumps, parse
from shared.fhir.outcome import not_found
from shared.fhir.search import dates
from shared.fhir.search.request import Include, Position, SearchRequest
from shared.fhir.search.sql import SearchSql, Visible
from shared.fhir.search.targets import target_of
from shared.fhir.search.walking import walk
from shared.fhir.store import (
    Access,
    FhirStore,
    HistoryPage,
    SearchResult,
    Stored,
    by_ids,
    stored_in,
)
from shared.fhir.store.searching import INCLUDE_LIMIT
from shared.fhir.store.stored import TOTAL_LIMIT

LATE = timedelta(seconds=10)
"""How long after its time a row may come: a poller is told of nothing that is younger."""


class DerivingStore(FhirStore):
    """Documents, and resources that are composed of rows when somebody reads them.

    Args:
        derived: the types that are composed.
        how: see `FhirStore`.
    """

    def __init__(self, *args: Any, derived: Sequence[Derived] = (), **how: Any) -> None:
        super().__init__(*args, **how)
        self._derived: Mapping[str, Derived] = {each.name: each for each in derived}

    def find(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """See `FhirStore.find`; what is composed was never deleted."""
        derived = self._derived.get(type_name)
        if derived is None:
            return super().find(type_name, logical_id, access)
        values = derived.columns(logical_id)
        if values is None:
            return None
        found = self._composed(derived, self._over(derived, access.visible()).one(values))
        return found[0] if found else None

    def vread(self, type_name: str, logical_id: str, version: int, access: Access) -> Stored:
        """See `FhirStore.vread`; what is composed has one version."""
        if type_name not in self._derived:
            return super().vread(type_name, logical_id, version, access)
        if version != 1:
            raise not_found("There is no such version here.")
        return self.read(type_name, logical_id, access)

    def history(
        self, type_name: str | None, logical_id: str | None, access: Access, **how: Any
    ) -> HistoryPage:
        """See `FhirStore.history`; that of everything has what is stored."""
        derived = self._derived.get(type_name or "")
        if derived is None:
            return super().history(type_name, logical_id, access, **how)
        if logical_id is not None:
            found = [self.read(derived.name, logical_id, access)]
            when = _times(how.get("since"), how.get("at"))
            found = [each for each in found if _was(each, when)]
            return HistoryPage(found[: how.get("count", 1)], len(found), None)
        return self._lately(derived, access, **how)

    def _lately(
        self,
        derived: Derived,
        access: Access,
        *,
        since: datetime | None = None,
        at: dates.Range | None = None,
        count: int = 20,
        after: Position | None = None,
        **_: Any,
    ) -> HistoryPage:
        when = _times(since, at)
        if since is not None:
            when.append(("<", self._settled()))
        sql = self._over(derived, access.visible())
        if not count:
            total: int = self._run(sql.counted_lately(when, TOTAL_LIMIT + 1)).scalar_one()
            return HistoryPage([], total if total <= TOTAL_LIMIT else None, None)
        rows = self._composed(derived, sql.lately(when, after, count))
        return HistoryPage(rows[:count], None, self._following(rows, count))

    def search(self, request: SearchRequest, access: Access) -> SearchResult:
        """See `FhirStore.search`."""
        derived = self._derived.get(request.type)
        if derived is None:
            return super().search(request, access)
        polls = any(code.startswith("_lastUpdated") for code, _ in request.applied)
        sql = self._over(derived, access.visible(), self._settled() if polls else None)
        if request.count == 0 or request.summary == "count":
            total = self._total(sql.counted, request, None)
            return SearchResult([], [], total, None, list(request.left_out))
        rows = self._composed(derived, sql.found(request))
        matches, following = rows[: request.count], self._following(rows, request.count)
        total = None
        if request.total != "none":
            complete = following is None and request.after is None
            total = len(matches) if complete else self._total(sql.counted, request, TOTAL_LIMIT)
        visible = access.visible()
        included, issues = self._included(self._plain(visible), request, matches)
        return SearchResult(matches, included, total, following, [*request.left_out, *issues])

    def _around(
        self,
        sql: SearchSql,
        include: Include,
        reverse: bool,
        near: Sequence[Stored],
        allowed: frozenset[str],
    ) -> list[Stored]:
        stored = [each for each in near if each.type not in self._derived]
        found = super()._around(sql, include, reverse, stored, allowed)
        for name in sorted(self._derived.keys() & allowed if reverse else ()):
            codes = [param.code for param in include.params if param.resource == name]
            to = [each.reference for each in near if include.target in (None, each.type)]
            if codes and to:
                over = self._over(self._derived[name], sql.visible)
                referring = over.referring(codes, to, INCLUDE_LIMIT + 1)
                found += self._composed(self._derived[name], referring)
        if not reverse:
            found += self._named(sql.visible, include, near, allowed)
        return found

    def _named(
        self,
        visible: Visible,
        include: Include,
        near: Sequence[Stored],
        allowed: frozenset[str],
    ) -> list[Stored]:
        """What composed resources refer to."""
        named = set()
        for each in near:
            if each.type not in self._derived or include.source not in ("*", each.type):
                continue
            resource = parse(each.body.encode())
            for param in include.params:
                for path in param.paths if param.resource == each.type else ():
                    for value in walk(resource, path.keys, path.where):
                        literal = value.get("reference") if isinstance(value, dict) else None
                        target = target_of(literal or "", self._base_url)
                        if target is not None and target.type in allowed and target.id:
                            named.add((target.type, target.id))
        wanted = [each for each in sorted(named) if include.target in (None, each[0])]
        if not wanted:
            return []
        access = Access(frozenset(visible.parties or ()), visible.parties is None)
        found = [stored_in(row) for row in self._run(by_ids(wanted, access))]
        if not visible.narrowing:
            return found
        plain = self._plain(visible)
        return [e for e in found if self._run(plain.within(e.type, e.id)).first() is not None]

    def _following(self, rows: Sequence[Stored], count: int) -> Position | None:
        if len(rows) <= count or not count:
            return None
        last = rows[count - 1]
        return Position((dates.bound(last.last_updated),), (-last.pk - 1) // len(self._derived))

    def _over(self, derived: Derived, visible: Visible, safe: str | None = None) -> DerivedSql:
        return DerivedSql(
            derived,
            self._extractor,
            self._run,
            self._types,
            visible,
            base_url=self._base_url,
            zone=self._zone,
            safe_time=safe,
            walked=(),
        )

    def _settled(self) -> str:
        return dates.bound(min(self.safe_time(), datetime.now(UTC) - LATE))

    def _composed(self, derived: Derived, statement: Any) -> list[Stored]:
        return [self._compose(derived, row) for row in self._run(statement).mappings()]

    def _compose(self, derived: Derived, row: Mapping[str, Any]) -> Stored:
        moment = row["last_updated"].astimezone(UTC)
        resource = derived.resource(row)
        meta = {"versionId": "1", "lastUpdated": dates.instant_text(moment)}
        body = {"resourceType": derived.name, "id": resource.pop("id"), "meta": meta} | resource
        # Its key is none that a document or a row of another type has.
        place = sorted(self._derived).index(derived.name)
        key = -(row["n"] * len(self._derived) + place) - 1
        return replace(
            _NOTHING,
            type=derived.name,
            id=body["id"],
            last_updated=moment,
            body=dumps(body).decode(),
            pk=key,
        )


def _times(since: datetime | None, at: dates.Range | None) -> list[tuple[str, str]]:
    """What holds of the time of what never changes: stored since then, there by then."""
    earliest = [] if since is None else [(">=", dates.bound(since))]
    return earliest if at is None else [*earliest, ("<", at.high)]


def _was(stored: Stored, when: Sequence[tuple[str, str]]) -> bool:
    moment = dates.bound(stored.last_updated)
    return all(moment >= at if operator == ">=" else moment < at for operator, at in when)


_NOTHING = Stored("", "", 1, datetime.min.replace(tzinfo=UTC), False, "", 0, method="POST")
