"""The documents of a message are written: once, with the case locked, before it is sent."""

from base64 import b64decode
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import select

from services.referrals.casefile import KERSEY, CaseFile, NoSuchCase, content_of
from services.referrals.desk import Desk
from services.referrals.gp.documents import attached, communication, document_reference
from services.referrals.gp.readers import readers_of_message
from services.referrals.gp.rendering import letter
from services.referrals.gp.standing import State
from services.referrals.gp.summary import Summary, summary_of
from services.referrals.resources import Resource
from services.referrals.tables import GpMessage
from shared.delivery import Superseded
from shared.fhir.store import Access
from shared.repeating import repeating


@dataclass(frozen=True)
class Written:
    """A message whose documents are there.

    Attributes:
        message: the message, as it was when they were.
        summary: what it says.
        pdf: the letter.
    """

    message: GpMessage
    summary: Summary
    pdf: bytes


@repeating
def write(desk: Desk, key: UUID) -> Written:
    """Write the documents of a message that is on its way, unless they are there.

    Args:
        desk: what every use case works with.
        key: the message.

    Raises:
        Superseded: it was called back, or its person was erased.
    """
    with desk.work() as uow:
        session = uow.session
        case = session.exec(select(GpMessage.case).where(GpMessage.id == key)).one_or_none()
        if case is None:
            raise Superseded("no-message")
        try:
            file = CaseFile.open(desk, uow, case, None)
        except NoSuchCase:
            raise Superseded("erased") from None
        message = session.exec(
            select(GpMessage)
            .where(GpMessage.id == key)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        if message.state != State.WAITING:
            raise Superseded(message.reason or message.state)
        summary = summary_in(file, message)
        if message.written:
            stored = file.store.lock("DocumentReference", str(key))
            pdf = b64decode(attached(content_of(stored), "application/pdf"))
        else:
            pdf = _store(file, message, summary)
            session.flush()
            uow.commit()
        session.expunge(message)
        return Written(message, summary, pdf)


def _store(file: CaseFile, message: GpMessage, summary: Summary) -> bytes:
    made = letter(summary)
    message.changed = file.now
    message.written = True
    file.uow.session.add(message)
    grants = readers_of_message(file.uow.session, file.case, message)
    for body in (
        document_reference(message, file.case, made),
        communication(message, file.case, made.summary),
    ):
        file.store.create(body, id=body["id"], owner=KERSEY, grants=grants, person=file.case.person)
        file.audit("create", f"{body['resourceType']}/{body['id']}", 1)
    return made.pdf


def summary_in(file: CaseFile, message: GpMessage) -> Summary:
    """What a message of an open case says, as things stand."""
    case = file.case
    request = _sent(file, "ServiceRequest", case.service_request)
    return summary_of(
        file.uow.session,
        case,
        message,
        patient=_sent(file, "Patient", case.patient) if case.patient else None,
        request=request or {},
        zone=file.desk.settings.timezone,
    )


def _sent(file: CaseFile, kind: str, key: str) -> Resource | None:
    """A document as its sender sent it; None where it was deleted."""
    found = file.store.find(kind, key, Access.system())
    return None if found is None or found.deleted else content_of(found)
