"""A message that will not arrive makes one thing to do for the team, and one for the hub.

The team talks to whoever was not told; the hub mends how they are reached. Each hears once of each
message, however often it is tried again. About these messages themselves nobody is told: they show
in the list of deliveries.
"""

from uuid import UUID, uuid5

from sqlmodel import col, select

from services.notifications.domain import OWN, TO_PROVIDERS, TO_THE_TEAM, Kind
from services.notifications.handlers.cases import add, contacts_for
from services.notifications.handlers.hubs import team_of
from services.notifications.notice import Notice
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import CaseOrder, Contact, PartyHub
from shared.database import UnitOfWork
from shared.worker import Wake

TO_THE_HUB = (TO_PROVIDERS | TO_THE_TEAM) - {Kind.NOT_ARRIVED}
"""Of what does not arrive of these the hub hears."""


class NotArrived:
    """Tells whoever can do something about it.

    Args:
        wake: of the worker that sends what they hear.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake

    def __call__(self, uow: UnitOfWork, key: UUID, notice: Notice) -> None:
        """Add what the team and the hub hear; the caller holds the case and commits.

        Args:
            uow: the transaction.
            key: the delivery that failed.
            notice: what it was to say.
        """
        if notice.kind in TO_PROVIDERS:
            self._tell(uow, key, notice, Kind.NOT_ARRIVED, team_of(uow, notice.case) or "")
        if notice.kind in TO_THE_HUB and not _is_given_up(uow, notice.contact):
            self._tell(uow, key, notice, Kind.NOT_ARRIVED_THERE, _hub(uow, notice))

    def _tell(self, uow: UnitOfWork, key: UUID, about: Notice, kind: Kind, party: str) -> None:
        for contact in contacts_for(uow, OWN[kind], party, None):
            notice = about.model_copy(update={"kind": kind, "contact": contact.id})
            add(uow, uuid5(key, f"{kind}/{contact.id}"), notice, contact)
        uow.on_commit(self._wake.set)


def _is_given_up(uow: UnitOfWork, contact: UUID | None) -> bool:
    """Whether the address is not used any more: then the hub was told of that (`reach`)."""
    found = select(col(Contact.id)).where(col(Contact.id) == contact, is_unusable(col(Contact.id)))
    return uow.session.scalars(found).first() is not None


def _hub(uow: UnitOfWork, notice: Notice) -> str:
    """The hub of the provider, or of the team: whoever keeps their contacts."""
    provider = str(notice.provider) if notice.kind in TO_PROVIDERS else ""
    for party in filter(None, (provider, team_of(uow, notice.case))):
        belongs = select(col(PartyHub.hub)).where(col(PartyHub.party) == party)
        if found := uow.session.scalars(belongs).first():
            return found
    of_case = select(col(CaseOrder.hub)).where(col(CaseOrder.case) == notice.case)
    return uow.session.scalars(of_case).first() or ""
