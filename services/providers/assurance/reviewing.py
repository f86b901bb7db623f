"""The nightly look at what is due: reminders, then the hub, then unlisted; and tiers that lapse."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, update

from services.providers import domain, listing, publishing
from services.providers.closing.reading import closed_on
from services.providers.handlers import Directory, service_row
from services.providers.hubs import hub_of
from services.providers.life import acts
from services.providers.life.states import Act
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.events import ServiceChanged, TierChanged, TierEnding, VerificationDue

BY = "review"
"""Who does what the night does, in the history."""
UNLISTED = "Nobody has said for a long time whether this is still right."
WARNED = timedelta(days=30)
"""How long before evidence lapses its provider and hub hear of it (care 25)."""
BATCH = 500


def review(directory: Directory, plan: domain.ReviewPlan) -> dict[str, int]:
    """Take each listing's review a step on, where one is due; each in its own transaction.

    Safe to repeat, and to run at once from several places: whoever comes second finds it done.

    Returns:
        How many steps of each kind were made.
    """
    today = directory.clock().date()
    made: dict[str, int] = {}
    for key in _under_review(directory, today, plan):
        step = _review_one(directory, key, today, plan)
        if step is not None:
            made[step] = made.get(step, 0) + 1
    return made


def _under_review(directory: Directory, today: date, plan: domain.ReviewPlan) -> Iterator[UUID]:
    """Listings of which a step may be due, a batch at a time."""
    service, assurance = table("service").c, table("assurance").c
    shortest = min(plan.cycle.values())
    due = (
        select(service.id)
        .join(table("assurance"), assurance.service_id == service.id)
        .where(service.withdrawn.is_(None), assurance.since <= today - shortest)
        .order_by(service.id)
        .limit(BATCH)
    )
    after: UUID | None = None
    while True:
        page = due if after is None else due.where(service.id > after)
        with UnitOfWork(directory.engine) as uow:
            keys = uow.session.scalars(page).all()
        yield from keys
        if len(keys) < BATCH:
            return
        after = keys[-1]


def _review_one(
    directory: Directory, key: UUID, today: date, plan: domain.ReviewPlan
) -> domain.ReviewStep | None:
    with UnitOfWork(directory.engine) as uow:
        service, known = _both(uow, key)
        if service is None or known is None or service["withdrawn"] is not None:
            return None
        stage = domain.Reviewing(known["stage"])
        since, asked = known["since"], known["asked"]
        step = domain.review_step(
            stage, since, asked, service["tier"], today, plan, reached=known["reached"]
        )
        if step is None:
            return None
        owner = service["organization_id"]
        if step is domain.ReviewStep.PROVIDER and owner in closed_on(uow.session, today):
            return None  # asked on the first day on which somebody is there
        if step is domain.ReviewStep.UNLIST:
            _unlist(uow, directory, key)
        else:
            _ask(uow, directory, service, step, today, plan)
        uow.commit()
    return step


def _ask(
    uow: UnitOfWork,
    directory: Directory,
    service: RowMapping,
    step: domain.ReviewStep,
    today: date,
    plan: domain.ReviewPlan,
) -> None:
    to_provider = step is domain.ReviewStep.PROVIDER
    stage = domain.Reviewing.PROVIDER_ASKED if to_provider else domain.Reviewing.HUB_ASKED
    left = (plan.then_unlisted or timedelta()) + (plan.then_hub if to_provider else timedelta())
    anew = {"reached": None} if to_provider else {}
    _keep(uow, service["id"], stage=int(stage), asked=today, **anew)
    why = f"asked of the {step}"
    version = acts.note(uow, service["id"], Act.VERIFICATION_DUE, directory.clock(), by=BY, why=why)
    owner = service["organization_id"]
    event = VerificationDue(
        listing=service["id"],
        provider=owner,
        hub=hub_of(uow, owner),
        to=str(step),
        days=left.days,
    )
    directory.outbox.add(uow, event, version=version)


def _unlist(uow: UnitOfWork, directory: Directory, key: UUID) -> None:
    now = directory.clock()
    _keep(uow, key, unlisted=True)
    acts.note(uow, key, Act.UNLISTED, now, by=BY, why=UNLISTED)
    publishing.withdraw(uow, directory.outbox, key, UNLISTED, now)


# --- tiers -----------------------------------------------------------------------------------


def tiers(directory: Directory) -> int:
    """Tell of listings whose tier changed by the day alone, and warn of those whose will.

    Returns:
        How many were told or warned of.
    """
    service, evidence = table("service").c, table("tier_evidence").c
    soon = directory.clock().date() + WARNED
    lapsing = (
        select(service.id)
        .join(table("tier_evidence"), evidence.service_id == service.id)
        .where(service.withdrawn.is_(None), evidence.expires <= soon)
        .group_by(service.id)
        .order_by(service.id)
    )
    with UnitOfWork(directory.engine) as uow:
        keys = uow.session.scalars(lapsing).all()
    return sum(_tier_of_one(directory, key) for key in keys)


def _tier_of_one(directory: Directory, key: UUID) -> bool:
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        service, known = _both(uow, key)
        if service is None or known is None or service["withdrawn"] is not None:
            return False
        told = known["tier_told"] or service["tier"]
        stands = _standing(uow, service, now.date())
        owner: UUID = service["organization_id"]
        about: dict[str, Any] = {"listing": key, "provider": owner, "hub": hub_of(uow, owner)}
        if stands.tier != told:
            _keep(uow, key, tier_told=int(stands.tier))
            why = f"from {told} to {int(stands.tier)}"
            version = acts.note(uow, key, Act.TIER_CHANGED, now, by=BY, why=why)
            changed = TierChanged(**about, tier=int(stands.tier), previous=told)
            directory.outbox.add(uow, changed, version=version)
            _retell(uow, directory, service)
        elif _warns(stands, known, now.date()):
            assert stands.until is not None
            _keep(uow, key, warned_of=stands.until)
            why = f"tier {int(stands.tier)} until {stands.until}"
            version = acts.note(uow, key, Act.TIER_ENDING, now, by=BY, why=why)
            days = (stands.until - now.date()).days
            ending = TierEnding(**about, tier=int(stands.tier), days=days)
            directory.outbox.add(uow, ending, version=version)
        else:
            return False
        uow.commit()
    return True


def _warns(stands: domain.Standing, known: RowMapping, today: date) -> bool:
    return (
        stands.until is not None
        and stands.until <= today + WARNED
        and known["warned_of"] != stands.until
    )


def _standing(uow: UnitOfWork, service: RowMapping, today: date) -> domain.Standing:
    evidence = table("tier_evidence").c
    seen = select(evidence.kind, evidence.expires).where(evidence.service_id == service["id"])
    shown = [domain.Evidence(row.kind, row.expires) for row in uow.session.execute(seen)]
    return domain.standing(domain.Tier(service["tier"]), shown, today)


def _retell(uow: UnitOfWork, directory: Directory, service: RowMapping) -> None:
    """Whoever keeps a copy of the listing keeps its tier too."""
    source, key, now = table("service"), service["id"], directory.clock()
    raised = update(source).where(source.c.id == key).returning(source.c.version)
    version = uow.session.scalar(raised.values(version=source.c.version + 1, last_modified=now))
    assert version is not None
    told = listing.listings(uow.session, [key], now)[key]
    event = ServiceChanged(service=key, provider=service["organization_id"], listing=told)
    publishing.tell(uow, directory.outbox, [(event, version)])


# --- rows ------------------------------------------------------------------------------------


def _both(uow: UnitOfWork, key: UUID) -> tuple[RowMapping | None, RowMapping | None]:
    """A service and its assurance, the service locked first as everywhere."""
    service = service_row(uow, key)
    assurance = table("assurance")
    wanted = select(assurance).where(assurance.c.service_id == key)
    return service, uow.session.connection().execute(wanted).mappings().one_or_none()


def _keep(uow: UnitOfWork, key: UUID, **values: Any) -> None:
    assurance = table("assurance")
    kept = update(assurance).where(assurance.c.service_id == key)
    uow.session.connection().execute(kept.values(values))
