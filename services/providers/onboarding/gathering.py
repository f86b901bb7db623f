"""What the directory knows of providers that are brought in, read for a whole page at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.providers import domain
from services.providers.hsds import EvidenceSeen
from services.providers.life.kept import UNSEEN, written_for
from services.providers.life.states import State as VersionState
from services.providers.onboarding.domain import Did, Known, Paper, Said, Step
from services.providers.rows import table
from shared.database import UnitOfWork

_VERSION = table("listing_version")


def services_of(uow: UnitOfWork, rows: Sequence[RowMapping]) -> dict[UUID, UUID]:
    """By provider the service that is brought in: the one that was named, or else the one that was
    written down first, public or not.
    """
    named = {row["provider"]: row["service"] for row in rows if row["service"] is not None}
    others = {row["provider"] for row in rows} - named.keys()
    if not others:
        return named
    written = written_for(others)
    first = select(func.min(_VERSION.c.written)).where(_VERSION.c.subject == written.c.id)
    wanted = (
        select(written.c.organization_id, written.c.id)
        .ext(distinct_on(written.c.organization_id))
        .order_by(
            written.c.organization_id, first.scalar_subquery().asc().nulls_first(), written.c.id
        )
    )
    run = uow.session.connection().execute
    return named | {row[0]: row[1] for row in run(wanted)}


def known_of(
    uow: UnitOfWork, rows: Sequence[RowMapping], services: Mapping[UUID, UUID], today: date
) -> dict[UUID, Known]:
    """What is known of each, by the id of the onboarding.

    Args:
        uow: where to read.
        rows: onboardings.
        services: by provider the service that is brought in.
        today: the present day.
    """
    providers, brought = [row["provider"] for row in rows], set(services.values())
    written = _first_written(uow, {*providers, *brought})
    listed = _listed(uow, providers)
    public, shown = _public(uow, brought), _shown(uow, brought)
    waiting = _waiting(uow, brought)
    closed, acts = _closed(uow, providers), _acts(uow, [row["id"] for row in rows])
    known: dict[UUID, Known] = {}
    for row in rows:
        provider, done = row["provider"], acts.get(row["id"], {})
        service = services.get(provider, NOWHERE)
        stands = public.get(service)
        known[row["id"]] = Known(
            tier=domain.Tier(row["tier"]),
            organisation=written.get(provider, listed[provider]) if provider in listed else None,
            listing=written.get(service) or (stands.said if stands else None),
            papers=waiting.get(service, shown.get(service, {})),
            shown={about: said for (what, about), said in done.items() if what == Did.EVIDENCE},
            closing_days=closed.get(provider),
            without={
                Step(about): said for (what, about), said in done.items() if what == Did.WITHOUT
            },
            published=stands.said if stands else None,
            carried=_carried(stands, shown.get(service, {}), today) if stands else None,
        )
    return known


NOWHERE = UUID(int=0)
"""The id of no service."""


@dataclass(frozen=True)
class _Public:
    tier: domain.Tier
    said: Said


def _carried(stands: _Public, papers: Mapping[str, Paper], today: date) -> domain.Tier:
    shown = [domain.Evidence(kind, each.expires) for kind, each in papers.items()]
    return domain.standing(stands.tier, shown, today).tier


def _first_written(uow: UnitOfWork, subjects: Collection[UUID]) -> dict[UUID, Said]:
    version = _VERSION.c
    wanted = (
        select(version.subject, version.written, version.written_by)
        .ext(distinct_on(version.subject))
        .where(version.subject.in_(subjects))
        .order_by(version.subject, version.number)
    )
    run = uow.session.connection().execute
    return {row[0]: Said(row[1], row[2]) for row in run(wanted)}


def _listed(uow: UnitOfWork, providers: Collection[UUID]) -> dict[UUID, Said]:
    """Those that are listed; what was listed before versions were kept has no writer."""
    organization = table("organization").c
    wanted = select(organization.id, organization.last_modified)
    run = uow.session.connection().execute
    return {row[0]: Said(row[1], "") for row in run(wanted.where(organization.id.in_(providers)))}


def _public(uow: UnitOfWork, services: Collection[UUID]) -> dict[UUID, _Public]:
    service, version = table("service"), _VERSION.c
    wanted = (
        select(
            service.c.id,
            service.c.tier,
            func.coalesce(version.published, service.c.last_modified),
            func.coalesce(version.decided_by, version.written_by, ""),
        )
        .outerjoin(
            _VERSION,
            and_(version.subject == service.c.id, version.state == VersionState.PUBLISHED),
        )
        .where(service.c.id.in_(services), service.c.withdrawn.is_(None))
    )
    run = uow.session.connection().execute
    return {row[0]: _Public(domain.Tier(row[1]), Said(row[2], row[3])) for row in run(wanted)}


def _shown(uow: UnitOfWork, services: Collection[UUID]) -> dict[UUID, dict[str, Paper]]:
    """The evidence of public listings."""
    seen = table("tier_evidence").c
    wanted = select(seen.service_id, seen.kind, seen.seen, seen.expires)
    found: dict[UUID, dict[str, Paper]] = {}
    for row in uow.session.connection().execute(wanted.where(seen.service_id.in_(services))):
        _keep(found.setdefault(row.service_id, {}), row.kind, Paper(row.seen, row.expires))
    return found


def _waiting(uow: UnitOfWork, services: Collection[UUID]) -> dict[UUID, dict[str, Paper]]:
    """The evidence of what waits: it becomes what is public."""
    version = _VERSION.c
    wanted = select(version.subject, version.listing["kersey"]["evidence"]).where(
        version.subject.in_(services), version.state.in_(UNSEEN)
    )
    found: dict[UUID, dict[str, Paper]] = {}
    for subject, evidence in uow.session.connection().execute(wanted):
        papers = found.setdefault(subject, {})
        for each in evidence or ():
            said = EvidenceSeen.model_validate(each)
            _keep(papers, said.kind, Paper(said.seen, said.expires))
    return found


def _keep(papers: dict[str, Paper], kind: str, paper: Paper) -> None:
    """Of two of one kind the one counts that lasts longer."""
    known = papers.get(kind)
    if known is None or (known.expires or date.max) < (paper.expires or date.max):
        papers[kind] = paper


def _closed(uow: UnitOfWork, providers: Collection[UUID]) -> dict[UUID, Said]:
    closing = table("closing").c
    wanted = (
        select(closing.organization_id, closing.said, closing.said_by)
        .ext(distinct_on(closing.organization_id))
        .where(closing.organization_id.in_(providers))
        .order_by(closing.organization_id, closing.said.desc())
    )
    run = uow.session.connection().execute
    return {row[0]: Said(row[1], row[2]) for row in run(wanted)}


def _acts(uow: UnitOfWork, keys: Collection[UUID]) -> dict[UUID, dict[tuple[Did, str], Said]]:
    """The last act of each kind about each step or paper."""
    act = table("onboarding_act").c
    wanted = (
        select(act.onboarding, act.what, act.about, act.at, act.by, act.words)
        .where(act.onboarding.in_(keys), act.about.is_not(None))
        .order_by(act.position)
    )
    found: dict[UUID, dict[tuple[Did, str], Said]] = {}
    for row in uow.session.connection().execute(wanted):
        acts = found.setdefault(row.onboarding, {})
        acts[Did(row.what), row.about] = Said(row.at, row.by, row.words)
    return found
