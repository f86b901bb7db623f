"""Whose accounts an administrator sees: everybody's, or those of the people of one organisation."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, true
from sqlmodel import col

from services.identity.people import roles
from services.identity.tables import Membership, PersonAccount


@dataclass(frozen=True)
class Sight:
    """How far an administrator sees.

    Attributes:
        organisation: whose people alone are seen; None for everybody.
    """

    organisation: UUID | None = None

    def seen(self) -> ColumnElement[bool]:
        """Narrows a question about accounts to those that are seen.

        An administrator of all accounts is nobody's people: else the one of an organisation could
        lock them out.
        """
        if self.organisation is None:
            return true()
        return exists().where(
            col(Membership.account) == col(PersonAccount.id),
            col(Membership.organisation) == self.organisation,
            col(Membership.role).not_in(roles.ALONE),
        )


EVERYBODY = Sight()
