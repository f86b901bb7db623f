"""Reading a listing's history: for whoever keeps it, and for the coordinators of its hub."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, String, cast, select

from services.providers import hubs
from services.providers.claims.keepers import kept_by
from services.providers.handlers import Directory
from services.providers.life import acts, states, versions, views
from services.providers.life.differences import differences
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

Json = dict[str, Any]


def drafts(directory: Directory, principal: Principal, state: str | None, page: Page) -> Json:
    """What waits for somebody's hubs, and what waits of the organisations that they keep.

    Args:
        directory: what to work with.
        principal: who asks.
        state: only what stands so.
        page: which page.
    """
    with UnitOfWork(directory.engine) as uow:
        mine: set[UUID] = set()
        if "provider" in principal.roles:
            own = UUID(principal.organisation)
            mine = {own} | kept_by(uow, own)
        codes = hubs.codes_of(uow, principal)
        found, total = versions.waiting_for(uow, codes, mine, state=state, page=page)
        names = names_of(uow, {row["owner"] for row in found})
        return envelope(page, total, [views.version(row, names) for row in found])


def history(directory: Directory, principal: Principal, kind: str, subject: UUID) -> Json:
    """All versions of a listing, and what was done with it.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        found = _versions(uow, principal, kind, subject)
        names = names_of(uow, {row["owner"] for row in found})
        return views.history(found, acts.of(uow, subject), names)


def version(
    directory: Directory, principal: Principal, kind: str, subject: UUID, number: int
) -> Json:
    """One version, whole.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        row = _numbered(_versions(uow, principal, kind, subject), number)
        return views.version(row, names_of(uow, {row["owner"]}), whole=True)


def changes(
    directory: Directory,
    principal: Principal,
    kind: str,
    subject: UUID,
    number: int,
    since: int | None,
) -> Json:
    """What a version changed.

    Args:
        directory: what to work with.
        principal: who asks.
        kind: `services` or `organizations`.
        subject: the listing.
        number: of the version.
        since: the version to compare it with; None for the one it was written on, or the one
            before it.

    Returns:
        The changes field by field; in `members` what the members that differ said and say, without
        ids and in an order of their own; in `terms` what the taxonomy terms in them are called.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        found = _versions(uow, principal, kind, subject)
    row = _numbered(found, number)
    against = since or row["based_on"] or (number - 1 if number > 1 else None)
    before = _numbered(found, against)["listing"] if against else {}
    changed = differences(before | {"id": None}, row["listing"] | {"id": None})
    shown = {
        "number": number,
        "changes": changed,
        "members": _members(before, row["listing"]),
    } | ({"since": against} if against else {})
    return shown | ({"terms": terms} if (terms := _terms(directory, changed)) else {})


def _members(before: Json, after: Json) -> list[Json]:
    """What differs once ids and the order of lists do not count: what a person would call new."""
    old, new = states.members(before), states.members(after)
    return [
        {"member": name}
        | ({"before": old[name]} if old.get(name) is not None else {})
        | ({"after": new[name]} if new.get(name) is not None else {})
        for name in sorted(states.changed(before, after))
    ]


def _terms(directory: Directory, changed: Any) -> dict[str, str]:
    """What the taxonomy terms are called that changes name by their ids."""
    term = table("taxonomy_term").c
    named = set(_named_terms(changed, named=False))
    if not named:
        return {}
    with UnitOfWork(directory.engine) as uow:
        rows = uow.session.connection().execute(
            select(term.id, term.name).where(cast(term.id, String).in_(named))
        )
        return {str(row.id): row.name for row in rows}


def _named_terms(value: Any, *, named: bool) -> Iterator[str]:
    """The ids of terms in what changed: below a member `taxonomy_term_id`, or a path to one."""
    if isinstance(value, Mapping):
        path = str(value.get("field", "")).endswith("taxonomy_term_id")
        for name, each in value.items():
            yield from _named_terms(each, named=path or name == "taxonomy_term_id")
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _named_terms(each, named=named)
    elif named and isinstance(value, str):
        yield value


def _versions(uow: UnitOfWork, principal: Principal, kind: str, subject: UUID) -> list[RowMapping]:
    found = [row for row in versions.of(uow, subject) if f"{row['kind']}s" == kind]
    owner = _owner(uow, kind, subject) or (found[0]["owner"] if found else None)
    if owner is None:
        raise _unknown()
    if not (found and hubs.coordinates(uow, principal, found[0]["hub"])) and not hubs.keeps(
        uow, principal, owner
    ):
        raise _unknown()
    return found


def _unknown() -> Problem:
    """Nothing is listed under this id, or its history is for others."""
    words = "There is no listing with this id whose history is yours to read."
    return Problem(404, "Not found", words, element="id")


def names_of(uow: UnitOfWork, owners: Collection[UUID]) -> dict[UUID, str]:
    """What organisations are called; one that is not listed yet is left out."""
    source = table("organization").c
    named = select(source.id, source.name).where(source.id.in_(owners))
    return {row.id: row.name for row in uow.session.connection().execute(named)}


def _owner(uow: UnitOfWork, kind: str, subject: UUID) -> UUID | None:
    """Whose listing it is now, where it is public: it may have moved since a version was kept."""
    source = table(kind.removesuffix("s")).c
    owner = source.id if kind == "organizations" else source.organization_id
    return uow.session.scalar(select(owner).where(source.id == subject))


def _numbered(found: list[RowMapping], number: int) -> RowMapping:
    for row in found:
        if row["number"] == number:
            return row
    raise Problem(404, "Not found", "There is no such version of this listing.", element="number")
