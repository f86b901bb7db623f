"""The REST interactions without HTTP: who may do what, and what the answer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from shared.auth import Principal
from shared.fhir import answers
from shared.fhir.bundle import AtOnce, WriteEntry, Writer, WriteResult
from shared.fhir.compartments import ITSELF, definitions, members, types_asked, within
from shared.fhir.everything import EVERYTHING, EVERYTHING_OF, care_between
from shared.fhir.model import validate
from shared.fhir.outcome import forbidden, invalid, not_found, refusal
from shared.fhir.paging import PAGE, Page, PageTokens
from shared.fhir.permitting import Permitting
from shared.fhir.search.around import Around
from shared.fhir.search.conditions import refused
from shared.fhir.search.dates import Range, parse_range
from shared.fhir.search.query import parse_search
from shared.fhir.search.request import DEFAULT_COUNT, Condition, Position
from shared.fhir.search.shape import whole_number
from shared.fhir.search.sql import Narrowing
from shared.fhir.search.values import is_id
from shared.fhir.store import Creation, FhirStore, Stored, there
from shared.scopes import may

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Interactions(Permitting):
    """What a FHIR server does with the types that it serves.

    Attributes beside those of `Permitting`:
        reader: opens the store for one reading request.
        writer: does all writing.
        base_url: the server's own address, such as ``https://host/fhir``.
        tokens: page tokens.
        zone: what a date without zone means.
    """

    reader: Callable[[], AbstractContextManager[FhirStore]]
    writer: Writer[Principal]
    base_url: str
    tokens: PageTokens
    zone: str = "Europe/London"

    # --- reading ------------------------------------------------------------------------------

    def read(self, principal: Principal, type_name: str, logical_id: str) -> Stored:
        """The current version; see `FhirStore.read`."""
        self.allow(principal, type_name, "read")
        _check_id(logical_id)
        with self.reader() as store:
            return store.read(type_name, logical_id, self.seeing(principal, "r"))

    def vread(self, principal: Principal, type_name: str, logical_id: str, version: str) -> Stored:
        """One version; see `FhirStore.vread`."""
        self.allow(principal, type_name, "vread")
        _check_id(logical_id)
        if not version.isascii() or not version.isdigit() or len(version) > 9:
            raise not_found("There is no such version here.")
        with self.reader() as store:
            access = self.seeing(principal, "r")
            return store.vread(type_name, logical_id, int(version), access)

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
        at = [value for name, value in pairs if name == "_at"]
        count, since = self._history_shape([pair for pair in pairs if pair[0] != "_at"])
        with self.reader() as store:
            found = store.history(
                type_name,
                logical_id,
                self.seeing(principal, "rs"),
                since=since,
                at=self._range(at[-1], "_at") if at else None,
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
        self,
        principal: Principal,
        type_name: str | None,
        pairs: Pairs,
        *,
        lenient: bool = False,
        compartment: tuple[str, str] | None = None,
    ) -> str:
        """A searchset Bundle.

        Args:
            principal: who asks.
            type_name: the type searched; None for those that ``_type`` names, or else all.
            pairs: the search's parameters.
            lenient: leave out what is not understood.
            compartment: type and id of the one that is searched.
        """
        inside: tuple[Condition, ...] = ()
        if compartment is not None and type_name is not None:
            self.allow(principal, compartment[0], "read")
            _check_id(compartment[1])
            inside = (within(self.types, *compartment, type_name),)
        of = "/".join(compartment or ())
        after: Position | None = None
        token = _token(pairs)
        if token is not None:
            page = self.tokens.open(token, _asker(principal))
            if (page.kind, page.type, page.id) != ("search", type_name or "", of):
                raise invalid("This page link belongs elsewhere.", f"http.{PAGE}")
            pairs, after = page.pairs, page.after
        named: Pairs = ()
        if type_name is None:
            named = [(name, value) for name, value in pairs if name == "_type"]
            pairs, searched = self._types_searched(principal, pairs)
        else:
            self.allow(principal, type_name, "search-type")
            searched = [type_name]
        request = parse_search(self.types, searched, pairs, lenient=lenient)
        self.allow_hops(principal, request)
        request = replace(
            request,
            conditions=request.conditions + inside,
            after=after,
            visible_types=self.visible_to(principal),
        )
        with self.reader() as store:
            if compartment is not None:
                there(store.find(*compartment, self.seeing(principal, "r")))
            result = store.search(request, self.seeing(principal, "sr"))
        path = "/".join([self.base_url, *(compartment or ()), *filter(None, [type_name])])
        applied = (*named, *request.applied)
        links = [("self", _address(path, applied))]
        if after is not None:
            links.append(("first", _address(path, applied)))
        if result.next is not None:
            page = Page("search", type_name or "", of, applied, result.next)
            links.append(("next", self._next(path, page, principal)))
        return answers.searchset(
            result,
            base_url=self.base_url,
            links=links,
            elements=request.elements,
            summary=request.summary,
        )

    def _types_searched(self, principal: Principal, pairs: Pairs) -> tuple[Pairs, list[str]]:
        """The other parameters of a search by the base address, and the types that it is for."""
        rest, only = types_asked(self.types, pairs)
        for each in only:
            self.allow(principal, each, "search-type")
        stored = {name for name, each in self.types.items() if not each.composed}
        if len(only) > 1 and only - stored:
            words = f"{', '.join(sorted(only - stored))} is searched by itself."
            raise refusal(400, words, "http._type", code="not-supported")
        searched = only or self.searchable_by(principal) & stored
        if not searched:
            raise forbidden("The token's scopes reach no search: it needs system/*.s.")
        return rest, sorted(searched)

    def around(
        self,
        principal: Principal,
        type_name: str,
        logical_id: str | None,
        name: str,
        pairs: Pairs,
    ) -> str:
        """A searchset Bundle of many types.

        Args:
            principal: who asks.
            type_name: of the resource in the middle.
            logical_id: its id; None, for ``$everything``, for each of the type that the
                principal may read.
            name: ``*`` for all of its compartment; ``$everything`` for the resource too, with
                what belongs to it and what they refer to (R4 patient-operation-everything.html).
            pairs: ``_type``, ``_since``, ``_count``; for ``$everything`` ``start`` and ``end`` too.
        """
        self.allow(principal, type_name, "read")
        if logical_id is None:
            self.allow(principal, type_name, "search-type")
        else:
            _check_id(logical_id)
        of = logical_id or ""
        after: Position | None = None
        token = _token(pairs)
        if token is not None:
            page = self.tokens.open(token, _asker(principal))
            if (page.kind, page.type, page.id) != (name, type_name, of):
                raise invalid("This page link belongs elsewhere.", f"http.{PAGE}")
            pairs, after = page.pairs, page.after
        everything = name == EVERYTHING
        if everything and type_name not in EVERYTHING_OF:
            raise not_found("There is nothing at this address.")
        inside = members(self.types, type_name, everything=everything)
        shape, only = types_asked(self.types, pairs)
        care: Narrowing = ()
        if everything:
            shape, care = care_between(self.types, shape, ZoneInfo(self.zone))
        count, since = self._history_shape(shape)
        count = max(1, count)
        for each in only:
            self.allow(principal, each, "search-type")
        visible = self.visible_to(principal)
        asked = Around(
            type_name,
            logical_id,
            [param for params in inside.values() for param in params],
            itself=everything or ITSELF in definitions()[type_name].get(type_name, ()),
            referred_to=everything,
            types=visible & only if only else visible,
            since=since,
            count=count,
            after=after.pk if after else None,
            only=care,
        )
        with self.reader() as store:
            result = store.around(asked, self.seeing(principal, "rs"))
        path = "/".join([self.base_url, type_name, *filter(None, [of]), name])
        links = [("self", _address(path, pairs))]
        if result.next is not None:
            page = Page(name, type_name, of, tuple(pairs), result.next)
            links.append(("next", self._next(path, page, principal)))
        return answers.searchset(result, base_url=self.base_url, links=links)

    # --- writing ------------------------------------------------------------------------------

    def current(self, principal: Principal, entry: WriteEntry) -> Stored | None:
        """What a write with an id would replace, as far as this principal sees it."""
        with self.reader() as store:
            found = store.find(entry.type, entry.id or "", self.access(principal))
        return None if found is None or found.deleted else found

    def write(self, principal: Principal, entry: WriteEntry) -> WriteResult:
        """One write that came alone; its resource is validated here."""
        self.prepare(principal, entry)
        return self.writer.write(principal, [entry], bundle=None)[0]

    def creation(
        self, principal: Principal, entry: WriteEntry, at_once: AtOnce[Principal]
    ) -> Creation | None:
        """What stores a create that came alone, validated here; None where `write` does it."""
        self.prepare(principal, entry)
        return at_once.alone(principal, entry)

    def prepare(self, principal: Principal, entry: WriteEntry) -> None:
        """See that a write is allowed and its resource valid.

        Raises:
            FhirError: it is not.
        """
        self.allow_write(principal, entry)
        if entry.resource is not None:
            validate(entry.resource, expected_type=entry.type, path=entry.path or None)

    # --- pages --------------------------------------------------------------------------------

    def _next(self, path: str, page: Page, principal: Principal) -> str:
        return f"{path}?{PAGE}={self.tokens.issue(page, _asker(principal))}"

    def _history_shape(self, pairs: Pairs) -> tuple[int, datetime | None]:
        count, since = DEFAULT_COUNT, None
        for name, value in pairs:
            if name == "_count":
                count = whole_number(name, value)
            elif name == "_since":
                since = self._instant(value)
            elif name not in ("_format", "_pretty"):
                words = (
                    "What is taken here is _count and _since; by a history _at too, by what is"
                    " around a resource _type, by $everything start and end."
                )
                raise refused(name, words, code="not-supported")
        return count, since

    def _instant(self, value: str) -> datetime:
        return datetime.fromisoformat(self._range(value, "_since").low)

    def _range(self, value: str, name: str) -> Range:
        try:
            return parse_range(value.replace(" ", "+"), ZoneInfo(self.zone))
        except ValueError as error:
            words = f"{name} is an instant such as 2026-01-31T09:00:00Z."
            raise refusal(400, words, f"http.{name}", code="value") from error


def _check_id(logical_id: str) -> None:
    if not is_id(logical_id):
        raise not_found()


#: What a page link may have beside it: its name, and what clients repeat and filters nothing.
_ON_A_PAGE_LINK = frozenset({PAGE, "_count", "_format", "_pretty", "_total"})


def _token(pairs: Pairs) -> str | None:
    """The page that a link names; it holds its whole search, and no filter can be added to it."""
    token = next((value for name, value in pairs if name == PAGE), None)
    beside = [name for name, _ in pairs if name not in _ON_A_PAGE_LINK]
    if token is not None and beside:
        raise invalid("A page link is followed as it is: search anew.", f"http.{beside[0]}")
    return token


def _asker(principal: Principal) -> str:
    return f"{principal.client_id} {principal.organisation} {principal.subject}"


def _address(path: str, pairs: Pairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
