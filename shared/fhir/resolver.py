"""Identities and references: what is the same for every writer (FHIR R4 http.html, bundle.html).

`Resolver.resolve` decides which document each entry is about, gives new ones their ids, rewrites
the references between them, and refuses those that lead nowhere. Its answer is steps, in the order
in which R4 wants them done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from shared.fhir.bundle import WriteEntry
from shared.fhir.json import parse
from shared.fhir.outcome import (
    FhirError,
    Issue,
    gone,
    invalid,
    method_not_allowed,
    refusal,
    rule_broken,
)
from shared.fhir.parts import refuse_part
from shared.fhir.patching.emptied import without_the_emptied
from shared.fhir.rewriting import Condition, Inside, Rewriting, dangling
from shared.fhir.search.query import parse_query
from shared.fhir.search.targets import Target
from shared.fhir.store import Access, FhirStore, Stored

Action = Literal["create", "update", "patch", "delete", "unchanged"]

_ORDER: Mapping[str, int] = {"delete": 0, "unchanged": 1, "create": 1, "update": 2, "patch": 2}


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
        self._removed: set[str] = set()
        #: Documents here that are referred to, as they were when the references were looked at.
        self.found: dict[tuple[str, str], Stored] = {}

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
        # What is deleted goes first, so that no condition finds it (R4 http.html, trules).
        made = {}
        for entry in sorted(entries, key=lambda each: each.method != "DELETE"):
            made[id(entry)] = step = self._step(entry, created)
            if step.action == "delete":
                self._removed.add(step.reference)
        steps = [made[id(entry)] for entry in entries]
        self._refuse_overlap(steps)
        inside = Inside.of(steps, self._base_url) if transaction else Inside()
        writing = [
            step
            for step in steps
            if step.entry.resource is not None and step.action in ("create", "update")
        ]
        walks = [self._rewrite(step, inside) for step in writing]
        conditional = dict(each for walk in reversed(walks) for each in reversed(walk.conditional))
        if conditional:
            inside = inside.knowing(self._met(conditional, steps))
            walks = [
                self._rewrite(step, inside) if walk.conditional else walk
                for step, walk in zip(writing, walks, strict=True)
            ]
        wanted: list[_Wanted] = []
        for step, walk in zip(writing, walks, strict=True):
            self._issues += walk.issues
            wanted += [(target, where, step.existing) for target, where in walk.local]
        self._refuse_dangling(wanted, steps)
        if self._issues:
            raise FhirError(422, self._issues)
        return sorted(steps, key=lambda step: _ORDER[step.action])

    def _rewrite(self, step: Step, inside: Inside) -> Rewriting:
        """Put what is to be stored in a step; the walk over its references."""
        walk = Rewriting(step.entry, inside, self._base_url)
        step.resource = walk.rewritten()
        refuse_part(step.resource, step.entry.path or step.entry.type)
        return walk

    def patched(self, step: Step, current: Stored) -> dict[str, Any]:
        """The resource after the patch of a step; call it with the document locked.

        Raises:
            FhirError: 410 where it was deleted, 422 where the patch does not apply, 413 where it
                makes too much of it.
        """
        assert step.entry.patch is not None
        if current.deleted:
            raise gone("It was deleted: there is nothing to patch. A PUT brings it back.")
        changed = without_the_emptied(step.entry.patch.apply(parse(current.body.encode())))
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
        entry = WriteEntry(None, "PUT", resource["resourceType"], resource=resource, path=path)
        step = Step(entry, "update", "")
        walk = self._rewrite(step, Inside())
        self._issues = walk.issues
        self._refuse_dangling([(target, where, current) for target, where in walk.local], [])
        if self._issues:
            raise FhirError(422, self._issues)
        assert step.resource is not None
        return step.resource

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
            self._matched[key] = self._search(type_name, query, expression)
        return self._matched[key]

    def _search(self, type_name: str, query: str, expression: str) -> Stored | None:
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
        return found[0] if found else None

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
                raise _no_id_of_ones_own(entry, "create it with POST")
            raise refusal(404, "There is no such resource here.", entry.path or entry.type)
        return Step(entry, action, entry.id, existing=existing)

    def _post(self, entry: WriteEntry, created: dict[tuple[str, str], Step]) -> Step:
        if entry.if_none_exist is None:
            return Step(entry, "create", str(uuid4()))
        key = (entry.type, entry.if_none_exist)
        existing = self.match(*key, entry.condition_path)
        if existing is not None and existing.reference not in self._removed:
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
            raise _no_id_of_ones_own(entry, "leave the id out")
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

    def _met(
        self, conditional: Mapping[Condition, str], steps: Sequence[Step]
    ) -> dict[Condition, str]:
        """Where references by condition lead, once all that the transaction does is done.

        R4 http.html, trules: conditional references are resolved last.

        Args:
            conditional: conditions, each with an element that holds it.
            steps: what the transaction does; patches are not foreseen.

        Raises:
            FhirError: 412 where nothing, or several, meet one; 400 where it is not understood.
        """
        types = {step.entry.type for step in steps if step.action in ("create", "update", "delete")}
        here = {key: place for key, place in conditional.items() if not _looks_at(*key, types)}
        foreseen = {key: place for key, place in conditional.items() if key not in here}
        found = {key: self._one(*key, place, self.match) for key, place in here.items()}
        if foreseen:
            with self._store.as_it_will_be(
                [(s.id, s.resource) for s in steps if s.action == "create" and s.resource],
                [(s.existing, s.resource) for s in steps if s.existing and s.resource],
                [s.existing for s in steps if s.existing and s.action == "delete"],
                self._access,
                self._owner_of,
            ):
                found |= {k: self._one(*k, place, self._search) for k, place in foreseen.items()}
        return {key: reference for key, reference in found.items() if reference is not None}

    def _one(
        self,
        type_name: str,
        query: str,
        expression: str,
        match: Callable[[str, str, str], Stored | None],
    ) -> str | None:
        try:
            found = match(type_name, query, expression)
        except KeyError:
            self._issues.append(dangling("That type is not served here.", expression))
            return None
        if found is None:
            words = "Nothing matches this reference's condition."
            raise refusal(412, words, expression, code="not-found")
        return found.reference

    def _refuse_dangling(self, wanted: Sequence[_Wanted], steps: Sequence[Step]) -> None:
        made = {step.reference for step in steps if step.action == "create"}
        changed = {step.reference for step in steps if step.action in ("update", "patch")}
        asked = {
            (target.type or "", target.id or "")
            for target, _, _ in wanted
            if target.address not in made
        }
        self.found |= self._store.find_all(asked - self.found.keys(), self._access)
        seen = {"/".join(pair) for pair in self.found} | made
        for target, expression, before in wanted:
            if _held(before, target):
                continue
            if target.address not in seen or target.address in self._removed:
                words = "This refers to a resource that is not here."
                self._issues.append(dangling(words, expression))
            elif target.version is not None and not self._has_version(target, made, changed):
                words = "This refers to a version that is not here."
                self._issues.append(dangling(words, expression))

    def _has_version(self, target: Target, made: Collection[str], changed: Collection[str]) -> bool:
        """Whether there is the version that a reference names, or will be."""
        if target.address in made:
            return target.version == "1"
        if not re.fullmatch(r"[1-9][0-9]{0,8}", target.version or ""):
            return False
        assert target.type is not None
        assert target.id is not None
        number = int(target.version or 0)
        current = self.found[target.type, target.id].version
        if target.address in changed and number == current + 1:
            return True
        try:
            self._store.vread(target.type, target.id, number, self._access)
        except FhirError:
            return False
        return True


_Wanted = tuple[Target, str, Stored | None]
"""A reference, the element that holds it, and the version before of the document it stands in."""


def _held(before: Stored | None, target: Target) -> bool:
    """Whether a document referred there already.

    What a client reads it may send back, although it must not see all that a document of the
    server's own refers to, and although something was deleted meanwhile.
    """
    return before is not None and f'"{target.literal}"' in before.body


def _looks_at(type_name: str, query: str, types: Collection[str]) -> bool:
    """Whether a search may find, or look into, documents of one of the types."""
    try:
        names = [name for name, _ in parse_query(query)]
    except FhirError:
        return False  # the search says what is wrong with it
    hops = any("." in name or name.startswith("_has") for name in names)
    return bool(types) if hops else type_name in types


def _no_id_of_ones_own(entry: WriteEntry, instead: str) -> FhirError:
    """R4 http.html, update: a server need not let clients choose ids; updateCreate says so."""
    error = method_not_allowed(f"Ids are given by the server: {instead}.", "POST")
    return error if entry.index is None else error.at(entry.condition_path)
