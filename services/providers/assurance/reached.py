"""That a provider was really told that it is asked to look: only then may its listing ever go."""

from sqlalchemy import update

from services.providers.domain import Reviewing
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import Envelope, ListingNoticeBounced, ListingNoticeDelivered

SUBSCRIPTION = Subscription(
    "providers",
    "reached",
    frozenset({ListingNoticeDelivered.type, ListingNoticeBounced.type}),
)
ASKED = "listing-look"
"""The kind of the message by which a provider is asked whether its listing is still right."""


def note(uow: UnitOfWork, envelope: Envelope) -> None:
    """Note within the caller's transaction that a provider was reached; the first time counts.

    What was delivered before somebody looked last says nothing of the review that runs now. A
    mail that came back reached nobody: the listing stays until another one arrives.
    """
    event = envelope.data
    assert isinstance(event, ListingNoticeDelivered | ListingNoticeBounced)
    if event.kind != ASKED:
        return
    assurance, day = table("assurance"), envelope.time.date()
    if isinstance(event, ListingNoticeBounced):
        asked_anew = update(assurance).where(
            assurance.c.service_id == event.listing, assurance.c.stage != int(Reviewing.RESTING)
        )
        uow.session.connection().execute(asked_anew.values(reached=None))
        return
    reached = update(assurance).where(
        assurance.c.service_id == event.listing,
        assurance.c.stage != int(Reviewing.RESTING),
        assurance.c.reached.is_(None),
        assurance.c.since <= day,
    )
    uow.session.connection().execute(reached.values(reached=day))
