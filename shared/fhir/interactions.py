"""The REST interactions without HTTP: who may do what, and what the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from shared.auth import Principal, may
from shared.fhir import answers
from shared.fhir.bundle import (
    MAX_ENTRIES,
    AtOnce,
    BundleContext,
    ReadEntry,
    WriteEntry,
    Writer,
    WriteResult,
    read_entry,
)
from shared.fhir.model import validate
from shared.fhir.outcome import (
    FhirError,
    forbidden,
    invalid,
    method_not_allowed,
    not_found,
    refusal,
    too_large,
)
from shared.fhir.paging import PAGE, Page, PageTokens
from shared.fhir.search.dates import parse_range
from shared.fhir.search.parameters import ResourceType, Types
from shared.fhir.search.query import (
    DEFAULT_COUNT,
    MAX_COUNT,
    Position,
    SearchRequest,
    parse_query,
    parse_search,
)
from shared.fhir.search.values import is_id
from shared.fhir.store import Access, Creation, FhirStore, Stored

Pairs = Sequence[tuple[str, str]]

#: The SMART letter that each interaction needs (SMART App Launch 2.2, scopes).
_LETTERS = {
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "history-type": "s",
    "search-type": "s",
    "create": "c",
    "update": "u",
    "patch": "u",
    "delete": "d",
}
_INTERACTIONS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
#: R4 http.html: the order in which the entries of a Bundle are done.
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2}
#: The HTTP methods that interactions stand for, for `Allow`.
_METHODS = {
    "read": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}


@dataclass(frozen=True)
class Interactions:
    """What a FHIR server does with the types that it serves.

    Attributes:
        types: the served types; nothing else exists.
        reader: opens the store for one reading request.
        writer: does all writing.
        base_url: the server's own address, such as ``https://host/fhir``.
        tokens: page tokens.
        access: the parties that a principal reads as.
        zone: what a date without zone means.
    """

    types: Types
    reader: Callable[[], AbstractContextManager[FhirStore]]
    writer: Writer[Principal]
    base_url: str
    tokens: PageTokens
    access: Callable[[Principal], Access]
    zone: str = "Europe/London"

    # --- reading ------------------------------------------------------------------------------

    def read(self, principal: Principal, type_name: str, logical_id: str) -> Stored:
        """The current version; see `FhirStore.read`."""
        self.allow(principal, type_name, "read")
        _check_id(logical_id)
        with self.reader() as store:
            return store.read(type_name, logical_id, self.access(principal))

    def vread(self, principal: Principal, type_name: str, logical_id: str, version: str) -> Stored:
        """One version; see `FhirStore.vread`."""
        self.allow(principal, type_name, "vread")
        _check_id(logical_id)
        if not version.isascii() or not version.isdigit() or len(version) > 9:
            raise not_found("There is no such version here.")
        with self.reader() as store:
            return store.vread(type_name, logical_id, int(version), self.access(principal))

    def history(
        self,
        principal: Principal,
        type_name: str | None,
        logical_id: str | None,
        pairs: Pairs,
    ) -> str:
        """A history Bundle of one document, a type, or everything."""
        after: Position | None = None
        token = _token(pairs)
        if token is not None:
            page = self.tokens.open(token, _asker(principal))
            if (page.kind, page.type, page.id) != ("history", type_name or "", logical_id or ""):
                raise invalid("This page link belongs elsewhere.", f"http.{PAGE}")
            pairs, after = page.pairs, page.after
        visible = None
        if type_name is None:
            visible = frozenset(t for t in self.types if may(principal, t, "s"))
        else:
            interaction = "history-type" if logical_id is None else "history-instance"
            self.allow(principal, type_name, interaction)
            if logical_id is not None:
                _check_id(logical_id)
        count, since = self._history_shape(pairs)
        with self.reader() as store:
            found = store.history(
                type_name,
                logical_id,
                self.access(principal),
                since=since,
                count=count,
                after=after,
                visible_types=visible,
            )
        path = "/".join([self.base_url, *(p for p in (type_name, logical_id) if p), "_history"])
        links = [("self", _address(path, pairs))]
        if found.next is not None:
            page = Page("history", type_name or "", logical_id or "", tuple(pairs), found.next)
            links.append(("next", self._next(path, page, principal)))
        return answers.history(found, base_url=self.base_url, links=links)

    def search(
        self, principal: Principal, type_name: str, pairs: Pairs, *, lenient: bool = False
    ) -> str:
        """A searchset Bundle."""
        self.allow(principal, type_name, "search-type")
        after: Position | None = None
        token = _token(pairs)
        if token is not None:
            page = self.tokens.open(token, _asker(principal))
            if (page.kind, page.type) != ("search", type_name):
                raise invalid("This page link belongs elsewhere.", f"http.{PAGE}")
            pairs, after = page.pairs, page.after
        request = parse_search(self.types, type_name, pairs, lenient=lenient)
        self._allow_hops(principal, request)
        request = replace(request, after=after, visible_types=self._visible(principal))
        with self.reader() as store:
            result = store.search(request, self.access(principal))
        path = f"{self.base_url}/{type_name}"
        links = [("self", _address(path, request.applied))]
        if result.next is not None:
            page = Page("search", type_name, "", request.applied, result.next)
            links.append(("next", self._next(path, page, principal)))
        return answers.searchset(
            result,
            base_url=self.base_url,
            links=links,
            elements=request.elements,
            summary=request.summary,
        )

    # --- writing ------------------------------------------------------------------------------

    def write(self, principal: Principal, entry: WriteEntry) -> WriteResult:
        """One write that came alone; its resource is validated here."""
        self._prepare(principal, entry)
        return self.writer.write(principal, [entry], bundle=None)[0]

    def creation(
        self, principal: Principal, entry: WriteEntry, at_once: AtOnce[Principal]
    ) -> Creation | None:
        """What stores a create that came alone, validated here; None where `write` does it."""
        self._prepare(principal, entry)
        return at_once.alone(principal, entry)

    def bundle(
        self, principal: Principal, resource: dict[str, object], *, with_resource: bool
    ) -> str:
        """A batch or a transaction.

        Raises:
            FhirError: nothing of a transaction was done; or the Bundle is neither of the two.
        """
        kind = resource.get("type")
        if resource.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
            raise invalid(
                "What is posted to the base address is a Bundle of type batch or transaction.",
                "Bundle.type",
                code="value",
            )
        entries = resource.get("entry")
        if isinstance(entries, list) and len(entries) > MAX_ENTRIES:
            raise too_large(f"A Bundle has {MAX_ENTRIES:,} entries at most.")
        whole = kind == "transaction"
        validate(resource, expected_type="Bundle", entries=whole)
        asked = entries if isinstance(entries, list) else []
        do = self._transaction if whole else self._batch
        return answers.responses(str(kind), do(principal, resource, asked, with_resource))

    def _transaction(
        self,
        principal: Principal,
        resource: dict[str, object],
        asked: Sequence[Mapping[str, object]],
        with_resource: bool,
    ) -> list[str]:
        read = [read_entry(e, n, self.types, self.base_url) for n, e in enumerate(asked)]
        writes = [entry for entry in read if isinstance(entry, WriteEntry)]
        for entry in writes:
            self.allow(principal, entry.type, _INTERACTIONS[entry.method], entry.path)
        results: dict[int, str] = {}
        if writes:
            context = BundleContext("transaction", resource)
            done = self.writer.write(principal, writes, bundle=context)
            for entry, result in zip(writes, done, strict=True):
                assert entry.index is not None
                results[entry.index] = self._written(result, with_resource)
        # R4 does reads last, so that they see what was written; they can undo nothing.
        for fetch in read:
            if isinstance(fetch, ReadEntry):
                results[fetch.index] = self._fetched(principal, fetch)
        return [results[n] for n in range(len(read))]

    def _batch(
        self,
        principal: Principal,
        _resource: dict[str, object],
        asked: Sequence[Mapping[str, object]],
        with_resource: bool,
    ) -> list[str]:
        results: dict[int, str] = {}
        ready: list[WriteEntry | ReadEntry] = []
        for n, each in enumerate(asked):
            try:
                ready.append(read_entry(each, n, self.types, self.base_url))
            except FhirError as error:
                results[n] = answers.failed(error.status, error.issues, f"Bundle.entry[{n}]")
        ready.sort(key=lambda e: _ORDER[e.method] if isinstance(e, WriteEntry) else 3)
        for entry in ready:
            assert entry.index is not None
            if isinstance(entry, ReadEntry):
                results[entry.index] = self._fetched(principal, entry)
                continue
            try:
                done = self.write(principal, entry)
                results[entry.index] = self._written(done, with_resource)
            except FhirError as error:
                place = f"Bundle.entry[{entry.index}]"
                results[entry.index] = answers.failed(error.status, error.issues, place)
        return [results[n] for n in range(len(asked))]

    def _written(self, result: WriteResult, with_resource: bool) -> str:
        return answers.written(result, base_url=self.base_url, with_resource=with_resource)

    def _fetched(self, principal: Principal, entry: ReadEntry) -> str:
        try:
            return self._get(principal, entry.path.split("/"), parse_query(entry.query))
        except FhirError as error:
            place = f"Bundle.entry[{entry.index}].request.url"
            return answers.failed(error.status, error.issues, place)

    def _get(self, principal: Principal, path: list[str], pairs: Pairs) -> str:
        match path:
            case [type_name, logical_id] if logical_id != "_history":
                stored = self.read(principal, type_name, logical_id)
                return answers.fetched(stored.body, stored)
            case [type_name, logical_id, "_history", version]:
                stored = self.vread(principal, type_name, logical_id, version)
                return answers.fetched(stored.body, stored)
            case [type_name, logical_id, "_history"]:
                return answers.fetched(self.history(principal, type_name, logical_id, pairs), None)
            case [type_name, "_history"]:
                return answers.fetched(self.history(principal, type_name, None, pairs), None)
            case [type_name] if type_name:
                return answers.fetched(self.search(principal, type_name, pairs), None)
            case _:
                raise not_found("There is nothing at this address.")

    # --- who may ------------------------------------------------------------------------------

    def served(self, type_name: str) -> ResourceType:
        """The declaration of a type.

        Raises:
            FhirError: 404 for a type that is not served.
        """
        try:
            return self.types[type_name]
        except KeyError:
            served = ", ".join(sorted(self.types))
            raise not_found(f"That type is not served here. Served are: {served}.") from None

    def allow(
        self, principal: Principal, type_name: str, interaction: str, element: str | None = None
    ) -> None:
        """Refuse what the type does not offer or the token does not reach.

        Raises:
            FhirError: 404, 405 or 403.
        """
        resource_type = self.served(type_name)
        if not resource_type.offers(interaction):
            offered = [m for i, m in _METHODS.items() if resource_type.offers(i)]
            raise method_not_allowed(
                f"Clients cannot {interaction.partition('-')[0]} a {type_name} here.", *offered
            )
        letter = _LETTERS[interaction]
        if not may(principal, type_name, letter):
            raise forbidden(
                f"The token's scopes do not reach this: it needs system/{type_name}.{letter}.",
                *([element] if element else []),
            )

    def _allow_hops(self, principal: Principal, request: SearchRequest) -> None:
        for type_name in request.types_searched():
            if not may(principal, type_name, "s"):
                raise forbidden(
                    f"This search looks into {type_name}: it needs system/{type_name}.s."
                )

    def _visible(self, principal: Principal) -> frozenset[str]:
        return frozenset(t for t in self.types if may(principal, t, "r") or may(principal, t, "s"))

    def _prepare(self, principal: Principal, entry: WriteEntry) -> None:
        self.allow(principal, entry.type, _INTERACTIONS[entry.method])
        if entry.resource is not None:
            validate(entry.resource, expected_type=entry.type, path=entry.path or None)

    # --- pages --------------------------------------------------------------------------------

    def _next(self, path: str, page: Page, principal: Principal) -> str:
        return f"{path}?{PAGE}={self.tokens.issue(page, _asker(principal))}"

    def _history_shape(self, pairs: Pairs) -> tuple[int, datetime | None]:
        count, since = DEFAULT_COUNT, None
        for name, value in pairs:
            if name == "_count" and value.isascii() and value.isdigit() and len(value) < 10:
                count = max(1, min(int(value), MAX_COUNT))
            elif name == "_since":
                since = self._instant(value)
            elif name not in ("_format", "_pretty"):
                raise refusal(
                    400, "A history takes _count and _since.", "http.query", code="not-supported"
                )
        return count, since

    def _instant(self, value: str) -> datetime:
        try:
            low = parse_range(value.replace(" ", "+"), ZoneInfo(self.zone)).low
            return datetime.fromisoformat(low)
        except ValueError as error:
            raise refusal(
                400, "_since is an instant such as 2026-01-31T09:00:00Z.", "http._since",
                code="value",
            ) from error  # fmt: skip


def _check_id(logical_id: str) -> None:
    if not is_id(logical_id):
        raise not_found()


def _token(pairs: Pairs) -> str | None:
    return next((value for name, value in pairs if name == PAGE), None)


def _asker(principal: Principal) -> str:
    return f"{principal.client_id} {principal.organisation} {principal.subject}"


def _address(path: str, pairs: Pairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
