"""What a party of a message is called: no service knows every one, the house together does."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.identity.tables import Membership
from services.notifications.tables import Hub, ListingSeen
from services.providers.tables.organizations import Organization
from services.referrals.tables import LinkWorkerService

Named = tuple[str, str]


def names_of(engines: Mapping[str, Engine], parties: Collection[str]) -> Mapping[str, str]:
    """The names of parties, by what a message calls them: a hub by its code, an organisation by its
    public listing, as the team that it is, by what the directory keeps of it without a listing, or
    as those who sign in for it call it.

    Parameters:
        engines: each service's database.
        parties: organisations' ids and hubs' codes.

    Returns:
        By party; whose name nobody knows is told from others by its id.
    """
    ids = {UUID(each) for each in parties if _is_id(each)}
    with (
        Session(engines["notifications"]) as notifications,
        Session(engines["referrals"]) as referrals,
        Session(engines["providers"]) as providers,
        Session(engines["identity"]) as identity,
    ):
        named = chain(
            _hubs(notifications, parties),
            _listed(notifications, ids),
            _teams(referrals, ids),
            _providers(providers, ids),
            _places(identity, ids),
        )
        found: dict[str, str] = {}
        for party, name in named:
            found.setdefault(party, name)
    nameless = {str(each): f"organisation {each}" for each in ids}
    return nameless | found


def _is_id(party: str) -> bool:
    try:
        UUID(party)
    except ValueError:
        return False
    return True


def _hubs(session: Session, codes: Collection[str]) -> Iterator[Named]:
    for code in session.exec(select(Hub.code).where(col(Hub.code).in_(codes))):
        yield code, f"hub {code}"


def _listed(session: Session, ids: Collection[UUID]) -> Iterator[Named]:
    subjects = [f"provider/{each}" for each in ids]
    wanted = select(ListingSeen.subject, ListingSeen.name).where(
        col(ListingSeen.subject).in_(subjects), col(ListingSeen.name).is_not(None)
    )
    for subject, name in session.exec(wanted):
        yield subject.removeprefix("provider/"), name or ""


def _teams(session: Session, ids: Collection[UUID]) -> Iterator[Named]:
    of = LinkWorkerService
    for key, name in session.exec(
        select(of.organisation, of.name).where(col(of.organisation).in_(ids))
    ):
        yield str(key), name


def _providers(session: Session, ids: Collection[UUID]) -> Iterator[Named]:
    wanted = select(Organization.id, Organization.name).where(col(Organization.id).in_(ids))
    for key, name in session.exec(wanted):
        yield str(key), name


def _places(session: Session, ids: Collection[UUID]) -> Iterator[Named]:
    of = Membership
    wanted = select(of.organisation, of.organisation_name).where(col(of.organisation).in_(ids))
    for key, name in session.exec(wanted.order_by(col(of.organisation_name))):
        yield str(key), name
