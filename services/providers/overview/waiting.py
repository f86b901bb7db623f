"""How much waits for a hub in the directory, counted: the numbers beside the links to its lists."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from services.providers import funding, hubs
from services.providers.claims.domain import ClaimState
from services.providers.domain import ReviewPlan
from services.providers.gaps.domain import GOING_ON
from services.providers.handlers import Directory
from services.providers.life.states import State
from services.providers.nested import Json
from services.providers.onboarding.domain import State as Onboarding
from services.providers.overview import reviews
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork

SOON = 90
"""Days: funding that ends within them, and gaps that were noted within them, are counted."""


def counted(directory: Directory, principal: Principal, plan: ReviewPlan) -> Json:
    """How much waits for the hubs that somebody coordinates, by what it is.

    Args:
        directory: what to work with.
        principal: a coordinator.
        plan: when a look at a listing is due.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        codes = hubs.codes_of(uow, principal)
        count = uow.session.connection().execute
        here = select(table("organization").c.id).where(table("organization").c.hub.in_(codes))
        version, claim = table("listing_version").c, table("listing_claim").c
        onboarding = table("onboarding").c
        due = reviews.of_hubs(codes).where(reviews.is_due(plan, now.date()))
        wanted: dict[str, Select[Any]] = {
            "approvals": select(version.id).where(
                version.hub.in_(codes), version.state == State.DRAFT
            ),
            "claims": select(claim.id).where(
                claim.organization_id.in_(here), claim.state == ClaimState.OPEN
            ),
            "matches": _matches("organization_match", here),
            "service_matches": _matches(
                "service_match",
                select(table("service").c.id).where(table("service").c.organization_id.in_(here)),
            ),
            "reviews": due,
            "onboardings": select(onboarding.id).where(
                onboarding.hub.in_(codes), onboarding.state == Onboarding.GOING_ON
            ),
            "gaps": _gaps(codes, now - timedelta(days=SOON)),
        }
        found = {
            name: count(select(func.count()).select_from(each.subquery())).scalar_one()
            for name, each in wanted.items()
        }
        ending = funding.count_ending(uow, codes, now.date(), SOON)
    return found | {"funding": ending}


def _matches(name: str, here: Select[Any]) -> Select[Any]:
    match = table(name).c
    return select(match.id).where(
        match.state == "open", or_(match.one.in_(here), match.other.in_(here))
    )


def _gaps(codes: frozenset[str], since: Any) -> Select[Any]:
    """Needs of a place that something was missing for, and about which nobody does anything."""
    gap, action = table("gap").c, table("gap_action").c
    tended: ColumnElement[bool] = exists().where(
        and_(action.hub == gap.hub, action.need == gap.need, action.state.in_(GOING_ON))
    )
    return (
        select(gap.hub, gap.need)
        .where(gap.hub.in_(codes), gap.noted > since, ~tended)
        .group_by(gap.hub, gap.need)
    )
