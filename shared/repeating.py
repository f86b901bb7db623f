"""A use case that lost to another one, a deadlock or a failed serialization, is made again.

Nothing of it was committed, and its client must not hear of what the database settles by itself.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

#: SQLSTATEs after which the same transaction may well succeed: serialization failure, deadlock.
_AGAIN = frozenset({"40001", "40P01"})

_P = ParamSpec("_P")
_T = TypeVar("_T")


def worth_repeating(error: BaseException) -> bool:
    """Whether a transaction that failed so may be tried again as it is."""
    cause = getattr(error, "orig", None)
    return isinstance(error, OperationalError) and getattr(cause, "sqlstate", None) in _AGAIN


_several_times = retry(
    retry=retry_if_exception(worth_repeating),
    wait=wait_random_exponential(multiplier=0.02, max=0.5),
    stop=stop_after_attempt(5),
    reraise=True,
)


def repeating(transaction: Callable[_P, _T]) -> Callable[_P, _T]:
    """Decorate a function that is one transaction from its beginning to its end.

    Nearly all succeed the first time, and counting attempts is a twentieth of a create: it begins
    with the second.
    """
    again = _several_times(transaction)

    @wraps(transaction)
    def first(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return transaction(*args, **kwargs)
        except OperationalError as error:
            if not worth_repeating(error):
                raise
        return again(*args, **kwargs)

    return first
