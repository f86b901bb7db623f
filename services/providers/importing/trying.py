"""Publishing a batch whose listings may not all fit: those that do are published."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from services.providers import publishing
from shared.database import UnitOfWork
from shared.outages import is_beyond

Publish = Callable[[Mapping[UUID, Any]], set[UUID]]


def tried(
    uow: UnitOfWork, models: Mapping[UUID, Any], publish: Publish
) -> tuple[set[UUID], dict[UUID, tuple[str, str]]]:
    """Publish all, or, where one does not fit, each half of them, until it stands alone.

    Args:
        uow: the caller's transaction; what does not fit leaves no trace in it.
        models: listings by id.
        publish: publishes several, and tells which were new or had changed.

    Returns:
        The ids of those that were new or had changed, and of those refused the element and why.
    """
    if not models:
        return set(), {}
    try:
        with uow.session.begin_nested():
            return publish(models), {}
    except (publishing.Misfit, IntegrityError, DataError, OperationalError) as error:
        if isinstance(error, OperationalError) and not is_beyond(error):
            raise
        if len(models) == 1:
            return set(), dict.fromkeys(models, _in_words(error))
    keys = list(models)
    half = len(keys) // 2
    changed: set[UUID] = set()
    refused: dict[UUID, tuple[str, str]] = {}
    for part in (keys[:half], keys[half:]):
        more, faults = tried(uow, {key: models[key] for key in part}, publish)
        changed |= more
        refused |= faults
    return changed, refused


def _in_words(error: Exception) -> tuple[str, str]:
    if isinstance(error, publishing.Misfit):
        return error.element, error.words
    if isinstance(error, IntegrityError):
        return "id", "An id in it belongs to something else in the directory."
    return "", "A value in it is beyond what can be stored."
