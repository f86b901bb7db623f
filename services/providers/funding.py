"""Money that ends: which listings it carries, and what their places would be left without.

Amounts are nowhere in the answer: they are for the provider and whom it permits (care 27).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import and_, exists, func, or_, select

from services.providers import hubs
from services.providers.answers import answer
from services.providers.dependencies import Asker, Known
from services.providers.handlers import Directory
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

Json = dict[str, Any]
Spot = tuple[str, str]
"""A place hub's code and a need's."""

routes = APIRouter(prefix="/directory", tags=["funding"])


@dataclass
class Funded:
    """A listed service and what pays for it.

    Attributes:
        name: of the service.
        provider: the organisation that offers it.
        places: codes of the hubs whose people it is for.
        needs: codes of the needs that it meets.
        ending: sources and last days of what ends in the time asked about.
        carried: whether something pays for it beyond that time.
        over: whether all that is known to have paid for it has ended.
        provider_name: what its organisation is called.
    """

    name: str
    provider: UUID
    places: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    ending: list[tuple[date, str | None]] = field(default_factory=list)
    carried: bool = False
    over: bool = False
    provider_name: str = ""

    @property
    def ends(self) -> bool:
        """Whether nothing is known to pay for it after that."""
        return bool(self.ending) and not self.carried

    @property
    def spots(self) -> set[Spot]:
        """Where it meets what."""
        return {(place, need) for place in self.places for need in self.needs}


def lost(services: Iterable[Funded]) -> set[Spot]:
    """Places and needs that only services whose funding ends meet.

    A service of which no funding is known counts as one that goes on: not knowing is no end. One of
    which all funding is over is none that the others could be left to, and no news either.
    """
    going, staying = set[Spot](), set[Spot]()
    for service in services:
        if not service.over:
            (going if service.ends else staying).update(service.spots)
    return going - staying


@routes.get("/funding/ending")
def read_ending(
    directory: Known,
    principal: Asker,
    days: Annotated[int, Query(ge=0, le=1100, description="From today.")] = 90,
) -> Response:
    """What loses its funding within so many days, and what its places would lose with it."""
    return answer(ending(directory, principal, days))


def ending(directory: Directory, principal: Principal, days: int) -> Json:
    """Listings whose funding ends, and the needs that would be met by nothing else there.

    Args:
        directory: what to work with.
        principal: a coordinator, who is told of their hubs' places, or a commissioner, of all.
        days: how far ahead, from today.

    Raises:
        Problem: 403.
    """
    today = directory.clock().date()
    until = today + timedelta(days=days)
    with UnitOfWork(directory.engine) as uow:
        theirs = _places_of(uow, principal)
        services = services_and_funding(uow, today, until)
    gone = lost(services.values())
    listings = [
        _shown(key, service, gone)
        for key, service in services.items()
        if service.ending and (theirs is None or service.places & theirs)
    ]
    spots = sorted(spot for spot in gone if theirs is None or spot[0] in theirs)
    return {
        "from": today.isoformat(),
        "until": until.isoformat(),
        "listings": sorted(listings, key=lambda each: (each["ends"], each["service"])),
        "would_lose": [
            {
                "place": place,
                "need": need,
                "services": sorted(
                    str(key) for key, each in services.items() if (place, need) in each.spots
                ),
                "names": sorted(
                    each.name for each in services.values() if (place, need) in each.spots
                ),
            }
            for place, need in spots
        ],
    }


def count_ending(uow: UnitOfWork, places: Collection[str], today: date, days: int) -> int:
    """How many listings `ending` has for some places: counted, where nobody asks which they are.

    Args:
        uow: where to read.
        places: codes of hubs.
        today: the present day.
        days: how far ahead.
    """
    service, organization = table("service").c, table("organization").c
    area, funding = table("service_area").c, table("funding").c
    placed = exists().where(area.service_id == service.id, area.hub.is_not(None))
    here = or_(
        placed.where(area.hub.in_(places)),
        and_(~placed, func.coalesce(service.hub, organization.hub).in_(places)),
    )
    ends = exists().where(
        funding.service_id == service.id,
        funding.valid_to.between(today, today + timedelta(days=days)),
    )
    wanted = (
        select(func.count())
        .select_from(table("service"))
        .join(table("organization"), organization.id == service.organization_id)
        .where(service.withdrawn.is_(None), service.status == "active", here, ends)
    )
    return uow.session.connection().execute(wanted).scalar_one()


def _places_of(uow: UnitOfWork, principal: Principal) -> frozenset[str] | None:
    """The hubs whose places somebody is told of; None for all."""
    if "commissioner" in principal.roles:
        return None
    if "coordinator" in principal.roles:
        return hubs.codes_of(uow, principal)
    raise Problem(403, "Not allowed", "This is for coordinators and commissioners.")


def _shown(key: UUID, service: Funded, gone: set[Spot]) -> Json:
    last = max(day for day, _ in service.ending)
    return {
        "service": str(key),
        "name": service.name,
        "provider": str(service.provider),
        "provider_name": service.provider_name,
        "places": sorted(service.places),
        "needs": sorted(service.needs),
        "ends": last.isoformat(),
        "sources": sorted({source for _, source in service.ending if source}),
        "paid_for_after_that": service.carried,
        "would_lose": [
            {"place": place, "need": need} for place, need in sorted(service.spots & gone)
        ],
    }


def services_and_funding(uow: UnitOfWork, today: date, until: date) -> dict[UUID, Funded]:
    """Every listed service, the needs that it meets, and what pays for it; four statements in all.

    Args:
        uow: where to read.
        today: the present day.
        until: the last day of which an end counts as one that comes soon.
    """
    service, organization = table("service").c, table("organization").c
    run = uow.session.connection().execute
    found: dict[UUID, Funded] = {}
    home: dict[UUID, str | None] = {}
    listed = (
        select(
            service.id,
            service.name,
            service.organization_id,
            organization.name,
            service.hub,
            organization.hub,
        )
        .join(table("organization"), organization.id == service.organization_id)
        .where(service.withdrawn.is_(None), service.status == "active")
    )
    for key, name, provider, provider_name, own, of_owner in run(listed):
        found[key] = Funded(name, provider, provider_name=provider_name)
        home[key] = own or of_owner
    area = table("service_area").c
    for key, hub in run(select(area.service_id, area.hub).where(area.hub.is_not(None))):
        if key in found:
            found[key].places.add(hub)
    for key, hub in home.items():
        if hub is not None and not found[key].places:
            found[key].places.add(hub)
    for key, needs in _needs(uow).items():
        if key in found:
            found[key].needs |= needs
    _paid_for(uow, found, today, until)
    return found


def _paid_for(uow: UnitOfWork, found: dict[UUID, Funded], today: date, until: date) -> None:
    """Say of services what pays for them, and for how long."""
    funding = table("funding").c
    known = select(funding.service_id, funding.source, funding.valid_to)
    ended = set[UUID]()
    for key, source, last in uow.session.connection().execute(known):
        if key not in found:
            continue
        if last is None or last > until:
            found[key].carried = True
        elif last >= today:
            found[key].ending.append((last, source))
        else:
            ended.add(key)
    for key in ended:
        found[key].over = not (found[key].carried or found[key].ending)


def _needs(uow: UnitOfWork) -> dict[UUID, set[str]]:
    """Codes of the needs that services meet."""
    attribute, term, taxonomy = (
        table(name).c for name in ("attribute", "taxonomy_term", "taxonomy")
    )
    linked = (
        select(attribute.link_id, term.code)
        .join(table("taxonomy_term"), term.id == attribute.taxonomy_term_id)
        .join(table("taxonomy"), taxonomy.id == term.taxonomy_id)
        .where(
            attribute.link_entity == "service",
            taxonomy.code == "need",
            or_(attribute.value.is_(None), attribute.value != "no"),
        )
    )
    needs: dict[UUID, set[str]] = defaultdict(set)
    for key, code in uow.session.connection().execute(linked):
        needs[key].add(code)
    return needs
