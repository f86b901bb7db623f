"""When a request to a provider is silent, and when it ends: the one place that counts it (care 4).

Working days from the asking, by the limits of the case's hub; they stand still on the provider's
closing days. Both moments are kept with the Task, so that lists, pages and the clock have the same,
and are worked out anew when the limits or the closing days change: for every request that is still
open, from when it was asked. Nothing ends sooner than a working day after such a change.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from services.referrals.desk import Desk
from services.referrals.domain import AWAITING_ANSWER, Kind
from services.referrals.limits import by_hub, limits_of
from services.referrals.tables import Case, CaseTask, ListedProvider, Worklist
from shared.closing_days import closed_days
from shared.limits import Clock, Limits, defaults
from shared.working_days import WorkingDays

NOTICE = 1
"""Working days that an open request has at least after a change."""

BATCH = 500

_WAITS = (
    CaseTask.kind == Kind.PROVIDER,
    CaseTask.status == AWAITING_ANSWER.status,
    CaseTask.business == AWAITING_ANSWER.business,
)


def of_new(
    session: Session, desk: Desk, case: Case, provider: UUID, asked: datetime
) -> tuple[datetime, datetime]:
    """When a request that is made now is silent, and when it ends.

    Args:
        session: the caller's.
        desk: says where the place is.
        case: whose.
        provider: whom it asks.
        asked: when.
    """
    listed = session.get(ListedProvider, provider)
    working = desk.working_days.without(closed_days(listed.listing if listed else {}))
    return _moments(working, limits_of(session, case.hub).of(case.priority), asked)


def plan_anew(session: Session, desk: Desk, which: ColumnElement[bool]) -> int:
    """Work both moments out anew for open requests, after something that they depend on changed.

    The cases are locked in their order, as whoever writes to them does; the caller commits.

    Args:
        session: the caller's.
        desk: says where the place is, and the time.
        which: of the requests; may look at the case.

    Returns:
        How many there were.
    """
    touched = select(CaseTask.case).join(Case, col(Case.id) == col(CaseTask.case))
    cases = touched.where(*_WAITS, which)
    session.exec(
        select(Case.id).where(col(Case.id).in_(cases)).order_by(col(Case.key)).with_for_update()
    ).all()
    return _write(session, desk, which, notice=True)


def fill(desk: Desk) -> int:
    """Work them out for requests that have none, which were made before they were kept."""
    with desk.work() as uow:
        done = _write(uow.session, desk, col(CaseTask.closes).is_(None), notice=False)
        uow.commit()
    return done


def _write(session: Session, desk: Desk, which: ColumnElement[bool], *, notice: bool) -> int:
    rows = session.exec(
        select(CaseTask, Case.hub, Case.priority)
        .join(Case, col(Case.id) == col(CaseTask.case))
        .where(*_WAITS, which)
        .order_by(col(CaseTask.id))
        .limit(BATCH if not notice else None)
    ).all()
    if not rows:
        return 0
    limits, working = (
        by_hub(session),
        _of_providers(session, desk, {task.owner for task, *_ in rows}),
    )
    usual, now = defaults(), desk.clock()
    planned = []
    for task, hub, priority in rows:
        days = working[task.owner]
        silent, closes = _moments(days, _clock(limits, usual, hub, priority), task.created)
        if notice:
            closes = max(closes, days.after(now, NOTICE)) if closes <= now else closes
        planned.append({"id": task.id, "silent_from": silent, "closes": closes})
    session.execute(update(CaseTask), planned)
    _list(session, {task.case for task, *_ in rows})
    return len(planned)


def _list(session: Session, cases: Iterable[UUID]) -> None:
    """Have the rows of lists say the same: of each case what comes first."""
    first = (
        select(
            CaseTask.case,
            func.min(CaseTask.silent_from).label("silent_from"),
            func.min(CaseTask.closes).label("closes"),
        )
        .where(*_WAITS, col(CaseTask.case).in_(cases))
        .group_by(col(CaseTask.case))
        .subquery()
    )
    session.execute(
        update(Worklist)
        .where(col(Worklist.case) == first.c.case)
        .values(silent_from=first.c.silent_from, closes=first.c.closes)
        .execution_options(synchronize_session=False)
    )


def _clock(limits: Mapping[str, Limits], usual: Limits, hub: str, priority: str) -> Clock:
    return limits.get(hub, usual).of(priority)


def _moments(working: WorkingDays, clock: Clock, asked: datetime) -> tuple[datetime, datetime]:
    return working.after(asked, clock.nudge), working.after(asked, clock.close)


def _of_providers(
    session: Session, desk: Desk, owners: Iterable[UUID | None]
) -> dict[UUID | None, WorkingDays]:
    usual = desk.working_days
    found: dict[UUID | None, WorkingDays] = dict.fromkeys(owners, usual)
    listed = select(ListedProvider).where(col(ListedProvider.id).in_([*filter(None, found)]))
    for each in session.exec(listed):
        found[each.id] = usual.without(closed_days(each.listing))
    return found
