"""Writes as a list of entries, whether they came alone or in a Bundle (FHIR R4 http.html, batch).

The router turns every request that writes into `WriteEntry` objects and hands them to a `Writer`,
which owns the transaction and the rules of its service. What is the same for every service, which
condition matches what and where references lead, is in `shared.fhir.resolver`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

from shared.fhir.everything import EVERYTHING
from shared.fhir.outcome import Issue, invalid, not_found, refusal
from shared.fhir.patching import Patch
from shared.fhir.patching.reading import patch_in
from shared.fhir.search.dates import parse_range
from shared.fhir.search.parameters import Types
from shared.fhir.search.values import is_id
from shared.fhir.store import Creation, Stored

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
_P_contra = TypeVar("_P_contra", contravariant=True)
_A = ParamSpec("_A")
_T = TypeVar("_T")


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
        path: where ``resource`` stands, for expressions: ``Bundle.entry[6].resource`` or its type;
            of a DELETE in a Bundle its address.
        query: PUT, PATCH and DELETE only: the condition that names the document.
        patch: PATCH only: the change that is asked for.
        placed: whether the server found method, id and condition for a resource that came without
            any, as in a message.
        context: of the request that it came in, where it is done with those of others.
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
    patch: Patch | None = None
    placed: bool = False
    context: Context | None = None

    def within(self, do: Callable[_A, _T], *args: _A.args, **kwargs: _A.kwargs) -> _T:
        """Do something in the context of its own request."""
        return self.context.run(do, *args, **kwargs) if self.context else do(*args, **kwargs)

    @property
    def asked(self) -> tuple[object, ...]:
        """What its sender asked for beside the resource, by which a repeat is known."""
        if self.placed:
            return ("POST", self.type, None, None, None, None)
        return (self.method, self.type, self.id, self.query, self.if_match, self.if_none_exist)

    def check_version(self, current: int) -> None:
        """Refuse a write that means another version than the current one.

        Raises:
            FhirError: 412 naming its If-Match.
        """
        if self.if_match in (None, current):
            return
        place = (
            "http.If-Match" if self.index is None else f"Bundle.entry[{self.index}].request.ifMatch"
        )
        words = f"The current version is {current}: read it again, then decide."
        raise refusal(412, words, place)

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

    def takes(self, principal: _P_contra) -> bool:
        """Whether a create of this client may be nothing else, before its body is looked at."""
        ...

    def alone(self, principal: _P_contra, entry: WriteEntry) -> Creation | None:
        """What stores a validated create; None where more comes of it, or the database is needed.

        Raises:
            FhirError: it is refused.
        """
        ...

    def store(self, creations: Sequence[Creation]) -> Sequence[Stored]:
        """Store all or none, committed before this returns."""
        ...


class Gathering(Protocol[_P_contra]):
    """A writer that does creates of one client in one transaction, whatever comes of them."""

    def gathers(self, principal: _P_contra, type_name: str) -> bool:
        """Whether this client's creates of a type are done so."""
        ...

    def write_each(
        self, principal: _P_contra, entries: Sequence[WriteEntry]
    ) -> list[WriteResult] | None:
        """Do all or none, committed before this returns, each as if it had come alone.

        Returns:
            One result per entry; None where one of them has to be done by itself.

        Raises:
            FhirError: one of them is refused; nothing was changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One entry of a batch or transaction that changes nothing.

    Attributes:
        index: its place in the Bundle.
        method: GET, HEAD or, of a search or an operation that changes nothing, POST.
        path: below the base address.
        query: behind the question mark.
        known: what the client has already: entity tags, as in If-None-Match.
        since: or when it read last.
        sent: what a search or an operation is given.
    """

    index: int
    method: Literal["GET", "HEAD", "POST"]
    path: str
    query: str
    known: str | None = None
    since: datetime | None = None
    sent: dict[str, Any] | None = None


#: Entries of one Bundle at most.
MAX_ENTRIES = 2000
VALIDATE, SEARCH = "$validate", "_search"
_READING = (VALIDATE, SEARCH, EVERYTHING)
"""What is posted and changes nothing."""

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
        return ReadEntry(index, method, path, query, request.get("ifNoneMatch"), _since(request))
    if method == "POST" and path.rpartition("/")[2] in _READING:
        sent = entry.get("resource")
        if sent is not None and not isinstance(sent, dict):
            raise invalid("This is no resource.", f"{place}.resource", code="structure")
        return ReadEntry(index, method, path, query, sent=sent)
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
        if_none_exist=creation_condition(
            request.get("ifNoneExist"), type_name, f"{place}.request.ifNoneExist"
        ),
        full_url=entry.get("fullUrl"),
        path=f"{place}.request.url" if method == "DELETE" else f"{place}.resource",
        query=condition_of(query),
    )
    _check_shape(result, resource, place)
    return result


def _since(request: Mapping[str, Any]) -> datetime | None:
    text = request.get("ifModifiedSince")
    return None if text is None else datetime.fromisoformat(parse_range(text, ZoneInfo("UTC")).low)


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


def creation_condition(query: str | None, type_name: str, element: str) -> str | None:
    """The condition of a conditional create; None where it is a plain one.

    R4 has there what follows the question mark; many senders write the type and the mark too.

    Args:
        query: as If-None-Exist has it.
        type_name: of what is created.
        element: where it stands, for expressions.

    Raises:
        FhirError: 400 where it is there and says nothing: a plain create would make twice what the
            client means to have once.
    """
    if query is not None:
        query = query.strip().removeprefix("/").removeprefix(f"{type_name}?")
    if query is not None and condition_of(query) is None:
        words = "This needs a search, such as identifier=system|value, or is left out."
        raise invalid(words, element, code="value")
    return condition_of(query)


def _check_shape(entry: WriteEntry, resource: Any, place: str) -> None:
    url = f"{place}.request.url"
    if entry.method == "POST" and (entry.id or entry.query):
        raise invalid("A create is POST to the type.", url, code="value")
    if entry.method != "POST" and bool(entry.id) == bool(entry.query):
        raise invalid("This needs an id or a condition.", url, code="value")
    if entry.method == "DELETE":
        return
    if not isinstance(resource, dict):
        raise invalid("This entry needs a resource.", f"{place}.resource", code="required")
    if entry.method == "PATCH":
        entry.patch = patch_in(entry.type, resource, f"{place}.resource")
        return
    if resource.get("resourceType") != entry.type:
        raise invalid("The address is for another type.", url, code="value")
    if entry.method == "PUT" and entry.id and resource.get("id") != entry.id:
        raise invalid(
            "The resource's id must be that of the address.", f"{place}.resource.id", code="value"
        )
