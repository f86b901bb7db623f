"""Whether a database's error will pass: the server is away, or it is what was asked of it."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_WITHOUT_CONNECTION = frozenset(["OperationalError", "InterfaceError"])
_AWAY = frozenset(["08", "40", "53", "55", "57", "58"])
_READ_ONLY = "25006"


def sqlstate(error: BaseException) -> str | None:
    """The five characters by which the database says what went wrong, if it did."""
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def is_away(error: BaseException) -> bool:
    """Whether the database is away or busy, so that the same may succeed in a moment.

    It answers by SQLSTATE class: 08 connection, 40 rolled back for another, 53 out of resources,
    55 not now, 57 operator, 58 system; and 25006, read-only (a replica or a fail-over). Everything
    else stays wrong however often it is tried, also where the driver calls it operational: 54000,
    what was to be stored is too large, is one of those.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout)
    state = sqlstate(error)
    if state is None:
        return error.connection_invalidated or type(error).__name__ in _WITHOUT_CONNECTION
    return state[:2] in _AWAY or state == _READ_ONLY
