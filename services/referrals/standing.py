"""In which role somebody stands before a case; who has none does not learn that it exists."""

from services.referrals.casefile import CaseFile, NoSuchCase
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
    if "coordinator" in principal.roles and asks == str(_hub(file).organisation):
        return Actor.COORDINATOR
    raise NoSuchCase


def _hub(file: CaseFile) -> PlaceHub:
    return file.uow.session.get_one(PlaceHub, file.case.hub)
