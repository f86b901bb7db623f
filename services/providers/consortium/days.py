"""What stands on a day, in SQL."""

from datetime import date

from sqlalchemy import ColumnElement, FromClause, and_, or_


def stands(source: FromClause, day: date) -> ColumnElement[bool]:
    """Whether what has `since` and `until` stands on a day; without one there is no such limit.

    Args:
        source: the table; its last day counts.
        day: the day.
    """
    since, until = source.c.since, source.c.until
    return and_(or_(since.is_(None), since <= day), or_(until.is_(None), until >= day))
