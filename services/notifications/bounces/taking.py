"""What follows from a report about a mail: the delivery did not arrive, the address is not used.

Who sent a report is not known. It counts only if it names a mail that was sent lately, by an id
that only its readers have seen, and once. What it does a hub undoes by verifying the address.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import Engine, Row, func, null, select, update

from services.notifications.bounces.reading import Report, Said, read
from services.notifications.channels.email import EMAIL
from services.notifications.digests.ending import Digests, lock_cases
from services.notifications.handlers.telling import Teller, locked
from services.notifications.listings.telling import ListingTeller
from services.notifications.person.team import TeamHears
from services.notifications.reach.addresses import Addresses
from services.notifications.tables import (
    announcement_deliveries,
    contact_deliveries,
    deliveries,
    delivery,
    digest_deliveries,
    listing_deliveries,
    person_deliveries,
)
from shared.database import UnitOfWork
from shared.delivery import DeliveryTables, State

TABLES: Sequence[DeliveryTables] = (
    deliveries,
    person_deliveries,
    listing_deliveries,
    contact_deliveries,
    digest_deliveries,
    announcement_deliveries,
)
MAILED = frozenset([EMAIL.means])
LATELY = timedelta(days=30)
"""Mail servers give up after days; a report of an older mail is none of a server."""

REPORTS = Counter(
    "kersey_mail_reports_total",
    "Messages about mails that were sent, by what they say and what became of them.",
    ["said", "outcome"],
)


class Outcome(StrEnum):
    """What became of a message that came back."""

    TAKEN = "taken"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    """No mail of ours, or an old one."""
    UNREADABLE = "unreadable"
    """No report: perhaps somebody wrote an answer."""
    TOO_SOON = "too-soon"
    """The mail is being sent still, or its sending is not noted yet: it is to be given again."""


_ARRIVED: Mapping[State, Outcome] = {
    State.DELIVERED: Outcome.REPEATED,
    State.SENDING: Outcome.TOO_SOON,
    State.QUEUED: Outcome.TOO_SOON,
}
"""What becomes of the word that a message arrived of which something is known."""


@dataclass(frozen=True)
class Bounces:
    """Takes messages that came back.

    Attributes:
        engine: the service's database.
        domain: of the sender's address: that of every Message-ID of ours.
        teller: says that a message about a case did not arrive.
        team: hears that a person was not told, and tells them.
        listings: says that a message about a listing came back.
        digests: ends what a message of the day held.
        addresses: keeps which addresses are not used.
    """

    engine: Engine
    domain: str
    teller: Teller
    team: TeamHears
    listings: ListingTeller
    digests: Digests
    addresses: Addresses

    def take(self, content: bytes) -> Outcome:
        """Act on a message that came back; committed. Safe to repeat."""
        report = read(content)
        if report is None:
            outcome = Outcome.UNREADABLE
        elif report.domain != self.domain:
            outcome = Outcome.UNKNOWN
        else:
            outcome = self.act(report, MAILED)
        REPORTS.labels(report.said.value if report else "none", outcome.value).inc()
        return outcome

    def act(self, report: Report, channels: Collection[str]) -> Outcome:
        """Act on what somebody says of a message of some channels; committed. Safe to repeat."""
        for tables in TABLES:
            with UnitOfWork(self.engine) as uow:
                row = self._sent(uow, tables, report.mail, channels)
                if row is not None:
                    outcome = self._follow(uow, tables, row, report)
                    uow.commit()
                    return outcome
        return Outcome.UNKNOWN

    def arrived(self, key: UUID, channels: Collection[str]) -> Outcome:
        """A message did arrive: what was not known of it is known now, also where it was given up
        because nobody could say; committed.

        Args:
            key: the delivery's id.
            channels: by which it may have gone.
        """
        for tables in (deliveries, person_deliveries, digest_deliveries, announcement_deliveries):
            with UnitOfWork(self.engine) as uow:
                row = self._sent(uow, tables, key, channels)
                if row is None:
                    continue
                given_up = row.state == State.FAILED and row.cut_off > 0
                if row.state != State.UNKNOWN and not given_up:
                    return _ARRIVED.get(State(row.state), Outcome.UNKNOWN)
                uow.session.connection().execute(
                    update(tables.delivery)
                    .where(tables.delivery.c.id == row.id)
                    .values(
                        state=State.DELIVERED.value, last_error=null(), due=null(), ended=func.now()
                    )
                )
                self._arrived(uow, tables, row)
                uow.commit()
                return Outcome.TAKEN
        return Outcome.UNKNOWN

    def _arrived(self, uow: UnitOfWork, tables: DeliveryTables, row: Row[*tuple[Any, ...]]) -> None:
        if tables is digest_deliveries:
            self.digests.arrived(uow, row.id)
            return
        if tables is announcement_deliveries:
            return  # the hub counts them, and nobody else is told
        arrived = self.teller.arrived if tables is deliveries else self.team.arrived
        arrived(uow, row.id, row.channel, row.payload)

    def _sent(
        self, uow: UnitOfWork, tables: DeliveryTables, mail: UUID, channels: Collection[str]
    ) -> Row[*tuple[Any, ...]] | None:
        """The delivery, locked after its case, as everybody does."""
        sent = tables.delivery
        this = select(sent).where(sent.c.id == mail, sent.c.channel.in_(channels))
        recent = this.where(sent.c.created > func.now() - LATELY)
        found = uow.session.connection().execute(recent).first()
        if found is None:
            return None
        if tables in (deliveries, person_deliveries):
            locked(uow, found.case)
        if tables is digest_deliveries:
            lock_cases(uow, delivery.c.digest == found.id)
        return uow.session.connection().execute(recent.with_for_update()).first()

    def _follow(
        self,
        uow: UnitOfWork,
        tables: DeliveryTables,
        row: Row[*tuple[Any, ...]],
        report: Report,
    ) -> Outcome:
        if row.state in (State.SENDING, State.QUEUED):
            return Outcome.TOO_SOON if row.attempts else Outcome.UNKNOWN
        if report.said is Said.LATE:
            return Outcome.TAKEN  # it may arrive yet: nothing follows
        if report.said is Said.UNWANTED and tables is not person_deliveries:
            return self._unwanted(uow, row, report)
        if row.state == State.BOUNCED:
            return Outcome.REPEATED
        if row.state not in (State.DELIVERED, State.UNKNOWN):
            return Outcome.UNKNOWN  # it was never said to have gone
        uow.session.connection().execute(
            update(tables.delivery)
            .where(tables.delivery.c.id == row.id)
            .values(state=State.BOUNCED.value, last_error=report.code, due=null(), ended=func.now())
        )
        if tables is person_deliveries:
            # A person's address is not ours to mark: the team hears, and asks them.
            self.team.bounced(uow, row.id, row.channel, row.payload)
            return Outcome.TAKEN
        self.addresses.bounced(
            uow, row.contact, row.address, report.code, gone=report.said is Said.GONE
        )
        if tables is listing_deliveries:
            self.listings.bounced(uow, row.id, row.channel, row.payload)
        if tables is deliveries:
            self.teller.bounced(uow, row.id, row.channel, row.payload)
        if tables is digest_deliveries:
            self.digests.bounced(uow, row.id, report.code)
        return Outcome.TAKEN

    def _unwanted(self, uow: UnitOfWork, row: Row[*tuple[Any, ...]], report: Report) -> Outcome:
        new = self.addresses.unwanted(uow, row.contact, row.address, report.code)
        return Outcome.TAKEN if new else Outcome.REPEATED
