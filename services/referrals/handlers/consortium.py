"""Who makes up the consortium: place hubs, link-worker services, practices, codes that start."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from services.referrals.desk import Desk
from services.referrals.gp.coding import Purpose
from services.referrals.handlers.listings import organisation_document
from services.referrals.tables import GpCode, LinkWorkerService, PlaceHub, Practice, StartCode
from shared.database import UnitOfWork


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(_Entry):
    """An organisation by its id; of its own, one that sends referrals: a group of practices."""

    organisation: UUID
    name: str


class Crisis(_Entry):
    """A local crisis line, beside the national ones that stand on every page (care 11)."""

    name: str = Field(min_length=1, max_length=100)
    number: str = Field(pattern=r"^[0-9 +]{3,20}$")
    hours: str = Field(default="", max_length=100)


class Hub(Organisation):
    """A place's hub; its coordinators route what no link-worker service covers.

    `covers` are the local authorities or wards that are its place, by their official codes; it is
    the directory that asks which hub a postcode lies with. Its front door's page says `for_whom` it
    is, the `phone` for whoever cannot use the form, its `hours`, and the local `crisis` lines.
    """

    code: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    phone: str = Field(default="", pattern=r"^[0-9 +]{0,20}$")
    hours: str = Field(default="", max_length=100)
    for_whom: str = Field(default="", max_length=500)
    crisis: tuple[Crisis, ...] = ()
    covers: tuple[Annotated[str, Field(pattern=r"^[EWSN]\d{8}$")], ...] = ()


class Team(Organisation):
    """A link-worker service."""

    hub: str
    phone: str = ""


class SendingPractice(Organisation):
    """A practice, who sends for it and which team covers it; none means: routed by hand."""

    ods_code: str = Field(pattern=r"^[A-Z0-9]{3,12}$")
    hub: str
    team: UUID | None = None


class MovedProvider(_Entry):
    """A listed provider that belongs to another hub than the one that listed it first; the
    directory and notifications move it."""

    organisation: UUID
    hub: str


class Code(_Entry):
    """A code that starts a referral; `verified` says whether its source was checked."""

    system: str
    code: str
    display: str
    verified: bool = False


class MessageCode(_Entry):
    """A code of messages to practices, in place of the one that Kersey comes with for that purpose;
    one that is not verified is told in words alone."""

    purpose: Purpose
    system: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$")
    code: str = Field(pattern=r"^\S{1,20}$")
    display: str = Field(min_length=1, max_length=200)
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
    providers: tuple[MovedProvider, ...] = ()
    codes: tuple[Code, ...] = Field(min_length=1)
    gp_codes: tuple[MessageCode, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> "Consortium":
        hubs = {hub.code for hub in self.hubs}
        teams = {team.organisation for team in self.teams}
        placed: tuple[Team | SendingPractice, ...] = (*self.teams, *self.practices)
        for each in placed:
            if each.hub not in hubs:
                raise ValueError(f"{each.name} names the hub {each.hub}, which is not declared")
        for moved in self.providers:
            if moved.hub not in hubs:
                raise ValueError(
                    f"{moved.organisation} names the hub {moved.hub}, which is not declared"
                )
        for practice in self.practices:
            if practice.team is not None and practice.team not in teams:
                raise ValueError(f"{practice.name} names a team that is not declared")
        if len({each.purpose for each in self.gp_codes}) != len(self.gp_codes):
            raise ValueError("gp_codes has two codes for one purpose")
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
        session.merge(PlaceHub(**hub.model_dump(exclude={"covers"})))
    session.flush()
    for team in consortium.teams:
        session.merge(LinkWorkerService(**team.model_dump()))
    session.flush()
    for practice in consortium.practices:
        session.merge(Practice(**practice.model_dump()))
    for code in consortium.codes:
        session.merge(StartCode(**code.model_dump()))
    for told in consortium.gp_codes:
        session.merge(GpCode(**told.model_dump()))
    session.flush()


def _publish(desk: Desk, uow: UnitOfWork, consortium: Consortium) -> None:
    """Organizations that every client may read: Tasks refer to them."""
    known: tuple[Organisation, ...] = (*consortium.hubs, *consortium.teams, *consortium.senders)
    for each in known:
        organisation_document(desk, uow, each.organisation, each.name)
