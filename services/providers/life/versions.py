"""Versions of listings as rows: what stands in public, what stood before, and what waits."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.providers import many
from services.providers.life.states import WAITING, State, Writing
from services.providers.queries import Page
from services.providers.rows import among, table
from shared.database import UnitOfWork

Json = dict[str, Any]


def content(model: BaseModel) -> Json:
    """A listing as its version keeps it: capacity, which has a life of its own, is not in it."""
    said = whole(model)
    said.get("kersey", {}).pop("capacity", None)
    return said


def whole(model: BaseModel) -> Json:
    """A listing as it came in: what waits still has the capacity with which it may begin."""
    return model.model_dump(mode="json", exclude_defaults=True)


def published(
    uow: UnitOfWork,
    kind: str,
    models: Mapping[UUID, BaseModel],
    owners: Mapping[UUID, tuple[UUID, str | None]],
    now: datetime,
    writing: Writing,
) -> None:
    """Keep what is public from now on. What stood before is superseded, and stays.

    Args:
        uow: the transaction that publishes, which holds the listings' locks.
        kind: `service` or `organization`.
        models: the listings by id.
        owners: organisation and hub of each.
        now: the instant of the change.
        writing: who wrote it, and who agreed.
    """
    version = table("listing_version")
    run = uow.session.connection().execute
    stood = run(
        select(version.c.subject, func.max(version.c.number))
        .where(among(version.c.subject, models))
        .group_by(version.c.subject)
    )
    numbers: dict[UUID, int] = {row[0]: row[1] for row in stood}
    if numbers:
        run(
            update(version)
            .where(among(version.c.subject, numbers), version.c.state == State.PUBLISHED)
            .values(state=State.SUPERSEDED)
        )
    decided = {
        "state": State.PUBLISHED.value,
        "decided": now if writing.decided_by else None,
        "decided_by": writing.decided_by,
        "words": writing.words,
        "published": now,
    }
    if writing.draft is not None:
        (model,) = models.values()
        agreed = update(version).where(version.c.id == writing.draft)
        run(agreed.values(**decided, listing=content(model), publish_from=None))
        return
    new = [
        {
            "id": uuid4(),
            "kind": kind,
            "subject": key,
            "number": numbers.get(key, 0) + 1,
            "owner": owners[key][0],
            "hub": owners[key][1],
            "listing": content(model),
            "written": now,
            "written_by": writing.by,
            "why": writing.why,
            **decided,
        }
        for key, model in models.items()
    ]
    many.insert(uow.session, "listing_version", new)


def public(uow: UnitOfWork, subject: UUID) -> RowMapping | None:
    """The version that stands in public; None where it was listed before versions were kept."""
    version = table("listing_version")
    return _one(uow, version.c.subject == subject, version.c.state == State.PUBLISHED)


def waiting(uow: UnitOfWork, subject: UUID) -> RowMapping | None:
    """The version that waits for a decision or for its day."""
    version = table("listing_version")
    return _one(uow, version.c.subject == subject, version.c.state.in_(WAITING))


def unpublished(uow: UnitOfWork, subject: UUID) -> RowMapping | None:
    """The version that waits, or that the hub sent back and nobody wrote anew."""
    version = table("listing_version")
    earlier = [*WAITING, State.SENT_BACK]
    return _one(uow, version.c.subject == subject, version.c.state.in_(earlier))


def numbered(uow: UnitOfWork, subject: UUID, number: int) -> RowMapping | None:
    """A version by its number; locked, so that two deciders decide one after the other."""
    version = table("listing_version")
    return _one(uow, version.c.subject == subject, version.c.number == number)


def of(uow: UnitOfWork, subject: UUID) -> list[RowMapping]:
    """All versions of a listing, the newest first."""
    version = table("listing_version")
    wanted = select(version).where(version.c.subject == subject)
    run = uow.session.connection().execute
    return list(run(wanted.order_by(version.c.number.desc())).mappings())


def waiting_for(
    uow: UnitOfWork,
    hubs: Collection[str],
    owners: Collection[UUID],
    *,
    state: str | None,
    page: Page,
) -> tuple[list[RowMapping], int]:
    """What waits for these hubs, or was written for these organisations, the oldest first.

    Args:
        uow: where to read.
        hubs: codes of hubs.
        owners: organisations.
        state: only what stands so; None for all that is not public.
        page: which page.

    Returns:
        The page, and how many there are in all.
    """
    version = table("listing_version")
    wanted = select(version).where(
        version.c.state.in_([*WAITING, State.SENT_BACK] if state is None else [state]),
        version.c.hub.in_(hubs) | version.c.owner.in_(owners),
    )
    run = uow.session.connection().execute
    total = run(select(func.count()).select_from(wanted.subquery())).scalar_one()
    ordered = wanted.order_by(version.c.written, version.c.id)
    return list(run(ordered.limit(page.per_page).offset(page.offset)).mappings()), total


def draft(
    uow: UnitOfWork,
    kind: str,
    subject: UUID,
    listing: Json,
    owner: tuple[UUID, str | None],
    now: datetime,
    writing: Writing,
) -> RowMapping:
    """Keep an edit that waits for approval, in the place of an earlier one that does."""
    version = table("listing_version")
    run = uow.session.connection().execute
    stands = public(uow, subject)
    earlier = [*WAITING, State.SENT_BACK]
    run(
        update(version)
        .where(version.c.subject == subject, version.c.state.in_(earlier))
        .values(state=State.SUPERSEDED)
    )
    last = run(select(func.max(version.c.number)).where(version.c.subject == subject))
    statement = insert(version).values(
        id=uuid4(),
        kind=kind,
        subject=subject,
        number=(last.scalar_one() or 0) + 1,
        state=State.DRAFT.value,
        owner=owner[0],
        hub=owner[1],
        listing=listing,
        based_on=stands["number"] if stands else None,
        written=now,
        written_by=writing.by,
        why=writing.why,
    )
    return run(statement.returning(version)).mappings().one()


def decide(uow: UnitOfWork, key: UUID, state: State, now: datetime, **values: Any) -> None:
    """Note what a hub decided of a version that waits."""
    version = table("listing_version")
    decided = update(version).where(version.c.id == key)
    uow.session.connection().execute(decided.values(state=state.value, decided=now, **values))


def _one(uow: UnitOfWork, *conditions: Any) -> RowMapping | None:
    wanted = select(table("listing_version")).where(*conditions).with_for_update()
    return uow.session.connection().execute(wanted).mappings().one_or_none()
