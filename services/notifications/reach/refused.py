"""Addresses that a mail server refuses while it is told the recipient: as after a bounce."""

from uuid import UUID

import orjson

from services.notifications.reach.addresses import Addresses
from shared.database import UnitOfWork
from shared.delivery import Delivery, NoSuchReceiver, Undelivered
from shared.delivery.ledger import Judged


class RefusedAddresses:
    """Follows what attempts meet, in the transactions that record them.

    Args:
        addresses: keeps which are not used.
    """

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def judged(self, uow: UnitOfWork, sent: Delivery, met: Undelivered) -> Undelivered:
        """An address that there is not is written to no more; the attempt fails as it did."""
        if isinstance(met, NoSuchReceiver):
            contact = orjson.loads(sent.payload).get("contact")
            key = UUID(contact) if contact else None
            self._addresses.bounced(uow, key, sent.address, met.reason, gone=met.gone)
        return met

    def and_then(self, also: Judged) -> Judged:
        """Look at the address, and then judge as somebody else does.

        Args:
            also: how.
        """

        def both(uow: UnitOfWork, sent: Delivery, met: Undelivered) -> Undelivered:
            return also(uow, sent, self.judged(uow, sent, met))

        return both
