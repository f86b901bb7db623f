"""The requests to one provider as a list: what is new, what goes on, what ended.

Whoever came by themselves waits for no answer, and is new all the same until they have begun: they
are where staff look first, and among those who were said yes to.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, tuple_
from sqlmodel import Session, col, select

from services.referrals.domain import ENDINGS, Kind, Refused
from services.referrals.front_door import WALK_IN
from services.referrals.request_views import request_views
from services.referrals.resources import instant
from services.referrals.tables import Case, CaseTask, RequestMessage
from services.referrals.talk import last_words, last_written
from services.referrals.views import View

FOLDERS: Mapping[str, tuple[str, ...]] = {
    "asked": ("requested", "received"),
    "going": ("accepted", "in-progress", "on-hold"),
    "ended": tuple(sorted(ENDINGS)),
}
"""A Task's statuses by where its request lies; beside them lies `NEW` in `asked`."""

NEW = "selected"
"""The business status of whoever came by themselves and has not begun."""

NOTHING_AFTER = "There is no such request in this folder now. Begin again, without `after`."


def requests_to(
    session: Session,
    provider: UUID,
    *,
    folder: str,
    after: str | None,
    count: int,
    now: datetime,
) -> list[View]:
    """One page of a provider's requests, without anyone's name, the longest waiting first.

    Args:
        session: the caller's.
        provider: whose.
        folder: one of `FOLDERS`.
        after: the last request of the page before.
        count: at most so many.
        now: the moment, against which capacity and agreements expire.

    Raises:
        Refused: `after` is no request in this folder, which a first page again would hide.
    """
    erased = select(Case.id).where(col(Case.id) == CaseTask.case, col(Case.erased).is_not(None))
    lies: ColumnElement[bool] = col(CaseTask.status).in_(FOLDERS[folder])
    if folder == "asked":
        walked_in = select(Case.id).where(col(Case.id) == CaseTask.case, Case.source == WALK_IN)
        lies = lies | and_(col(CaseTask.business) == NEW, walked_in.exists())
    mine = (CaseTask.kind == Kind.PROVIDER, CaseTask.owner == provider, lies, ~erased.exists())
    place = tuple_(col(CaseTask.created), col(CaseTask.id))
    asked = select(CaseTask).where(*mine)
    if after is not None:
        last = session.exec(select(CaseTask).where(*mine, CaseTask.id == after)).one_or_none()
        if last is None:
            raise Refused("business-rule", NOTHING_AFTER, "after")
        asked = asked.where(place > tuple_(last.created, last.id))
    page = asked.order_by(col(CaseTask.created), col(CaseTask.id)).limit(count)
    tasks = session.exec(page).all()
    about = last_written(col(RequestMessage.task).in_([task.id for task in tasks]))
    words = last_words(session.connection().execute(about).mappings())
    views = request_views(session, [task.id for task in tasks], now)
    return [
        view
        | {"asked": instant(task.created), "updated": instant(task.updated)}
        | {"last_words": words.get(task.id)}
        for task, view in zip(tasks, views, strict=True)
    ]
