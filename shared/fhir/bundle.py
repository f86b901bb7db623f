"""Writes as a list of entries, whether they came alone or in a Bundle (FHIR R4 http.html, batch).

The router turns every request that writes into `WriteEntry` objects and hands them to a `Writer`,
which owns the transaction and the rules of its service. What is the same for every service, which
condition matches what and where references lead, is in `shared.fhir.resolver`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from shared.fhir.outcome import Issue, invalid, not_found, refusal
from shared.fhir.search.parameters import Types
from shared.fhir.search.values import is_id
from shared.fhir.store import Creation, Stored

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
_P_contra = TypeVar("_P_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class BundleContext:
    """The Bundle that the entries came in."""

    type: str
    resource: dict[str, Any]


@dataclass(slots=True)
class WriteEntry:
    """One write that a client asks for.

    Attributes:
        index: its place in the Bundle; None where it came alone.
        method: the HTTP method.
        type: the resource type.
        id: the logical id that the address names; None for creates and conditional writes.
        resource: validated FHIR JSON; None for DELETE and PATCH.
        if_match: the version that must be current.
        if_none_exist: POST only: create unless this query matches.
        full_url: how other entries of the Bundle refer to it.
        path: where ``resource`` stands, for expressions: ``Bundle.entry[6].resource`` or its type.
        query: PUT, PATCH and DELETE only: the condition that names the document.
        patch: PATCH only: the operations of a JSON Patch (RFC 6902).
    """

    index: int | None
    method: Method
    type: str
    id: str | None = None
    resource: dict[str, Any] | None = None
    if_match: int | None = None
    if_none_exist: str | None = None
    full_url: str | None = None
    path: str = ""
    query: str | None = None
    patch: list[dict[str, Any]] | None = None

    @property
    def condition_path(self) -> str:
        """Where its condition stands, for expressions."""
        create = self.method == "POST"
        if self.index is None:
            return "http.If-None-Exist" if create else "http.query"
        return f"Bundle.entry[{self.index}].request.{'ifNoneExist' if create else 'url'}"


@dataclass(slots=True)
class WriteResult:
    """What became of one entry.

    Attributes:
        status: the HTTP status.
        stored: the document as it is now; None where there is none to name.
        issues: remarks for the client, such as that a referral will be routed by hand.
    """

    status: int
    stored: Stored | None
    issues: list[Issue] = field(default_factory=list)


class Writer(Protocol[_P_contra]):
    """A service's own rules around writing."""

    def write(
        self,
        principal: _P_contra,
        entries: list[WriteEntry],
        *,
        bundle: BundleContext | None,
    ) -> list[WriteResult]:
        """Do all entries or none, committed before this returns.

        Returns:
            One result per entry, in the order of ``entries``.

        Raises:
            FhirError: nothing was changed.
        """
        ...


class AtOnce(Protocol[_P_contra]):
    """A writer that stores several clients' creates together, where each is nothing else."""

    def alone(self, principal: _P_contra, entry: WriteEntry) -> Creation | None:
        """What stores a validated create; None where more comes of it, or the database is needed.

        Raises:
            FhirError: it is refused.
        """
        ...

    def store(self, creations: Sequence[Creation]) -> Sequence[Stored]:
        """Store all or none, committed before this returns."""
        ...


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One GET of a batch or transaction: its path and query below the base address."""

    index: int
    path: str
    query: str


#: Entries of one Bundle at most.
MAX_ENTRIES = 2000

_ETAG = re.compile(r'(?:W/)?"(?P<version>\d{1,9})"')


def read_entry(
    entry: Mapping[str, Any], index: int, types: Types, base_url: str
) -> WriteEntry | ReadEntry:
    """Understand one entry of a batch or transaction.

    Args:
        entry: of a Bundle whose own shape was validated.
        index: its place.
        types: the served types.
        base_url: the server's own address, which an entry may write in front.

    Raises:
        FhirError: naming the element of ``Bundle.entry[index]`` that cannot be done.
    """
    place = f"Bundle.entry[{index}]"
    request = entry["request"]
    method = request["method"]
    address = str(request["url"]).removeprefix(f"{base_url}/").removeprefix("/")
    path, _, query = address.partition("?")
    if method in ("GET", "HEAD"):
        return ReadEntry(index, path, query)
    type_name, _, logical_id = path.partition("/")
    if type_name not in types:
        raise not_found("That type is not served here.").at(f"{place}.request.url")
    if logical_id and not is_id(logical_id):
        raise invalid("This is no address of a resource.", f"{place}.request.url", code="value")
    resource = entry.get("resource")
    result = WriteEntry(
        index=index,
        method=method,
        type=type_name,
        id=logical_id or None,
        resource=resource if method in ("POST", "PUT") else None,
        if_match=version_of(request.get("ifMatch"), f"{place}.request.ifMatch"),
        if_none_exist=condition_of(request.get("ifNoneExist")),
        full_url=entry.get("fullUrl"),
        path=f"{place}.resource",
        query=condition_of(query),
    )
    _check_shape(result, resource, place)
    return result


def version_of(etag: str | None, element: str) -> int | None:
    """The version that an If-Match names.

    Raises:
        FhirError: 400 where it is no version of this server.
    """
    if etag is None or etag.strip() == "*":
        return None
    match = _ETAG.fullmatch(etag.strip())
    if match is None:
        raise invalid('If-Match is a version such as W/"3".', element, code="value")
    return int(match["version"])


def condition_of(query: str | None) -> str | None:
    """A condition without the question mark that some senders write in front."""
    return (query or "").removeprefix("?") or None


def _check_shape(entry: WriteEntry, resource: Any, place: str) -> None:
    url = f"{place}.request.url"
    if entry.method == "POST" and (entry.id or entry.query):
        raise invalid("A create is POST to the type.", url, code="value")
    if entry.method != "POST" and bool(entry.id) == bool(entry.query):
        raise invalid("This needs an id or a condition.", url, code="value")
    if entry.method == "PATCH":
        raise refusal(
            400,
            "A patch inside a Bundle is not offered: send it alone.",
            f"{place}.request.method",
            code="not-supported",
        )
    if entry.method == "DELETE":
        return
    if not isinstance(resource, dict):
        raise invalid("This entry needs a resource.", f"{place}.resource", code="required")
    if resource.get("resourceType") != entry.type:
        raise invalid("The address is for another type.", url, code="value")
    if entry.method == "PUT" and entry.id and resource.get("id") != entry.id:
        raise invalid(
            "The resource's id must be that of the address.", f"{place}.resource.id", code="value"
        )
