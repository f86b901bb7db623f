"""Who makes up the consortium: place hubs, link-worker services, practices, codes that start."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from services.referrals.desk import Desk
from services.referrals.handlers.listings import organisation_document
from services.referrals.tables import LinkWorkerService, PlaceHub, Practice, StartCode
from shared.database import UnitOfWork


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(_Entry):
    """An organisation by its id; of its own, one that sends referrals: a group of practices."""

    organisation: UUID
    name: str


class Hub(Organisation):
    """A place's hub; its coordinators route what no link-worker service covers."""

    code: str = Field(pattern=r"^[a-z0-9-]{1,40}$")


class Team(Organisation):
    """A link-worker service."""

    hub: str
    phone: str = ""


class SendingPractice(Organisation):
    """A practice, who sends for it and which team covers it; none means: routed by hand."""

    ods_code: str = Field(pattern=r"^[A-Z0-9]{3,12}$")
    hub: str
    team: UUID | None = None


class Code(_Entry):
    """A code that starts a referral; `verified` says whether its source was checked."""

    system: str
    code: str
    display: str
    verified: bool = False


class Consortium(_Entry):
    """The whole, as an operator declares it.

    Raises:
        pydantic.ValidationError: something is missing, or names what is not in it.
    """

    hubs: tuple[Hub, ...] = Field(min_length=1)
    teams: tuple[Team, ...] = ()
    senders: tuple[Organisation, ...] = ()
    practices: tuple[SendingPractice, ...] = ()
    codes: tuple[Code, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> "Consortium":
        hubs = {hub.code for hub in self.hubs}
        teams = {team.organisation for team in self.teams}
        placed: tuple[Team | SendingPractice, ...] = (*self.teams, *self.practices)
        for each in placed:
            if each.hub not in hubs:
                raise ValueError(f"{each.name} names the hub {each.hub}, which is not declared")
        for practice in self.practices:
            if practice.team is not None and practice.team not in teams:
                raise ValueError(f"{practice.name} names a team that is not declared")
        return self


def load_consortium(desk: Desk, consortium: Consortium) -> None:
    """Bring the declared consortium into the tables; safe to repeat.

    What is no longer declared stays: cases may hang on it. A practice without a team is how cover
    is ended.
    """
    with desk.work() as uow:
        _merge(uow.session, consortium)
        _publish(desk, uow, consortium)
        uow.commit()


def _merge(session: Session, consortium: Consortium) -> None:
    for hub in consortium.hubs:
        session.merge(PlaceHub(**hub.model_dump()))
    session.flush()
    for team in consortium.teams:
        session.merge(LinkWorkerService(**team.model_dump()))
    session.flush()
    for practice in consortium.practices:
        session.merge(Practice(**practice.model_dump()))
    for code in consortium.codes:
        session.merge(StartCode(**code.model_dump()))
    session.flush()


def _publish(desk: Desk, uow: UnitOfWork, consortium: Consortium) -> None:
    """Organizations that every client may read: Tasks refer to them."""
    known: tuple[Organisation, ...] = (*consortium.hubs, *consortium.teams, *consortium.senders)
    for each in known:
        organisation_document(desk, uow, each.organisation, each.name)
