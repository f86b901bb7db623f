"""Who may do what: scopes against interactions, and whatever an interaction would tell beside.

Every way to the documents comes by here: alone, in a batch or a transaction, by a condition, and
by what a search looks into (SMART App Launch 2.2, scopes; FHIR R4 http.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.auth import Principal
from shared.fhir.bundle import WriteEntry, WriteResult
from shared.fhir.narrowing import narrowing_of
from shared.fhir.outcome import FhirError, forbidden, method_not_allowed, not_found
from shared.fhir.search.parameters import ResourceType, Types
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.search.request import SearchRequest
from shared.fhir.store import Access
from shared.scopes import may, narrowed

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
_MEANT = {"r": "read", "s": "search-type", "c": "create", "u": "update", "d": "delete"}
#: By letter the interaction that was not reached, where several need it.
INTERACTIONS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
#: The HTTP methods that interactions stand for, for `Allow`.
_METHODS = {
    "read": "GET, HEAD",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}


@dataclass(frozen=True, kw_only=True)
class Permitting:
    """What a principal may.

    Attributes:
        types: the served types; nothing else exists.
        access: the parties that a principal reads as.
        on_refusal: hears of whoever asked for what its token does not reach: who, which
            interaction, and of which type.
    """

    types: Types
    access: Callable[[Principal], Access]
    on_refusal: Callable[[Principal, str, str], None] = lambda *_: None

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
                f"Clients cannot {interaction.partition('-')[0]} a {type_name} here."
                f" {resource_type.why}".rstrip(),
                *offered,
            )
        # Of what was, no search says whether a narrowed scope means it.
        every = interaction not in ("read", "search-type")
        self._need(principal, type_name, _LETTERS[interaction], element, every=every)

    def allow_write(
        self, principal: Principal, entry: WriteEntry, element: str | None = None
    ) -> None:
        """Refuse a write that the token does not reach, with all that it would tell.

        A condition tells what is here, so it needs what a search needs; a patch tells by its tests
        and by what it leaves alone, so it needs what a read needs; an update by a condition
        creates where nothing is found.

        Raises:
            FhirError: 404, 405 or 403.
        """
        self.allow(principal, entry.type, INTERACTIONS[entry.method], element)
        condition = entry.if_none_exist or entry.query
        if entry.method == "PATCH":
            self._need(principal, entry.type, "r", element, every=True)
        if condition is None:
            return
        self._need(principal, entry.type, "s", element, every=True)
        if entry.method == "PUT":
            self._need(principal, entry.type, "c", element)
        try:
            request = parse_search(self.types, entry.type, parse_query(condition))
        except FhirError:
            return  # the writer says what is wrong with it, in its place
        self.allow_hops(principal, request, element, every=True)

    def may_show(self, principal: Principal, result: WriteResult) -> bool:
        """Whether the answer to a write may hold the resource: what is new is the client's own."""
        stored = result.stored
        return result.status == 201 or stored is None or may(principal, stored.type, "r")

    def allow_conditional_references(
        self, principal: Principal, entries: Sequence[WriteEntry]
    ) -> None:
        """A reference by a condition in a transaction tells what is here, like a search."""
        if all(may(principal, name, "s") for name in self.types):
            return
        for entry in entries:
            for text in references_in(entry.resource):
                name, found, query = text.partition("?")
                if not found or name not in self.types:
                    continue
                self._need(principal, name, "s", entry.path, every=True)
                try:
                    request = parse_search(self.types, name, parse_query(query))
                except FhirError:
                    continue
                self.allow_hops(principal, request, entry.path, every=True)

    def _need(
        self,
        principal: Principal,
        type_name: str,
        letter: str,
        element: str | None = None,
        *,
        every: bool = False,
    ) -> None:
        """Refuse a token without a letter; with ``every`` also one that has it of some only."""
        some = not every and bool(narrowed(principal, type_name, letter))
        if not some and not may(principal, type_name, letter):
            self.on_refusal(principal, _MEANT[letter], type_name)
            raise forbidden(
                f"The token's scopes do not reach this: it needs system/{type_name}.{letter}.",
                *([element] if element else []),
            )

    def allow_hops(
        self,
        principal: Principal,
        request: SearchRequest,
        element: str | None = None,
        *,
        every: bool = False,
    ) -> None:
        for type_name in request.types_searched():
            if may(principal, type_name, "s"):
                continue
            if every or not narrowed(principal, type_name, "s"):
                self.on_refusal(principal, _MEANT["s"], type_name)
                raise forbidden(
                    f"This search looks into {type_name}: it needs system/{type_name}.s.",
                    *([element] if element else []),
                )

    def seeing(self, principal: Principal, letters: str) -> Access:
        """As whom a principal reads, and what of it the scopes mean."""
        access = self.access(principal)
        narrowing = narrowing_of(principal, self.types, letters)
        hidden = frozenset(self.types) - self.visible_to(principal)
        if not narrowing and not hidden:
            return access
        return replace(access, narrowing=narrowing, hidden=hidden)

    def searchable_by(self, principal: Principal) -> frozenset[str]:
        """The types that a principal may search, at least in part."""
        return frozenset(
            t for t in self.types if may(principal, t, "s") or narrowed(principal, t, "s")
        )

    def visible_to(self, principal: Principal) -> frozenset[str]:
        return frozenset(
            t
            for t in self.types
            if any(may(principal, t, each) or narrowed(principal, t, each) for each in "rs")
        )


def references_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str):
            yield literal
        for member in value.values():
            yield from references_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from references_in(member)
