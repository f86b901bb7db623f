"""The writer without a workflow: what a general FHIR client sends is stored, and starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy.orm import Session
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from shared.database import UnitOfWork
from shared.fhir.bundle import BundleContext, WriteEntry, WriteResult
from shared.fhir.model import validate
from shared.fhir.outcome import forbidden
from shared.fhir.resolver import Resolver, Step
from shared.fhir.store import Access, FhirStore, Grant, Stored
from shared.repeating import worth_repeating


class Organisation(Protocol):
    """Whatever acts for an organisation: a principal."""

    @property
    def organisation(self) -> str:
        """The organisation's id: the owner of what it writes."""
        ...


class StoreWriter:
    """Stores what is sent, readable and changeable by the sender's organisation alone.

    Args:
        work: opens a transaction.
        store: the documents within it.
        base_url: the server's own address.
    """

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        store: Callable[[Session], FhirStore],
        *,
        base_url: str,
    ) -> None:
        self._work = work
        self._store = store
        self._base_url = base_url

    def write(
        self,
        principal: Organisation,
        entries: list[WriteEntry],
        *,
        bundle: BundleContext | None,
    ) -> list[WriteResult]:
        """See `Writer.write`."""
        transaction = bundle is not None and bundle.type == "transaction"
        for attempt in Retrying(
            retry=retry_if_exception(worth_repeating),
            stop=stop_after_attempt(5),
            wait=wait_random_exponential(multiplier=0.02, max=0.5),
            reraise=True,
        ):
            with attempt:
                return self._once(principal.organisation, entries, transaction)
        raise AssertionError("tenacity either returns or raises")  # pragma: no cover

    def _once(
        self, organisation: str, entries: Sequence[WriteEntry], transaction: bool
    ) -> list[WriteResult]:
        with self._work() as uow:
            store = self._store(uow.session)
            resolver = Resolver(
                store,
                access=Access.of(organisation),
                owner_of=lambda _: organisation,
                base_url=self._base_url,
            )
            steps = resolver.resolve(entries, transaction=transaction)
            locked = self._lock(store, steps, organisation)
            results = {
                id(step.entry): self._do(store, resolver, step, organisation, locked)
                for step in steps
            }
            uow.commit()
        return [results[id(entry)] for entry in entries]

    def _lock(
        self, store: FhirStore, steps: Sequence[Step], organisation: str
    ) -> dict[str, Stored]:
        """Lock what will change, in one order for everybody, and refuse what is another's."""
        changing = [step for step in steps if step.action in ("update", "patch", "delete")]
        locked = {}
        for step in sorted(changing, key=lambda step: step.reference):
            current = store.lock(step.entry.type, step.id)
            if current.owner != organisation:
                raise forbidden("This resource belongs to another organisation.", step.entry.path)
            step.entry.check_version(current.version)
            locked[step.reference] = current
        return locked

    def _do(
        self,
        store: FhirStore,
        resolver: Resolver,
        step: Step,
        organisation: str,
        locked: dict[str, Stored],
    ) -> WriteResult:
        if step.action == "create":
            assert step.resource is not None
            grants = [Grant(organisation, "owner")]
            stored = store.create(step.resource, id=step.id, grants=grants, owner=organisation)
            return WriteResult(201, stored)
        if step.action == "unchanged":
            return _unchanged(store, step)
        if step.action == "delete":
            return WriteResult(204, store.delete(step.entry.type, step.id))
        resource = step.resource
        if step.action == "patch":
            resource = resolver.patched(step, locked[step.reference])
            validate(resource, expected_type=step.entry.type)
            resource = resolver.rewritten(
                resource, step.entry.path or step.entry.type, locked[step.reference]
            )
        assert resource is not None
        stored = store.update(
            resource | {"id": step.id},
            method="PATCH" if step.action == "patch" else "PUT",
        )
        return WriteResult(updated(locked[step.reference]), stored)


def updated(before: Stored) -> int:
    """The status of an update: 201 where it brings back what was deleted (R4 http.html, update)."""
    return 201 if before.deleted else 200


def _unchanged(store: FhirStore, step: Step) -> WriteResult:
    """A condition that was met already: the existing resource, or nothing to delete."""
    if not step.id:
        return WriteResult(204, None)
    existing = step.existing or store.lock(step.entry.type, step.id)
    return WriteResult(200, existing)
