"""What stored resources are found by, made anew after a new version declared more."""

from collections.abc import Callable

from sqlalchemy import Engine

from services.referrals.served import SERVED
from services.referrals.settings import ReferralsSettings
from shared.database import UnitOfWork
from shared.fhir.store import FhirStore

BATCH = 1000


def reindex(
    settings: ReferralsSettings, engine: Engine, after: int, tell: Callable[[int, int], None]
) -> int:
    """Index all documents behind a key again, each in a transaction of its own.

    Writes and searches go on meanwhile: a document is locked for its own moment alone.

    Parameters:
        settings: the service's.
        engine: on its database.
        after: the key behind which to begin; 0 for all.
        tell: hears after each thousand how many were done, and the last key.

    Returns:
        How many were done.
    """
    done = 0
    while True:
        with UnitOfWork(engine) as uow:
            found = _store(settings, uow).to_index(after, BATCH)
        for pk in found:
            with UnitOfWork(engine) as uow:
                _store(settings, uow).reindex(pk)
                uow.commit()
        if not found:
            return done
        done, after = done + len(found), found[-1]
        tell(done, after)


def _store(settings: ReferralsSettings, uow: UnitOfWork) -> FhirStore:
    base_url = f"{settings.public_url}/fhir"
    return FhirStore(uow.session, SERVED, base_url=base_url, zone=settings.timezone)
