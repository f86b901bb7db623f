"""A person says that a listing is right."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.providers import hubs, listing, publishing
from services.providers.assurance import looks
from services.providers.handlers import Directory, service_row
from services.providers.life import acts
from services.providers.life.states import Act
from services.providers.matching.flattening import flatten
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import ServiceChanged, ServicePublished
from shared.problems import Problem

Json = dict[str, Any]


def verify(
    directory: Directory, principal: Principal, key: UUID, how: str, words: str | None
) -> Json:
    """Note that somebody looked and found a listing right, and list it again if it had gone for
    want of a look.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub, or its provider.
        key: the service.
        how: a code, such as `visit`.
        words: of whoever looked, for the history.

    Returns:
        The public listing.

    Raises:
        Problem: 404; 403; 410 where it was withdrawn, which a look does not undo.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        service = service_row(uow, key)
        if service is None:
            raise Problem(404, "Not found", "There is no service with this id.", element="id")
        hubs.must_keep(uow, principal, service["organization_id"])
        assurance = table("assurance").c
        unlisted = uow.session.scalar(select(assurance.unlisted).where(assurance.service_id == key))
        if service["withdrawn"] is not None and not unlisted:
            raise Problem(410, "Gone", "This service was withdrawn: list it again.", element="id")
        hub = hubs.hub_of(uow, service["organization_id"])
        by = "hub" if hubs.coordinates(uow, principal, hub) else "provider"
        looks.looked(uow, key, by=by, how=how, now=now)
        why = f"{how}: {words}" if words else how
        acts.note(uow, key, Act.VERIFIED, now, by=principal.subject, why=why)
        if unlisted:
            acts.note(uow, key, Act.RELISTED, now, by=principal.subject, why=why)
        source = table("service")
        raised = update(source).where(source.c.id == key).returning(source.c.version)
        version = uow.session.scalar(
            raised.values(
                assured_date=now.date(),
                last_modified=now,
                version=source.c.version + 1,
                withdrawn=None,
                withdrawn_reason=None,
            )
        )
        assert version is not None
        flatten(uow.session, [key], ())
        found = listing.listings(uow.session, [key], now)[key]
        happened = ServicePublished if unlisted else ServiceChanged
        event = happened(service=key, provider=service["organization_id"], listing=found)
        publishing.tell(uow, directory.outbox, [(event, version)])
        uow.commit()
    return found
