"""Who is brought in: a hub's list with the stuck ones first, one of them, and a provider's own."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select

from services.providers import hubs
from services.providers.claims.keepers import kept_by
from services.providers.handlers import Directory
from services.providers.life.kept import UNSEEN
from services.providers.nested import Json, picked, plain
from services.providers.onboarding.domain import (
    OPEN,
    OTHERS,
    STUCK_DAYS,
    Said,
    Stands,
    State,
    missing,
    steps_of,
)
from services.providers.onboarding.gathering import known_of, services_of
from services.providers.onboarding.records import ACT, ONBOARDING, unknown, with_moved
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork

_LISTED = "id provider place tier state begun"
_WHOLE = f"{_LISTED} hub begun_by reach_email reach_phone ended"
_ACTS = "what about at by words"


def of_hub(directory: Directory, principal: Principal, state: State, page: Page) -> Json:
    """One page of those that the hubs of a coordinator bring in, the ones first for which nobody
    has done anything for longest.

    Args:
        directory: what to work with.
        principal: a coordinator.
        state: where they stand.
        page: which page.

    Returns:
        The page, and in `states` how many there are of each.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        codes = hubs.codes_of(uow, principal)
        run = uow.session.connection().execute
        here = ONBOARDING.c.hub.in_(codes)
        counting = select(ONBOARDING.c.state, func.count()).where(here)
        states = {row[0]: row[1] for row in run(counting.group_by(ONBOARDING.c.state))}
        wanted = with_moved().where(here, ONBOARDING.c.state == state)
        ordered = wanted.order_by("last", ONBOARDING.c.id)
        rows = run(ordered.limit(page.per_page).offset(page.offset)).mappings().all()
        contents = [said | _summed(steps) for said, steps in _told(uow, rows, now, columns=_LISTED)]
    return envelope(page, states.get(state, 0), contents) | {
        "states": {each.value: states.get(each, 0) for each in State}
    }


def one(directory: Directory, principal: Principal, key: UUID) -> Json:
    """One of a coordinator's own hub, with its steps and its history.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        return whole(uow, principal, key, directory.clock())


def whole(uow: UnitOfWork, principal: Principal, key: UUID, now: datetime) -> Json:
    """As `one`, within the caller's transaction."""
    run = uow.session.connection().execute
    rows = run(with_moved().where(ONBOARDING.c.id == key)).mappings().all()
    if not rows or not hubs.coordinates(uow, principal, rows[0]["hub"]):
        raise unknown()
    ((said, steps),) = _told(uow, rows, now, columns=_WHOLE)
    acts = run(select(ACT).where(ACT.c.onboarding == key).order_by(ACT.c.position.desc()))
    return (
        said
        | {"steps": [_step(each, by=True) for each in steps]}
        | {"acts": [picked(each, _ACTS) for each in acts.mappings()]}
    )


def own(directory: Directory, principal: Principal) -> list[Json]:
    """What is missing of the organisation of whoever asks, and of those that it keeps: steps only.
    What its hub wrote about it, and who there did what, is the hub's.
    """
    if "provider" not in principal.roles:
        return []
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        mine = UUID(principal.organisation)
        owners = {mine} | kept_by(uow, mine)
        wanted = with_moved().where(ONBOARDING.c.provider.in_(owners), ONBOARDING.c.state.in_(OPEN))
        rows = uow.session.connection().execute(wanted.order_by("begun")).mappings().all()
        return [
            said | {"steps": [_step(each, by=False) for each in steps]}
            for said, steps in _told(uow, rows, now, columns="provider tier state begun")
        ]


def _told(
    uow: UnitOfWork, rows: Sequence[RowMapping], now: datetime, *, columns: str
) -> list[tuple[Json, list[Stands]]]:
    services = services_of(uow, rows)
    known = known_of(uow, rows, services, now.date())
    names = _names(uow, [row["provider"] for row in rows])
    waits = _waits(uow, services.values())
    found = []
    for row in rows:
        service = services.get(row["provider"])
        days = (now - row["last"]).days
        said = picked(row, columns) | {
            "name": names.get(row["provider"], row["name"]),
            "listed": row["provider"] in names,
            "last": plain(row["last"]),
            "days": days,
            "stuck": row["state"] == State.GOING_ON and days >= STUCK_DAYS,
        }
        if service is not None:
            said |= {"service": str(service)} | waits.get(service, {})
        found.append((said, steps_of(known[row["id"]], now.date())))
    return found


def _names(uow: UnitOfWork, providers: Sequence[UUID]) -> dict[UUID, str]:
    organization = table("organization").c
    wanted = select(organization.id, organization.name).where(organization.id.in_(providers))
    return {row[0]: row[1] for row in uow.session.connection().execute(wanted)}


def _waits(uow: UnitOfWork, services: Any) -> dict[UUID, Json]:
    """What of a service waits for the hub's yes."""
    version = table("listing_version").c
    wanted = select(version.subject, version.number, version.state).where(
        version.subject.in_(list(services)), version.state.in_(UNSEEN)
    )
    return {
        row.subject: {"waits": {"number": row.number, "state": row.state}}
        for row in uow.session.connection().execute(wanted)
    }


def _summed(steps: list[Stands]) -> Json:
    """How far it is, as far as the directory knows: other services know the rest."""
    ours = [each for each in steps if each.needed and each.done is not None]
    left = missing(steps)
    summed: Json = {"done": len(ours) - len(left), "needed": len(ours)}
    return summed | ({"next": _step(left[0], by=False)} if left else {})


def _step(stands: Stands, *, by: bool) -> Json:
    """One step as the API shows it.

    Args:
        stands: where it stands.
        by: whether to say who did it.
    """
    shown: Json = {"step": stands.step.value, "needed": stands.needed}
    if stands.kind is not None:
        shown["kind"] = stands.kind
    if stands.done is None:
        return shown | {"asked_of": OTHERS[stands.step]}
    shown["done"] = stands.done
    if stands.without:
        shown["without"] = True
    if stands.paper is not None:
        shown |= _dated(stands.paper.seen, stands.paper.expires)
    return shown | (_who(stands.by) if by and stands.by else {})


def _dated(seen: date, expires: date | None) -> Json:
    return {"seen": plain(seen)} | ({"expires": plain(expires)} if expires else {})


def _who(said: Said) -> Json:
    who: Json = {"at": plain(said.at)}
    if said.by:
        who["by"] = said.by
    return who | ({"words": said.words} if said.words else {})
