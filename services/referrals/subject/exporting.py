"""A copy of all that is held about a person, for the person (UK GDPR Art. 15 and 20)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.referrals.desk import Desk
from services.referrals.membership import memberships
from services.referrals.subject.finding import Subject, subject_of
from services.referrals.subject.holdings import HOLDINGS
from services.referrals.subject.operators import operator
from services.referrals.trail import note
from shared.fhir import tables as fhir
from shared.fhir.json import parse
from shared.holdings import held


@dataclass(frozen=True)
class Copy:
    """What the referrals service holds.

    Attributes:
        subject: whom it is about.
        rows: by table.
        documents: the FHIR resources as they are now, by `Type/id`; of Groups their membership.
        versions: their earlier and current versions, with when each was stored.
    """

    subject: Subject
    rows: dict[str, list[dict[str, Any]]]
    documents: dict[str, Any]
    versions: list[dict[str, Any]]


def copy_of(desk: Desk, person: UUID, *, by: str) -> Copy:
    """Read all that is held about a person, as of one moment; the audit trail says that it was.

    Args:
        desk: what every use case works with.
        person: their id.
        by: the operator who does it.

    Raises:
        NoSuchPerson: there is no such record.
    """
    with desk.work() as uow:
        connection = uow.session.connection(
            execution_options={"isolation_level": "REPEATABLE READ"}
        )
        subject = subject_of(uow.session, person)
        rows = held(connection, HOLDINGS, subject.traces)
        document, version = fhir.document.c, fhir.document_version.c
        current = select(document.type, document.id, document.body).where(
            document.pk.in_(subject.documents), document.body != ""
        )
        documents = {
            f"{kind}/{key}": parse(body.encode()) for kind, key, body in connection.execute(current)
        }
        earlier = (
            select(document.type, document.id, version.version, version.last_updated, version.body)
            .join(fhir.document, document.pk == version.pk)
            .where(version.pk.in_(subject.documents), version.body.is_not(None))
            .order_by(document.type, document.id, version.version)
        )
        versions = [
            {
                "document": f"{row.type}/{row.id}",
                "version": row.version,
                "stored": row.last_updated,
                "content": parse(row.body.encode()),
            }
            for row in connection.execute(earlier)
        ]
        documents |= memberships(uow.session, subject.patients)
        record = f"person/{subject.person}"
        note(uow.session, operator(by), "export", record, desk.clock(), person=subject.person)
        uow.session.flush()
        uow.commit()
    return Copy(subject, rows, documents, versions)
