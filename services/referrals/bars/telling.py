"""Which steps of a case its sender is told as a message, and that it is, whatever stops meanwhile.

What is to be told commits with the step, in a table of deliveries; `sending` sends it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid5

from sqlalchemy import Select
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services.referrals.bars.answers import Progress, encounter_status
from services.referrals.bars.endpoints import destination, expects
from services.referrals.domain import Kind, State
from services.referrals.tables import BarsMessage, Case, CaseTask
from services.referrals.tables.bars import bars_deliveries
from shared.fhir.store import FhirStore
from shared.messaging.events import (
    CaseEvent,
    ReferralAccepted,
    ReferralChosen,
    ReferralClosed,
    ReferralDeclined,
    ReferralReturned,
    ReferralWithdrawn,
)

CHANNEL = "bars"

TOLD = (
    ReferralAccepted,
    ReferralChosen,
    ReferralClosed,
    ReferralDeclined,
    ReferralReturned,
    ReferralWithdrawn,
)
"""A provider took the person or did not, the referral was sent back, the case ended. Every other
step is in the Tasks, which a sender reads or subscribes to: a practice gets no more (care 21)."""


def tell_sender(
    session: Session,
    store: FhirStore,
    case: Case,
    tasks: Mapping[str, CaseTask],
    events: Iterable[CaseEvent],
) -> bool:
    """Have a sender told of what was announced, within the transaction that announces it.

    Args:
        session: of that transaction.
        store: of the documents.
        case: the case, with its new version.
        tasks: its Tasks by id, as they are now.
        events: what was announced.

    Returns:
        Whether there is something to be sent.
    """
    wanted = [(n, event) for n, event in enumerate(events) if _is_told(event)]
    message = _asked_by_message(session, case.service_request) if wanted else None
    if message is None:
        return False
    if not expects(store, message.organisation, message.endpoint):
        return False  # its sender was told so when it sent the referral
    where = destination(session, store, message.organisation, message.endpoint)
    for n, event in wanted:
        progress = _progress(tasks, event)
        bars_deliveries.add(
            session,
            key=uuid5(message.id, f"{case.version}/{n}"),
            order_key=message.service_request,
            channel=CHANNEL,
            # Where none is known now, sending finds so, and the case shows it.
            address=where.url if where else message.endpoint,
            payload=json.dumps({"message": str(message.id)} | asdict(progress)),
        )
    return True


def undelivered(request: Any) -> Select[Any]:
    """Why the sender of a message could not be told of its referral, as a statement.

    Args:
        request: the id of the referral's ServiceRequest, as a value or as SQL.

    Returns:
        One row with `undelivered`, a code; none where nothing failed.
    """
    failed = col(BarsMessage.undelivered)
    asked = columns(failed).where(col(BarsMessage.service_request) == request)
    return asked.where(failed.is_not(None)).limit(1)


def _is_told(event: CaseEvent) -> bool:
    """Whether a sender hears of it; not of what it did itself."""
    if isinstance(event, ReferralWithdrawn):
        return event.by != "sender"
    return isinstance(event, TOLD)


def _asked_by_message(session: Session, request: str) -> BarsMessage | None:
    """The message that brought a referral."""
    return session.exec(
        select(BarsMessage).where(
            BarsMessage.service_request == request,
            BarsMessage.kind == "new",
            BarsMessage.endpoint != "",
        )
    ).first()


def _progress(tasks: Mapping[str, CaseTask], event: CaseEvent) -> Progress:
    triage = next(each for each in tasks.values() if each.kind == Kind.TRIAGE)
    moved = triage
    if isinstance(event, ReferralAccepted | ReferralChosen | ReferralDeclined):
        moved = tasks[str(event.task)]
    status = encounter_status(State(triage.status, triage.business))
    return Progress(status, moved.business, moved.reason)
