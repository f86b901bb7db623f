"""Taking a message: once, whole, and by the same way as a Bundle or an update of its sender."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from services.referrals.bars import already, entries
from services.referrals.bars.answers import answer, progress_of
from services.referrals.bars.endpoints import check, destination
from services.referrals.bars.errors import in_bars, refusal
from services.referrals.bars.finding import Referral, find, moment
from services.referrals.bars.headers import Exchange
from services.referrals.bars.message import Message
from services.referrals.desk import Desk
from services.referrals.disclosure import access_of
from services.referrals.domain import Kind
from services.referrals.tables import BarsMessage, CaseTask
from services.referrals.writing.writer import ReferralWriter
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.bundle import WriteEntry, WriteResult
from shared.fhir.outcome import FhirError, Issue
from shared.fhir.store import FhirStore, Stored
from shared.repeating import repeating
from shared.scopes import may

Json = dict[str, Any]

SENDER = "referral-sender"
"""The role whose messages are taken; other clients' referrals start nothing (care 1)."""

_NOT_TOLD = (
    "The referral was taken. Nothing can be posted to you about it: give an address as"
    " MessageHeader.source.endpoint, or keep an active Endpoint with that identifier here. Until"
    " then read the Task of the referral, or subscribe to it."
)


class MessageTaker:
    """The use case of `$process-message`.

    Args:
        desk: what every use case works with.
        writer: does what the message asks for.
        http: checks where answers are to go.
    """

    def __init__(self, desk: Desk, writer: ReferralWriter, http: OutgoingHttp) -> None:
        self._desk = desk
        self._writer = writer
        self._http = http

    @repeating
    def take(self, principal: Principal, exchange: Exchange, message: Message) -> Json:
        """Do what a message asks for, in one transaction with the memory of having done it.

        Returns:
            The message that answers it.

        Raises:
            FhirError: nothing was changed. 409 `duplicate` where this very message was taken
                before: its sender, whose answer was lost, may take that for the answer (BaRS Core,
                Transactional integrity); 425 while it is being taken.
        """
        check(message.endpoint, self._http, "Bundle.entry[0].resource.source.endpoint")
        with self._desk.work() as uow:
            organisation = UUID(principal.organisation)
            _refuse_repeat(uow.session, organisation, exchange)
            store = self._desk.store(uow)
            try:
                wanted, referral = self._wanted(uow, store, principal, message)
                _check_scopes(principal, wanted)
                results = self._writer.within(uow, principal, wanted, transaction=True)
            except FhirError as error:
                raise in_bars(error) from error
            now = self._desk.clock()
            row = _row(principal, exchange, message, wanted, results, referral, now)
            uow.session.add(row)
            uow.session.flush()
            whole = message.kind == "new" or may(principal, "ServiceRequest", "r")
            answered = self._answer(uow, store, row, results, whole=whole)
            uow.commit()
            return answered

    def _wanted(
        self, uow: UnitOfWork, store: FhirStore, principal: Principal, message: Message
    ) -> tuple[list[WriteEntry], Referral | None]:
        organisation = UUID(principal.organisation)
        condition = partial(already.condition, store, str(organisation))
        if message.kind == "new":
            known = already.patients(store, str(organisation), message.entries)
            return entries.wanted(message, self._desk.types, known, condition), None
        access = access_of(principal)
        referral = find(uow.session, store, access, organisation, message, self._desk.base_url)
        if message.kind == "cancel":
            return entries.taken_back(message, referral.request), referral
        wanted = entries.wanted(message, self._desk.types, referral.known, condition)
        for each in wanted:
            if each.type == "ServiceRequest":
                each.if_match = referral.request.version
        return wanted, referral

    def _answer(
        self,
        uow: UnitOfWork,
        store: FhirStore,
        row: BarsMessage,
        results: Sequence[WriteResult],
        *,
        whole: bool,
    ) -> Json:
        issues = [issue for each in results for issue in each.issues]
        if destination(uow.session, store, row.organisation, row.endpoint) is None:
            place = "Bundle.entry[0].resource.source.endpoint"
            issues.append(Issue("information", "informational", _NOT_TOLD, (place,)))
        request = store.lock("ServiceRequest", row.service_request)
        triage = uow.session.exec(
            select(CaseTask).where(
                CaseTask.service_request == row.service_request, CaseTask.kind == Kind.TRIAGE
            )
        ).one_or_none()
        progress = progress_of(triage)
        first = row.kind == "new"
        return answer(
            self._desk, store, row, request, progress, first=first, whole=whole, issues=issues
        )


def _refuse_repeat(session: Session, organisation: UUID, exchange: Exchange) -> None:
    key = f"bars/{organisation}/{exchange.request}"
    held = text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    if not session.connection().execute(held, {"key": key}).scalar_one():
        words = "This message is being taken at this moment: ask again in a few seconds."
        raise refusal(425, "duplicate", words, "http.X-Request-Id")
    taken = session.exec(
        select(BarsMessage.id).where(
            BarsMessage.organisation == organisation, BarsMessage.request == exchange.request
        )
    ).first()
    if taken is not None:
        words = "This message was received and taken before: nothing is to be sent again."
        raise refusal(409, "duplicate", words, "http.X-Request-Id")


def _check_scopes(principal: Principal, wanted: Sequence[WriteEntry]) -> None:
    for each in wanted:
        letter = "c" if each.method == "POST" else "u"
        if not may(principal, each.type, letter):
            words = f"The token's scopes do not reach this: it needs system/{each.type}.{letter}."
            raise refusal(403, "forbidden", words, each.path)


def _row(
    principal: Principal,
    exchange: Exchange,
    message: Message,
    wanted: Sequence[WriteEntry],
    results: Sequence[WriteResult],
    referral: Referral | None,
    received: datetime,
) -> BarsMessage:
    stored: list[Stored | None] = [each.stored for each in results]
    here = entries.documents(wanted, stored)
    request = _request_of(message, wanted, stored)
    sender = message.find(message.header["sender"])
    known = here if referral is None else {**referral.known, **here}
    focus = message.focus.resource
    return BarsMessage(
        organisation=UUID(principal.organisation),
        client=principal.client_id,
        request=exchange.request,
        correlation=exchange.correlation,
        bundle=message.id,
        kind=message.kind,
        service_request=request.id,
        version=request.version,
        focus=message.focus.full_url,
        documents=here,
        sender=known.get(sender.full_url) if sender else None,
        endpoint=message.endpoint,
        target=message.target,
        sent=moment(focus.get("meta", {}).get("lastUpdated")),
        received=received,
    )


def _request_of(
    message: Message, wanted: Sequence[WriteEntry], stored: Sequence[Stored | None]
) -> Stored:
    for entry, found in zip(wanted, stored, strict=True):
        if entry.index == message.focus.index and found is not None:
            return found
    words = "This referral was received before, and has been deleted since."
    raise refusal(409, "conflict", words, message.focus.path)
