"""Identities and references: what is the same for every writer (FHIR R4 http.html, bundle.html).

`Resolver.resolve` decides which document each entry is about, gives new ones their ids, rewrites
the references between them, and refuses those that lead nowhere. Its answer is steps, in the order
in which R4 wants them done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import jsonpatch

from shared.fhir.bundle import WriteEntry
from shared.fhir.json import dumps, parse
from shared.fhir.outcome import (
    FhirError,
    Issue,
    invalid,
    method_not_allowed,
    refusal,
    rule_broken,
    too_large,
)
from shared.fhir.search.extract import Target, target_of
from shared.fhir.store import Access, FhirStore, Stored

Action = Literal["create", "update", "patch", "delete", "unchanged"]

_ORDER: Mapping[str, int] = {"delete": 0, "unchanged": 1, "create": 1, "update": 2, "patch": 2}
MOST_COPIED = 64 * 1024
"""Characters by which the `copy` operations of one patch may make a resource grow. While it is
patched its row is locked, and a few copies of copies would fill a gigabyte."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,63})\?(?P<query>.+)", re.DOTALL)
_RESTFUL_FULL_URL = re.compile(
    r"(?P<base>https?://.+)/(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})"
)
#: Names of elements that hold an address which may point into the Bundle without being a Reference.
_ADDRESS = re.compile(r"url|value(?:Uri|Url|Uuid|Oid|Canonical)")


@dataclass(slots=True)
class Step:
    """One entry with everything decided that the Bundle and the store decide.

    Attributes:
        entry: what was asked for.
        action: what is to be done; ``unchanged`` where a condition was met already.
        id: the logical id that the document has or will have; "" where nothing matched a delete.
        resource: what to store, every reference rewritten; None for delete, patch, unchanged.
        existing: the document that a condition matched.
    """

    entry: WriteEntry
    action: Action
    id: str
    resource: dict[str, Any] | None = None
    existing: Stored | None = None

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.entry.type}/{self.id}"


class Resolver:
    """Decides identities and references of the entries of one request, within one transaction.

    Takes no row locks, so that a service can lock what it must in its own order afterwards.

    Args:
        store: over the transaction's session.
        access: what the writer may see; a relative reference must lead to such a document.
        owner_of: the organisation within whose documents conditions on a type look, or None for
            all that the writer may see.
        base_url: the server's own address.
    """

    def __init__(
        self,
        store: FhirStore,
        *,
        access: Access,
        owner_of: Callable[[str], str | None],
        base_url: str,
    ) -> None:
        self._store = store
        self._access = access
        self._owner_of = owner_of
        self._base_url = base_url
        self._issues: list[Issue] = []
        self._matched: dict[tuple[str, str], Stored | None] = {}

    def resolve(self, entries: Sequence[WriteEntry], *, transaction: bool) -> list[Step]:
        """The steps to do, in R4's order: delete, create, update.

        Args:
            entries: one, or all of a transaction.
            transaction: whether references between entries and by condition are meant.

        Raises:
            FhirError: 404, 405 or 412 for an entry's own address or condition; 400 where two
                entries touch one document; 422 naming every reference that leads nowhere.
        """
        self._lock_conditions(entries)
        created: dict[tuple[str, str], Step] = {}
        steps = [self._step(entry, created) for entry in entries]
        self._refuse_overlap(steps)
        inside = _Inside.of(steps, self._base_url) if transaction else _Inside({}, {})
        wanted: list[_Wanted] = []
        for step in steps:
            if step.entry.resource is not None and step.action in ("create", "update"):
                walk = _References(self, step, inside, transaction)
                step.resource = walk.rewritten()
                wanted += [(target, where, step.existing) for target, where in walk.local]
        self._refuse_dangling(wanted, steps)
        if self._issues:
            raise FhirError(422, self._issues)
        return sorted(steps, key=lambda step: _ORDER[step.action])

    def patched(self, step: Step, current: Stored) -> dict[str, Any]:
        """The resource after the patch of a step; call it with the document locked.

        Raises:
            FhirError: 422 where the patch does not apply or makes a reference lead nowhere;
                413 where its copies make the resource grow beyond `MOST_COPIED`.
        """
        changed: Any = parse(current.body.encode())
        most = len(current.body) + MOST_COPIED
        for operation in step.entry.patch or []:
            most += len(dumps(operation))
            changed = _patched(changed, operation, step.entry.type, most)
        if not isinstance(changed, dict) or (changed.get("resourceType"), changed.get("id")) != (
            step.entry.type,
            step.id,
        ):
            raise rule_broken("A patch changes neither type nor id.", step.entry.type)
        return changed

    def rewritten(self, resource: dict[str, Any], path: str, current: Stored) -> dict[str, Any]:
        """A patched resource as it is to be stored; references that lead nowhere are refused.

        Args:
            resource: as the patch left it.
            path: where it stands, for expressions.
            current: the version before; what it refers to already may stay.

        Raises:
            FhirError: 422 naming each.
        """
        self._issues = []
        entry = WriteEntry(None, "PUT", resource["resourceType"], resource=resource, path=path)
        walk = _References(self, Step(entry, "update", ""), _Inside({}, {}), transaction=False)
        found = walk.rewritten()
        self._refuse_dangling([(target, where, current) for target, where in walk.local], [])
        if self._issues:
            raise FhirError(422, self._issues)
        return found

    # --- conditions ---------------------------------------------------------------------------

    def _lock_conditions(self, entries: Iterable[WriteEntry]) -> None:
        """Two requests with one condition go one after the other, or both would find nothing."""
        keys = {
            f"{entry.type}?{entry.if_none_exist or entry.query} {self._owner_of(entry.type)}"
            for entry in entries
            if entry.if_none_exist or entry.query
        }
        if keys:
            self._store.serialise(*keys)

    def match(self, type_name: str, query: str, expression: str) -> Stored | None:
        """The one document that a condition names, or None; remembered for this request.

        Raises:
            FhirError: 412 where it names several.
        """
        key = (type_name, query)
        if key not in self._matched:
            try:
                found = self._store.match(type_name, query, self._access, self._owner_of(type_name))
            except FhirError as error:
                raise error.at(expression) from error
            if len(found) > 1:
                raise refusal(
                    412,
                    f"The condition on {type_name} matches several resources.",
                    expression,
                    code="multiple-matches",
                )
            self._matched[key] = found[0] if found else None
        return self._matched[key]

    def _step(self, entry: WriteEntry, created: dict[tuple[str, str], Step]) -> Step:
        if entry.method == "POST":
            return self._post(entry, created)
        if entry.query is not None:
            return self._conditional(entry, entry.query)
        action: Action = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}[entry.method]  # type: ignore[assignment]
        assert entry.id is not None
        existing = self._store.find(entry.type, entry.id, self._access)
        if existing is None:
            if entry.method == "PUT":
                raise method_not_allowed(
                    "Ids are given by the server: create it with POST.", "POST"
                )
            raise refusal(404, "There is no such resource here.", entry.path or entry.type)
        return Step(entry, action, entry.id, existing=existing)

    def _post(self, entry: WriteEntry, created: dict[tuple[str, str], Step]) -> Step:
        if entry.if_none_exist is None:
            return Step(entry, "create", str(uuid4()))
        key = (entry.type, entry.if_none_exist)
        existing = self.match(*key, entry.condition_path)
        if existing is not None:
            return Step(entry, "unchanged", existing.id, existing=existing)
        if key in created:  # the same condition twice in one Bundle means one resource
            return Step(entry, "unchanged", created[key].id)
        created[key] = Step(entry, "create", str(uuid4()))
        return created[key]

    def _conditional(self, entry: WriteEntry, query: str) -> Step:
        existing = self.match(entry.type, query, entry.condition_path)
        if existing is None:
            return self._nothing_matched(entry)
        if entry.method == "DELETE":
            return Step(entry, "delete", existing.id, existing=existing)
        if entry.method == "PATCH":
            return Step(entry, "patch", existing.id, existing=existing)
        given = (entry.resource or {}).get("id")
        if given not in (None, existing.id):
            raise invalid(
                "The resource's id is not that of the one resource which the condition matches.",
                f"{entry.path or entry.type}.id",
                code="value",
            )
        return Step(entry, "update", existing.id, existing=existing)

    def _nothing_matched(self, entry: WriteEntry) -> Step:
        if entry.method == "DELETE":
            return Step(entry, "unchanged", "")
        if entry.method == "PATCH":
            raise refusal(404, "Nothing matches the condition.", entry.path or entry.type)
        if (entry.resource or {}).get("id") is not None:
            raise method_not_allowed("Ids are given by the server: leave the id out.", "POST")
        return Step(entry, "create", str(uuid4()))

    def _refuse_overlap(self, steps: Iterable[Step]) -> None:
        seen: set[str] = set()
        for step in steps:
            if step.action == "unchanged":
                continue
            if step.reference in seen:
                raise invalid(
                    "Two entries of one Bundle touch the same resource.",
                    step.entry.path or step.entry.type,
                    code="duplicate",
                )
            seen.add(step.reference)

    # --- references ---------------------------------------------------------------------------

    def refuse(self, diagnostics: str, expression: str) -> None:
        """Note a reference that leads nowhere; all are told of at once."""
        self._issues.append(Issue("error", "not-found", diagnostics, (expression,)))

    @property
    def base_url(self) -> str:
        """The server's own address."""
        return self._base_url

    def _refuse_dangling(self, wanted: Sequence[_Wanted], steps: Sequence[Step]) -> None:
        made = {step.reference for step in steps if step.action == "create"}
        removed = {step.reference for step in steps if step.action == "delete"}
        asked = {
            (target.type or "", target.id or "")
            for target, _, _ in wanted
            if target.address not in made
        }
        seen = {"/".join(pair) for pair in self._store.seen(asked, self._access)} | made
        for target, expression, before in wanted:
            here = target.address in seen and target.address not in removed
            if not here and not _held(before, target):
                self.refuse("This refers to a resource that is not here.", expression)


_Wanted = tuple[Target, str, Stored | None]
"""A reference, the element that holds it, and the version before of the document it stands in."""


def _held(before: Stored | None, target: Target) -> bool:
    """Whether a document referred there already.

    What a client reads it may send back, although it must not see all that a document of the
    server's own refers to, and although something was deleted meanwhile.
    """
    return before is not None and f'"{target.address}"' in before.body


def _patched(resource: Any, operation: dict[str, Any], type_name: str, most: int) -> Any:
    """One operation applied; measured where it copies: copies of copies grow without end.

    The operation itself is copied: what it adds becomes part of the resource, which later ones
    change, and the whole may be tried again.
    """
    try:
        changed = jsonpatch.apply_patch(resource, [deepcopy(operation)], in_place=True)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise rule_broken("The patch does not apply to the current version.", type_name) from error
    if operation.get("op") == "copy" and len(dumps(changed)) > most:
        raise too_large("The patched resource is too large.")
    return changed


@dataclass(frozen=True, slots=True)
class _Inside:
    """How the entries of one Bundle are referred to.

    ``by_full_url`` leads from a fullUrl to ``Type/id``; ``by_condition`` from type and query.
    """

    by_full_url: dict[str, str]
    by_condition: dict[tuple[str, str], str]

    @classmethod
    def of(cls, steps: Iterable[Step], base_url: str) -> _Inside:
        by_full_url: dict[str, str] = {}
        by_condition: dict[tuple[str, str], str] = {}
        for step in steps:
            entry = step.entry
            if step.action == "delete" or not step.id:
                continue
            if entry.full_url:
                by_full_url[entry.full_url] = step.reference
            elif entry.method == "POST" and isinstance((entry.resource or {}).get("id"), str):
                # Without fullUrl, senders name the resource by the id that they gave it.
                assert entry.resource is not None
                by_full_url[f"{entry.type}/{entry.resource['id']}"] = step.reference
            if step.action in ("update", "patch"):
                by_full_url[f"{base_url}/{step.reference}"] = step.reference
            for query in (entry.if_none_exist, entry.query):
                if query:
                    by_condition[entry.type, query] = step.reference
        return cls(by_full_url, by_condition)

    def find(self, address: str) -> str | None:
        """Where an address leads inside the Bundle; a version or fragment stays on it."""
        for separator in ("", "/_history/", "#"):
            bare, found, rest = address.partition(separator) if separator else (address, "", "")
            if bare in self.by_full_url and (found or not separator):
                return f"{self.by_full_url[bare]}{found}{rest}"
        return None


class _References:
    """Rewrites the references of one resource; unchanged parts are shared, nothing is mutated.

    Nothing is mutated because a writer may have to repeat its transaction with the same entries.
    """

    def __init__(self, resolver: Resolver, step: Step, inside: _Inside, transaction: bool) -> None:
        self._resolver = resolver
        self._entry = step.entry
        self._inside = inside
        self._transaction = transaction
        self._trail: list[str] = []
        base = _RESTFUL_FULL_URL.fullmatch(step.entry.full_url or "")
        self._entry_base = base["base"] if base else None
        #: References to documents of this server, with the element that holds each.
        self.local: list[tuple[Target, str]] = []

    def rewritten(self) -> dict[str, Any]:
        """The resource with every reference as it is to be stored."""
        assert self._entry.resource is not None
        changed: dict[str, Any] = self._object(self._entry.resource)
        return changed

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            self._trail.append(f".{name}")
            changed = self._object(value)
            self._trail.pop()
            return changed
        if isinstance(value, list):
            return self._list(name, value)
        if isinstance(value, str):
            return self._text(name, value)
        return value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] | None = None
        plain = not self._inside.by_full_url
        for name, member in value.items():
            if plain and type(member) is str and name != "reference":
                continue  # only where other entries have addresses may it be one of them
            new = self._value(name, member)
            if new is not member:
                changed = changed if changed is not None else dict(value)
                changed[name] = new
        return changed if changed is not None else value

    def _list(self, name: str, value: list[Any]) -> list[Any]:
        changed: list[Any] | None = None
        for n, member in enumerate(value):
            new = self._value(f"{name}[{n}]", member)
            if new is not member:
                changed = changed if changed is not None else list(value)
                changed[n] = new
        return changed if changed is not None else value

    def _text(self, name: str, value: str) -> str:
        if name == "reference":
            return self._reference(value)
        if self._inside.by_full_url:
            if _ADDRESS.fullmatch(name.partition("[")[0]):
                return self._inside.by_full_url.get(value, value)
            if name == "div":
                return self._narrative(value)
        return value

    def _narrative(self, value: str) -> str:
        for full_url, reference in self._inside.by_full_url.items():
            if full_url in value:
                value = value.replace(f'"{full_url}"', f'"{reference}"')
        return value

    def _reference(self, value: str) -> str:
        if not value or value.startswith("#"):
            return value
        condition = _CONDITIONAL.fullmatch(value)
        if condition is not None:
            return self._conditional(condition["type"], condition["query"]) or value
        found = self._inside.find(value)
        if found is not None:
            return found
        if _SCHEME.match(value):
            return self._absolute(value)
        return self._relative(value)

    def _absolute(self, value: str) -> str:
        if value.lower().startswith(("urn:uuid:", "urn:oid:")):
            self._refuse("This refers to an entry that the Bundle does not have.")
        elif value.startswith(f"{self._resolver.base_url}/"):
            # The same document has one name, so that whoever looks for references finds each.
            value = value.removeprefix(f"{self._resolver.base_url}/")
            self._here(value)
        return value

    def _relative(self, value: str) -> str:
        if self._entry_base is not None and self._entry_base != self._resolver.base_url:
            # R4 bundle.html: it is relative to the base of the entry's own fullUrl.
            absolute = f"{self._entry_base}/{value}"
            return self._inside.find(absolute) or absolute
        if self._entry_base is not None:
            found = self._inside.find(f"{self._entry_base}/{value}")
            if found is not None:
                return found
        self._here(value)
        return value

    def _here(self, value: str) -> None:
        target = target_of(value, self._resolver.base_url)
        if target is None or not target.local:
            self._refuse("This is no reference: write Type/id or an absolute address.")
        else:
            self.local.append((target, self._expression))

    def _conditional(self, type_name: str, query: str) -> str | None:
        if not self._transaction:
            self._refuse("A reference by condition is for transactions only.")
            return None
        inside = self._inside.by_condition.get((type_name, query))
        if inside is not None:
            return inside
        try:
            found = self._resolver.match(type_name, query, self._expression)
        except KeyError:
            self._refuse("That type is not served here.")
            return None
        except FhirError as error:
            raise error.at(self._expression) from error
        if found is None:
            raise refusal(
                412, "Nothing matches this reference's condition.", self._expression,
                code="not-found",
            )  # fmt: skip
        return found.reference

    def _refuse(self, diagnostics: str) -> None:
        self._resolver.refuse(diagnostics, self._expression)

    @property
    def _expression(self) -> str:
        """The reference now being read."""
        return (self._entry.path or self._entry.type) + "".join(self._trail) + ".reference"
