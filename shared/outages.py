"""Whether a database's error will pass: the server is away, or it is what was asked of it."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_WITHOUT_CONNECTION = frozenset(["OperationalError", "InterfaceError"])
_AWAY = frozenset(["08", "40", "53", "55", "57", "58"])
_READ_ONLY = "25006"
_GIVEN_UP = "57014"
_BEYOND = "54000"


def sqlstate(error: BaseException) -> str | None:
    """The five characters by which the database says what went wrong, if it did."""
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


_WORDS = {
    "25006": "it only reads: a replica, or a fail-over is under way",
    "28P01": "it refuses the password of KERSEY_DATABASE_URL",
    "3D000": "there is no such database: run `kersey databases create`",
    "42501": "the rights are missing: run `kersey databases create`",
    "42703": "it is on an older schema: run `kersey migrate`",
    "42P01": "it is on an older schema: run `kersey migrate`",
    "53100": "its disk is full",
    "53300": "it has no connection left",
    "57014": "a statement took longer than KERSEY_STATEMENT_SECONDS",
    "57P01": "it is shutting down",
    "57P03": "it is starting up or shutting down",
}
"""What an operator can do something about: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def in_words(error: BaseException) -> str | None:
    """What is wrong with the database, for its operator; None if the error is none of a database.

    Never the error's own text: it may quote an address or what somebody sent.
    """
    if isinstance(error, PoolTimeout):
        return "the database: all of this process's connections are in use (KERSEY_POOL_SIZE)"
    if not isinstance(error, DBAPIError):
        return None
    state = sqlstate(error)
    known = _WORDS.get(state or "", "it cannot be reached" if is_away(error) else "it refuses")
    return f"the database: {known} ({state or type(error).__name__})"


def took_too_long(error: BaseException) -> bool:
    """Whether the database gave up a statement that took longer than it may; see `is_away` too."""
    return sqlstate(error) == _GIVEN_UP


def is_beyond(error: BaseException) -> bool:
    """Whether what was to be stored is more than the database holds in one place, such as the words
    of a text beyond 1 MB; its driver calls that an outage."""
    return isinstance(error, DBAPIError) and sqlstate(error) == _BEYOND


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
