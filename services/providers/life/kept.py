"""The services whose listings somebody keeps, as a list: how much room each has, what waits."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Text, literal, select, tuple_, union_all
from sqlalchemy.sql.selectable import Subquery

from services.providers import capacities
from services.providers.claims.keepers import kept_by
from services.providers.handlers import Directory
from services.providers.life.states import WAITING, State
from services.providers.nested import Json, picked
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

UNSEEN = (*WAITING, State.SENT_BACK)
"""States of a version that may still become public, or is to be written anew."""
WAITS = "number state written words decided publish_from"


def services(
    directory: Directory, principal: Principal, *, after: UUID | None, count: int
) -> list[Json]:
    """One page of the services that a provider keeps, its own and claimed ones, by name.

    Args:
        directory: what to work with.
        principal: the provider.
        after: the last service of the page before.
        count: at most so many.

    Returns:
        `id`, `name`, `organization_id`, `public`, `capacity` where it is public, and `waits`: the
        version that its hub has not published, with the hub's words where it was sent back.

    Raises:
        Problem: 422, `after` is none of them.
    """
    with UnitOfWork(directory.engine) as uow:
        listed = written_for(_keeps(uow, principal))
        wanted = select(listed)
        run = uow.session.connection().execute
        if after is not None:
            last = run(select(listed.c.name).where(listed.c.id == after)).scalar_one_or_none()
            if last is None:
                raise Problem(422, "Not possible", "Begin again, without `after`.", element="after")
            wanted = wanted.where(tuple_(listed.c.name, listed.c.id) > tuple_(last, after))
        page = run(wanted.order_by(listed.c.name, listed.c.id).limit(count)).mappings().all()
        return _told(uow, page, directory.clock())


def service(directory: Directory, principal: Principal, key: UUID) -> Json:
    """One of them, as `services` has it.

    Raises:
        Problem: 404, there is none that this provider keeps.
    """
    with UnitOfWork(directory.engine) as uow:
        listed = written_for(_keeps(uow, principal))
        run = uow.session.connection().execute
        found = run(select(listed).where(listed.c.id == key)).mappings().all()
        if not found:
            raise Problem(404, "Not found", "You keep no such service.", element="id")
        return _told(uow, found, directory.clock())[0]


def _keeps(uow: UnitOfWork, principal: Principal) -> set[UUID]:
    if "provider" not in principal.roles:
        return set()
    own = UUID(principal.organisation)
    return {own} | kept_by(uow, own)


def _told(uow: UnitOfWork, rows: Sequence[RowMapping], now: datetime) -> list[Json]:
    keys = [row["id"] for row in rows]
    run = uow.session.connection().execute
    room, version = table("capacity"), table("listing_version")
    rooms = {
        row["service_id"]: row
        for row in run(select(room).where(room.c.service_id.in_(keys))).mappings()
    }
    unpublished = select(version).where(version.c.subject.in_(keys), version.c.state.in_(UNSEEN))
    waiting = {row["subject"]: picked(row, WAITS) for row in run(unpublished).mappings()}
    return [
        picked(row, "id name organization_id")
        | {"public": row["public"]}
        | ({"capacity": capacities.known(rooms.get(row["id"]), now)} if row["public"] else {})
        | ({"waits": waiting[row["id"]]} if row["id"] in waiting else {})
        for row in rows
    ]


def written_for(owners: set[UUID]) -> Subquery:
    """Services that are public, and those that were never public and may still be."""
    service, version = table("service").c, table("listing_version").c
    public = select(
        service.id,
        service.name,
        service.organization_id,
        literal(True).label("public"),
    ).where(service.organization_id.in_(owners), service.withdrawn.is_(None))
    known = select(service.id).where(service.id == version.subject).exists()
    new = select(
        version.subject,
        version.listing["name"].astext.cast(Text),
        version.owner,
        literal(False),
    ).where(
        version.owner.in_(owners),
        version.kind == "service",
        version.state.in_(UNSEEN),
        ~known,
    )
    return union_all(public, new).subquery()
