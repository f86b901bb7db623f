"""What follows from a receipt of GOV.UK Notify.

https://docs.notifications.service.gov.uk/python.html#delivery-receipts
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.notifications.bounces.reading import Report, Said
from services.notifications.bounces.taking import Bounces, Outcome
from services.notifications.channels.letter import POST
from services.notifications.channels.sms import SMS

CHANNELS = frozenset([SMS.means, POST.means])

FAILURES: Mapping[str, Said] = {
    "permanent-failure": Said.GONE,
    "temporary-failure": Said.NOT_TAKEN,
    "technical-failure": Said.NOT_TAKEN,
    "validation-failed": Said.NOT_TAKEN,
    "virus-scan-failed": Said.NOT_TAKEN,
    "cancelled": Said.NOT_TAKEN,
}
"""The statuses that say that a message did not arrive, and what they say of its address."""


@dataclass(frozen=True)
class NotifyReceipts:
    """Takes receipts. One that is forged or repeated changes nothing, as with a bounce.

    Attributes:
        bounces: acts on what did not arrive.
    """

    bounces: Bounces

    def take(self, reference: UUID, status: str) -> Outcome:
        """Act on a receipt; committed.

        Args:
            reference: the delivery's id, as it was given to Notify.
            status: Notify's word.
        """
        said = FAILURES.get(status)
        if said is None:
            return (
                self.bounces.arrived(reference, CHANNELS)
                if status == "delivered"
                else (Outcome.UNREADABLE)
            )
        report = Report(said, reference, "", f"notify-{status}")
        return self.bounces.act(report, CHANNELS)
