"""Evidence for the tier (care 25), noted as it is shown; the tier follows what was shown."""

from datetime import date
from uuid import UUID

from services.providers import domain, hsds, hubs, publishing
from services.providers.handlers import Directory, service_row
from services.providers.life import versions
from services.providers.life.states import Writing
from services.providers.life.unsaid import standing_or_waiting
from services.providers.life.writing import in_words, keep_as_draft, publish_service
from services.providers.nested import Json
from services.providers.onboarding.domain import Did, Paper, State, carries
from services.providers.onboarding.gathering import services_of
from services.providers.onboarding.reading import whole
from services.providers.onboarding.records import did, held
from services.providers.onboarding.shapes import PapersSaid, fault_of
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

WHY = "What was shown for its tier"


def show(directory: Directory, principal: Principal, key: UUID, said: PapersSaid) -> Json:
    """Note what was shown. It is written into the listing, which is where it counts: into what
    waits, where something does, else into what is public.

    The listing names the highest tier, up to the one wished for, whose evidence is all there; one
    that it has already is not lowered while its evidence stays.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub.
        key: of the onboarding.
        said: all evidence that was shown.

    Raises:
        Problem: 404; 409 where it does not go on, or no service is written down yet; 422 that names
            the paper whose days cannot be.
    """
    now = directory.clock()
    _check(said, now.date())
    with UnitOfWork(directory.engine) as uow, in_words():
        row = held(uow, principal, key, State.GOING_ON)
        service = services_of(uow, [row]).get(row["provider"])
        if service is None:
            words = "Write its first service down before what was shown for it."
            raise Problem(409, "There is no listing yet", words, element="id")
        publishing.hold_organizations(uow, {row["provider"]})
        hubs.must_keep(uow, principal, row["provider"])
        known = service_row(uow, service)
        base = standing_or_waiting(uow, service)
        if base is None:
            words = "The listing was taken off. Write it anew first."
            raise Problem(409, "There is no listing", words, element="id")
        before = {each.kind: each for each in base.kersey.evidence}
        papers: dict[str, Paper] = {
            each.kind: Paper(each.seen, each.expires) for each in said.evidence
        }
        wished = max(domain.Tier(row["tier"]), base.kersey.tier)
        own = {"tier": carries(papers, wished), "evidence": said.evidence}
        kersey = base.kersey.model_copy(update=own)
        model = base.model_copy(update={"kersey": kersey})
        writing = Writing(principal.subject, WHY)
        stands = known is not None and known["withdrawn"] is None
        if stands and versions.unpublished(uow, service) is None:
            publish_service(directory, uow, service, model, writing)
        else:
            publish_service(directory, uow, service, model, writing, rehearsed=True)
            owner = (row["provider"], row["hub"])
            keep_as_draft(uow, "service", service, model, owner, now, writing)
        for each in said.evidence:
            if before.get(each.kind) != each:
                did(uow, principal, key, Did.EVIDENCE, now, about=each.kind, words=_days(each))
        shown = whole(uow, principal, key, now)
        uow.commit()
    return shown


def _check(said: PapersSaid, today: date) -> None:
    for number, each in enumerate(said.evidence):
        fault = fault_of(each, today)
        if fault:
            element = f"evidence.{number}.{'seen' if each.seen > today else 'expires'}"
            raise Problem(422, "The days cannot be", fault, element=element)


def _days(paper: hsds.EvidenceSeen) -> str:
    until = f", until {paper.expires.isoformat()}" if paper.expires else ""
    return f"Seen {paper.seen.isoformat()}{until}."
