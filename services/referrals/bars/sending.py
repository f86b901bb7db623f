"""Sending an answer to a sender's own `$process-message`, with the roles exchanged.

BaRS Core, Transactional integrity (Feedback requests): a new X-Request-Id and the X-Correlation-Id
of the first message. The X-Request-Id is the delivery's, so that a repeat is known as one.
"""

import base64
import json
import re
from importlib.metadata import version
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from services.referrals.bars import terms
from services.referrals.bars.answers import Progress, answer
from services.referrals.bars.endpoints import Destination, destination, identifier_of
from services.referrals.desk import Desk
from services.referrals.subscriptions.reaching import DEACTIVATED, MOVED
from services.referrals.tables import BarsMessage, Case, KnownClient, Person
from services.referrals.tables.bars import bars_deliveries
from shared.database import UnitOfWork
from shared.delivery import Delivery, Permanent, Receipt, Schedule, Superseded, Temporary, minutes
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.json import dumps
from shared.fhir.store import Access

SCHEDULE = Schedule(delays=minutes(0.05, 0.5, 2, 10, 30, 60, 120, 360, 720, 1440))
"""Nearly two days: a practice's system may be away over a night and be mended on the next day."""

RESTRICTED = "restricted"
"""Why an answer waits: the person's record is restricted."""
_REFUSED = re.compile(r"http-4\d\d")
_GONE = "http-410"
_ALREADY = "http-409"
"""What a receiver of BaRS says of a message that it has taken already."""
_MEDIA_TYPE = f"application/fhir+json; version={terms.VERSION}"


class AnswerSender:
    """Sends answers; the `send` of the delivery engine.

    Args:
        desk: what every use case works with.
        http: posts to endpoints that senders named.
    """

    def __init__(self, desk: Desk, http: OutgoingHttp) -> None:
        self._desk = desk
        self._http = http

    def send(self, delivery: Delivery) -> Receipt:
        """Send one.

        Raises:
            Superseded: its referral was erased.
            Temporary: worth another attempt.
            Permanent: there is nowhere to send it to, or its client may hear nothing any more.
        """
        with self._desk.work() as uow:
            message, where, body = self._message(uow, delivery)
            headers = _headers(message, where, delivery.id)
        try:
            return self._http.post(where.url, body, headers)
        except Temporary as error:
            if error.reason == _ALREADY and delivery.attempt > 1:
                return Receipt(_ALREADY)  # an earlier attempt arrived, and its answer was lost
            raise
        except Permanent as error:
            # As with Subscriptions: a receiver that is being set up says 401 or 404 for a while.
            if _REFUSED.fullmatch(error.reason) and error.reason != _GONE:
                raise Temporary(error.reason) from error
            raise

    def delivered(self, uow: UnitOfWork, delivery: Delivery, _receipt: Receipt) -> None:
        """See `shared.delivery.ledger.Ledger`."""
        self._note(uow, delivery, None)

    def failed(self, uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
        """What could not be told for good is shown on the case."""
        self._note(uow, delivery, reason)

    def _message(
        self, uow: UnitOfWork, delivery: Delivery
    ) -> tuple[BarsMessage, Destination, bytes]:
        payload = json.loads(delivery.payload)
        message = uow.session.get(BarsMessage, UUID(payload.pop("message")))
        if message is None or not message.endpoint:
            raise Superseded("erased")
        store = self._desk.store(uow)
        access = Access.of(str(message.organisation))
        request = store.find("ServiceRequest", message.service_request, access)
        if request is None or request.deleted:
            raise Superseded("erased")
        withheld = _withheld(uow.session, message)
        if withheld is not None:
            raise Permanent(withheld)
        where = destination(uow.session, store, message.organisation, message.endpoint)
        if where is None:
            raise Permanent("no-endpoint")
        bundle = answer(
            self._desk,
            store,
            message,
            request,
            Progress(**payload),
            first=not _any_before(uow, delivery, message),
            key=delivery.id,
        )
        return message, where, dumps(bundle)

    def _note(self, uow: UnitOfWork, delivery: Delivery, reason: str | None) -> None:
        message = uow.session.get(BarsMessage, UUID(json.loads(delivery.payload)["message"]))
        if message is not None:
            message.undelivered = reason
            uow.session.add(message)
            uow.session.flush()


def _withheld(session: Session, message: BarsMessage) -> str | None:
    """Why its sender is told nothing, as a code: answers need no token, as notifications of
    Subscriptions do not, and go no further than those (`reaching`).

    Whoever of the organisation sent the last message about a referral is told of it. Of a person
    whose record is restricted nothing goes out by itself (care 12): the case shows that it waits,
    and once the restriction is lifted, a link worker has it sent.
    """
    restricted = session.exec(
        select(Person.restricted)
        .join(Case, col(Case.person) == Person.id)
        .where(Case.service_request == message.service_request)
    ).first()
    if restricted:
        return RESTRICTED
    last = session.exec(
        select(BarsMessage.client)
        .where(
            BarsMessage.service_request == message.service_request,
            BarsMessage.organisation == message.organisation,
        )
        .order_by(col(BarsMessage.received).desc())
    ).first()
    known = session.get(KnownClient, last) if last else None
    if known is None:
        return None
    if not known.active:
        return DEACTIVATED
    return MOVED if known.organisation != message.organisation else None


def _any_before(uow: UnitOfWork, delivery: Delivery, message: BarsMessage) -> bool:
    row = bars_deliveries.delivery.c
    here = sql_select(row.position).where(row.id == delivery.id).scalar_subquery()
    before = sql_select(func.count()).where(
        row.order_key == message.service_request, row.position < here
    )
    return bool(uow.session.connection().execute(before).scalar_one())


def _headers(message: BarsMessage, where: Destination, key: UUID) -> dict[str, str]:
    system, value = identifier_of(message.endpoint)
    own_system, own = identifier_of(message.target)
    us: dict[str, Any] = {
        "resourceType": "Organization",
        "identifier": [{"system": own_system, "value": own}],
        "name": "The social prescribing service",
    }
    software = {
        "resourceType": "Device",
        "identifier": [{"system": "https://kersey.example/Id/software", "value": "kersey"}],
        "deviceName": [{"name": "Kersey", "type": "manufacturer-name"}],
        "version": [{"value": version("kersey")}],
    }
    headers = {
        "Content-Type": _MEDIA_TYPE,
        "Accept": _MEDIA_TYPE,
        "X-Request-Id": str(key),
        "X-Correlation-Id": str(message.correlation),
        "NHSD-End-User-Organisation": _encoded(us),
        "NHSD-Requesting-Software": _encoded(software),
        "NHSD-Target-Identifier": _encoded({"system": system, "value": value}),
    }
    return dict(where.headers) | headers


def _encoded(value: dict[str, Any]) -> str:
    return base64.b64encode(dumps(value)).decode()
