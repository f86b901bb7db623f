"""In which role somebody stands before a case; who has none does not learn that it exists."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from services.referrals.casefile import (
    CaseFile,
    NoSuchCase,
    refuse_unless,
    state_of,
    working_on,
)
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Kind
from services.referrals.scopes import ANSWERS
from services.referrals.tables import CaseTask, PlaceHub
from shared.auth import Principal


def standing(file: CaseFile, principal: Principal, task: CaseTask) -> Actor:
    """The role in which `principal` may move `task`.

    Raises:
        NoSuchCase: it has no part in this case, or not in this Task.
    """
    case = file.case
    asks = principal.organisation
    if "link-worker" in principal.roles and asks == str(case.team):
        return Actor.LINK_WORKER
    if task.kind == Kind.PROVIDER:
        if "provider" in principal.roles and asks == str(task.owner):
            return Actor.PROVIDER
        if "service" in principal.roles and ANSWERS in principal.scopes:
            return Actor.PROVIDER
    if asks == str(case.organisation):
        return Actor.SENDER
    if "coordinator" in principal.roles and not file.apart and asks == str(_hub(file).organisation):
        return Actor.COORDINATOR
    raise NoSuchCase


def _hub(file: CaseFile) -> PlaceHub:
    return file.uow.session.get_one(PlaceHub, file.case.hub)


@contextmanager
def by_link_worker(desk: Desk, principal: Principal, case: UUID) -> Iterator[CaseFile]:
    """One transaction on an open case by a link worker of its team.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: somebody else asks, or the case has ended: nothing is noted of it any more.
    """
    with working_on(desk, principal, case=case) as file:
        actor = standing(file, principal, file.triage)
        refuse_unless(
            actor is Actor.LINK_WORKER, "forbidden", "Only the link worker records this.", "case"
        )
        refuse_unless(not state_of(file.triage).ended, "conflict", "This case has ended.", "case")
        yield file
