"""Notices in the pages, for whoever is signed in for the party: see `board`.

The receiver is Kersey itself, so that what is stored is delivered. A notice is ids and a kind, as
an event is: the pages say it in words.
"""

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError

from services.notifications.channels import Letter
from services.notifications.channels.declaring import Declaration, Format
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import BoardNotice
from shared.database import UnitOfWork
from shared.delivery import Permanent, Receipt, Schedule, Temporary, minutes

PAGES = "pages"
"""The only address that there is: a notice is for all of a party's staff."""


class InboxChannel:
    """Puts notices on the board, each once however often it is tried.

    Args:
        engine: the service's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def send(self, letter: Letter) -> Receipt:
        """See `Channel`."""
        if self.fault(letter.address):
            raise Permanent("not-pages")
        notice = letter.notice
        assert notice is not None, "the board is told of events"
        shown = {
            "id": letter.delivery.id,
            "party": letter.party,
            "kind": notice.kind.value,
            "case": notice.case,
            "task": notice.task,
            "said": notice.said,
        }
        try:
            with UnitOfWork(self._engine) as uow:
                uow.session.execute(insert(BoardNotice).values(shown).on_conflict_do_nothing())
                uow.commit()
        except OperationalError as error:
            raise Temporary("board-away") from error
        except DBAPIError as error:
            raise Permanent("board-refused") from error
        return Receipt("shown")

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return None if address == PAGES else "not-pages"

    def rest(self) -> None:
        """See `Channel`."""


def made(_settings: NotificationsSettings, engine: Engine) -> InboxChannel:
    """The channel: it needs nothing but the database."""
    return InboxChannel(engine)


INBOX = Declaration(
    means="inbox",
    address=f"the word `{PAGES}`: whoever signs in for the party sees it",
    example=PAGES,
    format=Format.EVENT,
    make=made,
    schedule=Schedule(delays=minutes(0.1, 1, 5, 30, 60, 3 * 60), resends=3),
    faults={"not-pages": f"It can only be the word {PAGES}."},
)
