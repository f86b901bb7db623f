"""Somebody comes to a provider by themselves: a case with its source, on the provider's own lists.

They were never asked about by anybody, so that they begin where an accepted request would be. What
is shared is what they said to the provider; a link worker hears of it only where they agree, and
nobody else does before (care 7, 12, 22).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from services.referrals.casefile import CaseFile, NoSuchCase, refuse_unless, state_of
from services.referrals.desk import Desk
from services.referrals.domain import SELECTED, Actor, Kind, Refused
from services.referrals.front_door import SENDER, Handed
from services.referrals.handlers.front_door import handed_in_before, take_in, way_of
from services.referrals.handlers.onward import SIGNPOST_ONLY, Ask, add_request
from services.referrals.handlers.opening import announce_arrival
from services.referrals.handlers.routing import Route
from services.referrals.handlers.sharing import IDENTIFIED, share_identity
from services.referrals.handlers.stopping import announce_standing
from services.referrals.register import View
from services.referrals.standing import standing
from services.referrals.tables import (
    CaseTask,
    FrontDoorEntry,
    ListedService,
    PlaceHub,
)
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import ReferralAccepted
from shared.repeating import repeating

CONTACTS = {"phone": "phone", "email": "email", "post": "address"}
"""What a provider is shown of a way to the person, by its channel; a text goes to the phone."""


@dataclass(frozen=True)
class Recorded:
    """Where somebody stands now.

    Attributes:
        task: the provider's Task, as of any request to it.
        repeated: it was there already.
    """

    task: str
    repeated: bool


def choices(desk: Desk, principal: Principal) -> View:
    """The services to which somebody may come, and the hubs, each by name."""
    with desk.look() as uow:
        services = uow.session.exec(
            select(ListedService)
            .where(
                ListedService.provider == UUID(principal.organisation),
                col(ListedService.listed),
                ListedService.tier > SIGNPOST_ONLY,
            )
            .order_by(ListedService.name, col(ListedService.id))
        ).all()
        hubs = uow.session.exec(select(PlaceHub).order_by(PlaceHub.name)).all()
        return {
            "services": [{"id": str(each.id), "name": each.name} for each in services],
            "hubs": [{"code": each.code, "name": each.name} for each in hubs],
        }


@repeating
def record(
    desk: Desk, principal: Principal, service: UUID, handed: Handed, *, tell_team: bool
) -> Recorded:
    """Record somebody who came by themselves.

    Args:
        desk: what every use case works with.
        principal: the provider's account.
        service: to which of its services they came.
        handed: what they said; it holds no more than the provider needs.
        tell_team: whether they agreed that a link worker hears of it.

    Raises:
        OtherContent: the key was used for other content.
        Refused: no service of this provider, or one that may hold nobody's name (care 25); no such
            hub.
    """
    with desk.work() as uow:
        listed = _own(uow, principal, service)
        before = handed_in_before(desk, uow, principal, handed)
        if before is not None:
            return Recorded(_task_of(uow, before), repeated=True)
        entry = take_in(desk, uow, principal, handed, sender=SENDER, apart=not tell_team)
        file = CaseFile.open(desk, uow, entry.case, principal)
        task = _come(file, handed, listed)
        _tell_of_places(file)
        file.finish()
        file = CaseFile.open(desk, uow, entry.case, principal)
        share_identity(file, file.provider_task(task))
        file.finish()
        uow.commit()
        return Recorded(task, repeated=False)


@repeating
def tell_team(desk: Desk, principal: Principal, task_id: str) -> None:
    """Somebody who came by themselves agrees now that a link worker hears of it.

    Raises:
        NoSuchCase: not a Task of this provider.
        Refused: a link worker has heard of it, or it has ended.
    """
    with desk.work() as uow:
        file = CaseFile.of_task(desk, uow, task_id, principal)
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        refuse_unless(
            actor is Actor.PROVIDER, "forbidden", "Only the provider records this.", "task"
        )
        entry = uow.session.get(FrontDoorEntry, file.case.id)
        refuse_unless(
            file.apart and entry is not None,
            "conflict",
            "A link worker has heard of this person already.",
            "task",
        )
        tell(file, actor, way_of(uow.session, file.case.hub))
        announce_standing(file, None)
        _tell_of_places(file)
        file.audit("team-told", f"Task/{task.id}")
        file.finish()
        uow.commit()


def tell(file: CaseFile, actor: Actor, way: Route) -> None:
    """Have a team, or the hub that must find one, hear of an open case.

    Args:
        file: the case, which stayed with its provider so far.
        actor: who may say so.
        way: where it goes.
    """
    file.case.team = way.team
    file.step(file.triage, "tell-team" if way.team else "tell-hub", actor)
    file.triage.owner = way.team or way.hub_organisation
    file.change_audience()
    announce_arrival(file, way, file.triage)


def _tell_of_places(file: CaseFile) -> None:
    """Have the directory count the places that are held: they are taken, as by any other yes. Of
    a case that stays with its provider it hears nothing, as nobody does."""
    for task in file.provider_tasks():
        if task.business in IDENTIFIED and not state_of(task).ended:
            file.announce(ReferralAccepted(**file.about(task)))


def _own(uow: UnitOfWork, principal: Principal, service: UUID) -> ListedService:
    listed = uow.session.get(ListedService, service)
    if listed is None or str(listed.provider) != principal.organisation:
        raise Refused("business-rule", "This is no service of yours.", "service")
    refuse_unless(listed.listed, "conflict", "This service is off the list.", "service")
    refuse_unless(
        listed.tier > SIGNPOST_ONLY,
        "business-rule",
        "This service is listed for signposting, and keeps nobody's name here. Ask your hub.",
        "service",
    )
    return listed


def _task_of(uow: UnitOfWork, entry: FrontDoorEntry) -> str:
    of_case = select(CaseTask.id).where(CaseTask.case == entry.case, CaseTask.kind == Kind.PROVIDER)
    found = uow.session.exec(of_case.order_by(col(CaseTask.created)).limit(1)).first()
    if found is None:
        raise NoSuchCase
    return found


def _come(file: CaseFile, handed: Handed, service: ListedService) -> str:
    """The provider's Task, as of a request that it has accepted, on an open case."""
    wanted = Ask(
        service=service.id,
        needs=[dict(each) for each in handed.needs],
        text=handed.words,
        access_needs=[each.get("detail") or each["code"] for each in handed.access_needs],
        share=_shared(handed),
        how=handed.agreed_how,
    )
    return add_request(file, wanted, service, SELECTED, show_place=True).id


def _shared(handed: Handed) -> dict[str, str]:
    """What they told the provider and may be used, item by item (care 12)."""
    name = " ".join(part for part in (handed.given, handed.family) if part)
    ways = {
        CONTACTS[each.channel]: each.value
        for each in handed.contacts
        if each.channel in CONTACTS and each.safe == "yes"
    }
    return {"name": name} | ways
