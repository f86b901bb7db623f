"""Statements that are written once for each kind of question, and then only sent.

Put together by SQLAlchemy at each question, a statement took longer than the database took to
answer many a one. What is the same for all questions of a kind (weights, words such as `taking`)
stands in the text: two hundred values less to send, and worked out once by the planner.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from psycopg import sql
from sqlalchemy import CursorResult, Select
from sqlalchemy.util import LRUCache
from sqlmodel import Session

KEPT = 500
"""Kinds that are kept, those that were asked last."""

_NAME = re.compile(r"%\((\w+)\)s")
_written: LRUCache[Hashable, str] = LRUCache(KEPT)


def ask(
    session: Session, kind: Hashable, given: Mapping[str, Any], write: Callable[[], Select[Any]]
) -> CursorResult[Any]:
    """Ask a question.

    Args:
        session: where.
        kind: what the text depends on.
        given: the values by their names in the statement.
        write: makes the statement, with a name in place of each value.
    """
    connection = session.connection()
    text = _written.get(kind)
    if text is None:
        compiled = write().compile(connection, compile_kwargs={"render_postcompile": True})
        constant = {
            name: _constant(value) for name, value in compiled.params.items() if name not in given
        }
        text = _NAME.sub(lambda found: constant.get(found[1], found[0]), compiled.string)
        _written[kind] = text
    return connection.exec_driver_sql(text, dict(given))


def _constant(value: Any) -> str:
    """A value as it stands in a statement's text. A figure with a point would be a `numeric` there,
    to be made a `float8` of for each row.
    """
    text = sql.Literal(value).as_string()
    return f"'{text}'::float8" if isinstance(value, float) else text
