"""A service goes off the list while somebody is asked for, or has, a place there: both sides hear.

Looked for rather than told by the directory's event, so that neither an event that comes twice or
late nor a request that is being made at that moment can be missed: a request is warned of once, for
as long as its service stays off the list.
"""

import structlog
from sqlalchemy import exists, update
from sqlmodel import Session, col, select

from services.referrals.casefile import CaseFile, NoSuchCase, refuse_unless, state_of, working_on
from services.referrals.desk import Desk
from services.referrals.domain import ENDINGS, Kind, Refused
from services.referrals.handlers.sharing import has_died, person_of_case
from services.referrals.tables import Case, CaseTask, ListedService
from shared.messaging.events import ReferralServiceWithdrawn
from shared.repeating import repeating

log = structlog.get_logger(__name__)

BATCH = 100


def warn(desk: Desk) -> int:
    """Warn of open requests to services that are off the list, and note those listed again.

    Returns:
        How many requests were warned of.
    """
    with desk.work() as uow:
        _forget_listed_again(uow.session)
        found = uow.session.exec(
            select(CaseTask.id)
            .join(ListedService, col(ListedService.id) == col(CaseTask.service))
            .join(Case, col(Case.id) == col(CaseTask.case))
            .where(
                ~col(ListedService.listed),
                CaseTask.kind == Kind.PROVIDER,
                col(CaseTask.status).not_in(ENDINGS),
                col(CaseTask.service_withdrawn).is_(None),
                col(Case.erased).is_(None),
            )
            .order_by(col(CaseTask.created), col(CaseTask.id))
            .limit(BATCH)
        ).all()
        uow.commit()
    warned = 0
    for task in found:
        try:
            _warn_of(desk, task)
            warned += 1
        except (Refused, NoSuchCase):
            log.info("request.not-to-be-warned-of", task=task)
    return warned


@repeating
def _warn_of(desk: Desk, task_id: str) -> None:
    """Warn of one request.

    Raises:
        Refused: it ended meanwhile, was warned of, its service is listed again, or the person
            has died.
    """
    with working_on(desk, None, task=task_id) as file:
        note_withdrawal(file, file.provider_task(task_id))


def note_withdrawal(file: CaseFile, task: CaseTask) -> None:
    """Note it on an open case, and have it told."""
    service = file.uow.session.get(ListedService, task.service)
    still = service is not None and not service.listed
    new = task.service_withdrawn is None and not state_of(task).ended
    needed = not has_died(person_of_case(file))
    refuse_unless(still and new and needed, "conflict", "There is nothing to warn of.", "task")
    task.service_withdrawn = file.now
    file.uow.session.add(task)
    file.announce(ReferralServiceWithdrawn(**file.about(task)))


def _forget_listed_again(session: Session) -> None:
    listed = exists().where(
        col(ListedService.id) == col(CaseTask.service), col(ListedService.listed)
    )
    again = update(CaseTask).where(col(CaseTask.service_withdrawn).is_not(None), listed)
    session.connection().execute(again.values(service_withdrawn=None))
