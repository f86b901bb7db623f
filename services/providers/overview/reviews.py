"""Listings of which a look is due: since when, who was asked, and when they would go."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, Select, and_, case, func, or_, select

from services.providers import hubs
from services.providers.domain import Reviewing, ReviewPlan, review_due
from services.providers.handlers import Directory
from services.providers.nested import Json, picked, plain
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

_SERVICE, _ORGANIZATION, _ASSURANCE = table("service"), table("organization"), table("assurance")


def is_due(plan: ReviewPlan, today: date) -> ColumnElement[bool]:
    """Whether somebody is to look at a listing: the day has come, or it is gone for want of it.

    Args:
        plan: for how long a look is good, by tier.
        today: the present day.
    """
    whens = [(_SERVICE.c.tier == tier, today - cycle) for tier, cycle in plan.cycle.items()]
    past = _ASSURANCE.c.since <= case(*whens)
    return or_(and_(_SERVICE.c.withdrawn.is_(None), past), _ASSURANCE.c.unlisted)


def of_hubs(codes: frozenset[str]) -> Select[Any]:
    """The services of some hubs, with their organisations and their assurance."""
    return (
        select(
            _SERVICE.c.id.label("service"),
            _SERVICE.c.name,
            _SERVICE.c.tier,
            _SERVICE.c.assured_date,
            _ORGANIZATION.c.id.label("provider"),
            _ORGANIZATION.c.name.label("provider_name"),
            *(each for each in _ASSURANCE.c if each.name != "service_id"),
        )
        .join(_ORGANIZATION, _ORGANIZATION.c.id == _SERVICE.c.organization_id)
        .join(_ASSURANCE, _ASSURANCE.c.service_id == _SERVICE.c.id)
        .where(_ORGANIZATION.c.hub.in_(codes))
    )


def due(directory: Directory, principal: Principal, plan: ReviewPlan, page: Page) -> Json:
    """One page of what somebody is to look at, for the hubs that they coordinate."""
    today = directory.clock().date()
    with UnitOfWork(directory.engine) as uow:
        wanted = of_hubs(hubs.codes_of(uow, principal)).where(is_due(plan, today))
        run = uow.session.connection().execute
        total = run(select(func.count()).select_from(wanted.subquery())).scalar_one()
        ordered = wanted.order_by(
            _ASSURANCE.c.unlisted.desc(), _ASSURANCE.c.since, _SERVICE.c.name, _SERVICE.c.id
        )
        rows = run(ordered.limit(page.per_page).offset(page.offset)).mappings().all()
    return envelope(page, total, [_shown(row, plan, directory.zone) for row in rows])


def one(directory: Directory, principal: Principal, plan: ReviewPlan, key: UUID) -> Json:
    """One listing of a hub, due or not.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        wanted = of_hubs(hubs.codes_of(uow, principal)).where(_SERVICE.c.id == key)
        row = uow.session.connection().execute(wanted).mappings().one_or_none()
    if row is None:
        raise Problem(404, "Not found", "Your hub lists no service with this id.", element="id")
    return _shown(row, plan, directory.zone)


def _shown(row: RowMapping, plan: ReviewPlan, zone: ZoneInfo) -> Json:
    said = picked(row, "service name tier provider provider_name since asked reached unlisted")
    verified = row["verified"].astimezone(zone).date() if row["verified"] else None
    looked = max(filter(None, (row["assured_date"], verified)), default=None)
    stage = Reviewing(row["stage"])
    said |= {
        "due": plain(review_due(row["since"], row["tier"], plan)),
        "asked_whom": {
            Reviewing.RESTING: None,
            Reviewing.PROVIDER_ASKED: "provider",
            Reviewing.HUB_ASKED: "hub",
        }[stage],
    }
    if looked is not None:
        said["last_verified"] = plain(looked)
        if looked == verified:
            said |= {"verified_by": row["verified_by"], "how": row["verified_how"]}
    may_go = stage is Reviewing.HUB_ASKED and row["reached"] and not row["unlisted"]
    if may_go and plan.then_unlisted is not None:
        said["goes"] = plain(max(row["asked"], row["reached"]) + plan.then_unlisted)
    return said
