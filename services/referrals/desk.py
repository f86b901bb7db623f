"""What every use case works with, passed in once at composition."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from services.referrals.accesses import Accesses
from services.referrals.settings import ReferralsSettings
from services.referrals.subscriptions.telling import ToldStore
from shared.database import UnitOfWork
from shared.fhir.search.parameters import Types
from shared.fhir.store import FhirStore
from shared.messaging.outbox import Outbox
from shared.worker import Wake
from shared.working_days import WorkingDays


@dataclass(frozen=True)
class Desk:
    """The database, the outbox, the declared FHIR types and the clock."""

    engine: Engine
    outbox: Outbox
    types: Types
    settings: ReferralsSettings
    clock: Callable[[], datetime]
    changed: Wake = field(default_factory=Wake)
    """Set when a change that subscribers may hear of is durable."""
    posting: Wake = field(default_factory=Wake)
    """Set when a message to a practice is to be sent."""
    answering: Wake = field(default_factory=Wake)
    """Set when the sender of a message is to be told."""

    @cached_property
    def accesses(self) -> Accesses:
        """Where it is noted who saw what."""
        return Accesses(self.engine)

    @cached_property
    def reading(self) -> Engine:
        """The database for whoever only reads: each statement by itself.

        At READ COMMITTED every statement of a transaction sees what is committed by then, so that
        a transaction around a read gives nothing for its two round trips.
        """
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @cached_property
    def working_days(self) -> WorkingDays:
        """Those of the place."""
        return WorkingDays(ZoneInfo(self.settings.timezone))

    def work(self) -> UnitOfWork:
        """A new transaction."""
        return UnitOfWork(self.engine)

    def look(self) -> UnitOfWork:
        """For whoever only reads; see `reading`. Nothing is rolled back, so that the statements
        stay that psycopg has prepared: a rollback makes it forget them all."""
        return UnitOfWork(self.reading)

    def store(self, uow: UnitOfWork) -> FhirStore:
        """The FHIR documents, within a transaction; subscribers hear of what changes."""
        return ToldStore(
            uow,
            self.types,
            clock=self.clock,
            changed=self.changed,
            base_url=self.base_url,
            zone=self.settings.timezone,
        )

    @property
    def base_url(self) -> str:
        """The FHIR address that clients use."""
        return f"{self.settings.public_url}/fhir"
