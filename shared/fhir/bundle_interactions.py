"""Batches and transactions: each entry is one interaction (FHIR R4 http.html, transaction)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.auth import Principal
from shared.fhir import answers
from shared.fhir.bundle import (
    MAX_ENTRIES,
    SEARCH,
    VALIDATE,
    BundleContext,
    ReadEntry,
    WriteEntry,
    WriteResult,
    read_entry,
)
from shared.fhir.conformance import definition, definitions
from shared.fhir.everything import EVERYTHING
from shared.fhir.forms import parameter_pairs
from shared.fhir.freshness import is_known
from shared.fhir.http import Prefer
from shared.fhir.interactions import Interactions, Pairs
from shared.fhir.json import dumps
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError, invalid, not_found, too_large
from shared.fhir.parts import part
from shared.fhir.profiles import KINDS
from shared.fhir.search.query import parse_query
from shared.fhir.search.shape import part_asked
from shared.fhir.store import Stored
from shared.fhir.validating import validated

Entries = Sequence[Mapping[str, Any]]

#: R4 http.html: the order in which the entries of a Bundle are done; what changes nothing is last.
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2}
_LAST = 3


@dataclass(frozen=True)
class BundleInteractions:
    """What a FHIR server does with a Bundle that is posted to its base address.

    Attributes:
        server: its interactions.
        capability: the CapabilityStatement as it is now.
    """

    server: Interactions
    capability: Callable[[], bytes]

    def answer(self, principal: Principal, resource: dict[str, Any], prefer: Prefer) -> str:
        """Do a batch or a transaction; the Bundle to answer with.

        Args:
            principal: who asks.
            resource: the Bundle.
            prefer: what the answers to writes are to hold, and how searches are understood.

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
        return answers.responses(kind, do(principal, resource, asked, prefer))

    def _transaction(
        self, principal: Principal, resource: dict[str, Any], asked: Entries, prefer: Prefer
    ) -> list[str]:
        server = self.server
        read = [read_entry(e, n, server.types, server.base_url) for n, e in enumerate(asked)]
        writes = [entry for entry in read if isinstance(entry, WriteEntry)]
        for entry in writes:
            server.allow_write(principal, entry, entry.path)
        server.allow_conditional_references(principal, writes)
        fetches = [entry for entry in read if isinstance(entry, ReadEntry)]
        results = self._sure(principal, fetches, writes, prefer)
        if writes:
            context = BundleContext("transaction", resource)
            done = server.writer.write(principal, writes, bundle=context)
            for entry, result in zip(writes, done, strict=True):
                assert entry.index is not None
                results[entry.index] = self._written(principal, result, prefer.returns)
            # R4 does reads last, so that they see what was written; they can undo nothing.
            results |= {each.index: self._fetched(principal, each, prefer) for each in fetches}
        return [results[n] for n in range(len(read))]

    def _sure(
        self,
        principal: Principal,
        fetches: Sequence[ReadEntry],
        writes: Sequence[WriteEntry],
        prefer: Prefer,
    ) -> dict[int, str]:
        """What the reads of a transaction find before it, each by its place.

        A transaction is answered 200 only where each entry is answered 2xx or 3xx (R4 http.html,
        "Transaction Processing Rules"). What a PUT of the Bundle writes may be there afterwards.

        Raises:
            FhirError: one of them fails, or the Bundle deletes what it reads.
        """
        named = {f"{each.type}/{each.id}": each.method for each in writes if each.id is not None}
        found: dict[int, str] = {}
        for fetch in fetches:
            place, method = f"Bundle.entry[{fetch.index}].request.url", named.get(fetch.path)
            if method == "DELETE":
                raise invalid("This Bundle deletes what it reads.", place, code="duplicate")
            try:
                if method != "PUT":
                    found[fetch.index] = self._fetch(principal, fetch, prefer)
            except FhirError as error:
                raise error.at(place) from error
        return found

    def _batch(
        self, principal: Principal, _: dict[str, Any], asked: Entries, prefer: Prefer
    ) -> list[str]:
        server = self.server
        results: dict[int, str] = {}
        ready: list[WriteEntry | ReadEntry] = []
        for n, each in enumerate(asked):
            try:
                ready.append(read_entry(each, n, server.types, server.base_url))
            except FhirError as error:
                results[n] = answers.failed(error.status, error.issues, f"Bundle.entry[{n}]")
        ready.sort(key=lambda e: _ORDER[e.method] if isinstance(e, WriteEntry) else _LAST)
        for entry in ready:
            assert entry.index is not None
            if isinstance(entry, ReadEntry):
                results[entry.index] = self._fetched(principal, entry, prefer)
                continue
            try:
                done = server.write(principal, entry)
                results[entry.index] = self._written(principal, done, prefer.returns)
            except FhirError as error:
                place = f"Bundle.entry[{entry.index}]"
                results[entry.index] = answers.failed(error.status, error.issues, place)
        return [results[n] for n in range(len(asked))]

    def _written(self, principal: Principal, result: WriteResult, returns: str | None) -> str:
        return answers.written(
            result,
            base_url=self.server.base_url,
            with_resource=returns not in ("minimal", "OperationOutcome")
            and self.server.may_show(principal, result),
            with_outcome=returns == "OperationOutcome",
        )

    def _fetch(self, principal: Principal, entry: ReadEntry, prefer: Prefer) -> str:
        pairs = parse_query(entry.query)
        parts = entry.path.split("/")
        if parts[-1] == VALIDATE:
            return _told(entry, self._validated(principal, entry, parts[:-1], pairs))
        if entry.sent is not None:
            pairs += parameter_pairs(entry.sent, f"Bundle.entry[{entry.index}].resource")
        if parts[-1] == SEARCH and entry.method == "POST":
            body = self._searched(principal, parts[:-1], pairs, prefer)
            return _told(entry, body)
        return self._get(principal, entry, parts, pairs, prefer)

    def _fetched(self, principal: Principal, entry: ReadEntry, prefer: Prefer) -> str:
        try:
            return self._fetch(principal, entry, prefer)
        except FhirError as error:
            place = f"Bundle.entry[{entry.index}].request.url"
            return answers.failed(error.status, error.issues, place)

    def _validated(
        self, principal: Principal, entry: ReadEntry, of: list[str], pairs: Pairs
    ) -> str:
        match of:
            case [type_name]:
                at: tuple[str, str | None] = type_name, None
            case [type_name, logical_id]:
                at = type_name, logical_id
            case _:
                raise not_found("There is nothing at this address.")
        return dumps(validated(self.server, principal, at, pairs, entry.sent)).decode()

    def _get(
        self,
        principal: Principal,
        entry: ReadEntry,
        parts: list[str],
        pairs: Pairs,
        prefer: Prefer,
    ) -> str:
        match parts:
            case [kind, key] if kind in KINDS:
                return _told(entry, dumps(definition(kind, key)).decode())
            case [type_name, logical_id] if logical_id not in ("_history", EVERYTHING):
                stored = self.server.read(principal, type_name, logical_id)
            case [type_name, logical_id, "_history", version]:
                stored = self.server.vread(principal, type_name, logical_id, version)
            case _:
                return _told(entry, self._found(principal, parts, pairs, prefer))
        return _version(entry, stored, pairs)

    def _found(self, principal: Principal, parts: list[str], pairs: Pairs, prefer: Prefer) -> str:
        server = self.server
        match parts:
            case ["metadata"]:
                return self.capability().decode()
            case ["_history"]:
                return server.history(principal, None, None, pairs)
            case [type_name, "_history"]:
                return server.history(principal, type_name, None, pairs)
            case [type_name, logical_id, "_history"]:
                return server.history(principal, type_name, logical_id, pairs)
            case [type_name, "$everything" as name]:
                return server.around(principal, type_name, None, name, pairs)
            case [type_name, logical_id, ("*" | "$everything") as name]:
                return server.around(principal, type_name, logical_id, name, pairs)
            case [""] if not pairs:
                raise not_found("There is nothing at this address.")
            case _:
                return self._searched(principal, parts, pairs, prefer)

    def _searched(
        self, principal: Principal, parts: list[str], pairs: Pairs, prefer: Prefer
    ) -> str:
        search = partial(self.server.search, principal, lenient=prefer.lenient)
        match parts:
            case [type_name, logical_id, inner] if logical_id != "_history":
                return search(inner, pairs, compartment=(type_name, logical_id))
            case [] | [""]:
                return search(None, pairs)
            case [kind] if kind in KINDS:
                return dumps(definitions(kind, pairs, self.server.base_url)).decode()
            case [type_name]:
                return search(type_name, pairs)
            case _:
                raise not_found("There is nothing at this address.")


def _told(entry: ReadEntry, body: str) -> str:
    """What an entry asked for; HEAD asks for nothing but whether it is there (RFC 9110, 9.3.2)."""
    return answers.fetched(None if entry.method == "HEAD" else body)


def _version(entry: ReadEntry, stored: Stored, pairs: Pairs) -> str:
    if is_known(stored, entry.known, entry.since):
        return answers.unchanged(stored)
    if entry.method == "HEAD":
        return answers.fetched(None, stored)
    return answers.fetched(part(stored, *part_asked(pairs)), stored)
