"""Grants as the `kersey` command takes them."""

from collections.abc import Iterable

from deploy.refusal import Refusal
from services.identity import grants


class NoSuchGrant(Refusal):
    """A scope or role that means nothing here; the message lists those there are."""


def check(scopes: Iterable[str], roles: Iterable[str]) -> None:
    """Refuse what means nothing.

    Raises:
        NoSuchGrant: naming the first that is not known.
    """
    try:
        grants.check(scopes, roles)
    except grants.NoSuchGrant as error:
        raise NoSuchGrant(str(error)) from error
