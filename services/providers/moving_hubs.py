"""A provider moves to another hub, as the operator declares it.

Its listings, and what waits of them, are that hub's to decide about from then on.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine, select, update

from services.providers import publishing
from services.providers.importing.merging import standing_organizations
from services.providers.life.states import WAITING, State, Writing
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.outbox import Outbox
from shared.repeating import repeating

BY = "operator"
"""By whom it is done, in the history."""


def move_providers(
    engine: Engine,
    outbox: Outbox,
    providers: Mapping[UUID, str],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> set[UUID]:
    """Move providers, each in its own transaction; safe to repeat.

    Args:
        engine: the directory's database, which knows the hubs.
        outbox: where the events go.
        providers: the code of the hub to which each belongs.
        clock: the time of day.

    Returns:
        Those that the directory does not list.
    """
    return {key for key, hub in providers.items() if not _move(engine, outbox, key, hub, clock())}


@repeating
def _move(engine: Engine, outbox: Outbox, key: UUID, hub: str, now: datetime) -> bool:
    organization, version = table("organization").c, table("listing_version")
    with UnitOfWork(engine) as uow:
        wanted = select(organization.hub).where(organization.id == key)
        known = uow.session.execute(wanted.with_for_update(key_share=True)).one_or_none()
        if known is None:
            return False
        if known.hub == hub:
            return True
        stands = standing_organizations(uow.session, [key])[key]
        moved = stands.model_copy(update={"kersey": stands.kersey.model_copy(update={"hub": hub})})
        writing = Writing(BY, f"Moved to the hub '{hub}'.")
        publishing.organizations(uow, outbox, {key: moved}, now, writing)
        waiting = update(version).where(
            version.c.owner == key, version.c.state.in_([*WAITING, State.SENT_BACK])
        )
        uow.session.connection().execute(waiting.values(hub=hub))
        uow.commit()
    return True
