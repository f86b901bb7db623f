"""Who reads what a practice was told: the practice's own client, and the team that has the case."""

from sqlmodel import Session, col, select

from services.referrals.gp.documents import keys
from services.referrals.tables import Case, GpMessage, Practice
from shared.fhir.store import FhirStore, Grant


def readers_of_message(session: Session, case: Case, message: GpMessage) -> set[Grant]:
    """The readers of a message's documents.

    Args:
        session: the caller's.
        case: its case, with the team that has it now.
        message: the message.
    """
    practice = session.get_one(Practice, message.practice)
    grants = {Grant(str(practice.organisation), "practice")}
    return grants | ({Grant(str(case.team), "care")} if case.team else set())


def regrant(session: Session, store: FhirStore, case: Case) -> None:
    """Have the team that has a case now read what its practice was told, and no other team.

    Args:
        session: the caller's; the case is locked in it.
        store: the documents, in the same transaction.
        case: the case.
    """
    written = select(GpMessage).where(GpMessage.case == case.id, col(GpMessage.written))
    for message in session.exec(written):
        for kind, key in keys(message.id):
            store.regrant(kind, key, readers_of_message(session, case, message))
