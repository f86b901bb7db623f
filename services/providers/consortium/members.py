"""Members of the consortium: written by coordinators of the places where they work."""

from collections.abc import Collection
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import Select, any_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.providers import hubs
from services.providers.consortium.days import stands
from services.providers.consortium.domain import PROVIDER, unfit
from services.providers.consortium.shapes import MemberSaid
from services.providers.handlers import Directory
from services.providers.nested import Json, Row, picked
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem
from shared.repeating import repeating

_SHOWN = "id kind name organization_id description website email hubs since until updated"


@repeating
def write(directory: Directory, principal: Principal, key: UUID | None, said: MemberSaid) -> Json:
    """Take somebody in, or write a member anew.

    Args:
        directory: what to work with.
        principal: a coordinator of one of the places where the member works.
        key: the member's id; None for a new one, which gets one.
        said: what is said of it.

    Raises:
        Problem: 403 for other hubs' members, 404 for a provider that is not listed, 422 for an
            unknown hub or another kind.
    """
    source = table("member")
    with UnitOfWork(directory.engine) as uow:
        run = uow.session.connection().execute
        kept = _locked(uow, key) if key is not None else None
        own = hubs.codes_of(uow, principal)
        must_work_there(own, said.hubs, "hubs")
        _known_hubs(uow.session, said.hubs)
        values = said.model_dump() | {"hubs": list(said.hubs)}
        values |= {"updated": directory.clock(), "updated_by": principal.subject}
        if kept is None:
            listed = _listed(uow.session, key, said.kind)
            key = key or uuid4()
            row = values | {"id": key, "organization_id": key if listed else None}
            new = insert(source).values(row).on_conflict_do_nothing().returning(source.c.id)
            if run(new).one_or_none() is None:
                # Somebody took the same in meanwhile: theirs stands, as if it had long been there.
                kept = _locked(uow, key)
        assert key is not None
        if kept is not None:
            must_work_there(own, kept["hubs"], "id")
            if (kept["kind"] == PROVIDER) != (said.kind == PROVIDER):
                raise Problem(422, "Not this kind", "A listed provider stays one.", element="kind")
            if kept["kind"] != said.kind:
                _fits_its_relations(uow, key, said.kind)
            run(update(source).where(source.c.id == key).values(values))
        found = shown(uow.session, [key])[key]
        uow.commit()
    return found


@repeating
def remove(directory: Directory, principal: Principal, key: UUID) -> None:
    """Forget a member, with who it worked with; what it lends stays, without its holder.

    Who leaves gets a last day instead. This is for mistakes, and for a practitioner who asks for it
    (UK GDPR, Article 17).

    Raises:
        Problem: 404, 403.
    """
    source = table("member")
    with UnitOfWork(directory.engine) as uow:
        kept = _locked(uow, key)
        if kept is None:
            raise unknown(key)
        must_work_there(hubs.codes_of(uow, principal), kept["hubs"], "id")
        uow.session.connection().execute(delete(source).where(source.c.id == key))
        uow.commit()


def of_consortium(
    session: Session, *, kind: str | None, hub: str | None, day: date | None
) -> list[Json]:
    """Members by name; of one kind, of one hub's place, of one day where these are given."""
    wanted = _named()
    member = table("member").c
    if kind is not None:
        wanted = wanted.where(member.kind == kind)
    if hub is not None:
        wanted = wanted.where(any_(member.hubs) == hub)
    if day is not None:
        wanted = wanted.where(stands(table("member"), day))
    return [_seen(row) for row in session.connection().execute(wanted).mappings()]


def shown(session: Session, keys: Collection[UUID]) -> dict[UUID, Json]:
    """Members by id."""
    wanted = _named().where(table("member").c.id.in_(keys))
    return {row["id"]: _seen(row) for row in session.connection().execute(wanted).mappings()}


def joined(
    uow: UnitOfWork, directory: Directory, principal: Principal, key: UUID, element: str
) -> Json:
    """A member that somebody names; a listed provider that was none yet becomes one by it.

    Args:
        uow: the transaction.
        directory: what to work with.
        principal: who names it.
        key: its id, or that of a listed provider.
        element: where it is named.

    Raises:
        Problem: 422 where nobody has this id.
    """
    if _held(uow, key):
        return shown(uow.session, [key])[key]
    organization = table("organization").c
    hub = uow.session.execute(select(organization.hub).where(organization.id == key)).one_or_none()
    if hub is None:
        words = f"Neither a member nor a listed provider is {key}."
        raise Problem(422, "Nobody has this id", words, element=element)
    now = directory.clock()
    row = {
        "id": key,
        "kind": PROVIDER,
        "organization_id": key,
        "hubs": [hub[0]] if hub[0] else [],
        "since": now.date(),
        "updated": now,
        "updated_by": principal.subject,
    }
    # Whoever names it at the same time waits here, and finds it there.
    uow.session.connection().execute(insert(table("member")).values(row).on_conflict_do_nothing())
    if not _held(uow, key):
        raise unknown(key)
    return shown(uow.session, [key])[key]


def unknown(key: UUID) -> Problem:
    """Nobody has this id."""
    return Problem(404, "Not found", f"There is no member {key}.", element="id")


def _named() -> Select[tuple[object, ...]]:
    """Members with the names of those that are listed, in their order."""
    member, organization = table("member"), table("organization")
    name = func.coalesce(organization.c.name, member.c.name).label("name")
    columns = [column for column in member.c if column.name != "name"]
    return (
        select(*columns, name)
        .outerjoin(organization, organization.c.id == member.c.organization_id)
        .order_by(name, member.c.id)
    )


def _seen(row: Row) -> Json:
    return picked(row, _SHOWN)


def _locked(uow: UnitOfWork, key: UUID) -> Row | None:
    source = table("member")
    wanted = select(source).where(source.c.id == key).with_for_update()
    return uow.session.connection().execute(wanted).mappings().one_or_none()


def _held(uow: UnitOfWork, key: UUID) -> bool:
    """Whether somebody is a member, and stays one until the commit: they may be forgotten at that
    moment, and what names them would name nobody."""
    member = table("member").c.id
    wanted = select(member).where(member == key).with_for_update(read=True, key_share=True)
    return uow.session.scalar(wanted) is not None


def _fits_its_relations(uow: UnitOfWork, key: UUID, kind: str) -> None:
    """Refuse another kind where somebody of it could not stand as the member does.

    Raises:
        Problem: 422.
    """
    relation, member = table("relation").c, table("member").c
    other = case((relation.one == key, relation.other), else_=relation.one)
    wanted = select(relation.how, relation.one == key, member.kind).join(
        table("member"), member.id == other
    )
    among = wanted.where(or_(relation.one == key, relation.other == key))
    for how, does, with_whom in uow.session.connection().execute(among):
        why = unfit(how, kind, with_whom) if does else unfit(how, with_whom, kind)
        if why is not None:
            words = f"{why} Forget what is said of it, or say it of another member, first."
            raise Problem(422, "This does not fit", words, element="kind")


def must_work_there(own: Collection[str], places: Collection[str], element: str) -> None:
    """Refuse a coordinator of other places.

    Args:
        own: the codes of their hubs.
        places: those in which the member works.
        element: what shows it.

    Raises:
        Problem: 403.
    """
    if not set(own) & set(places):
        words = "A coordinator writes of members that work in the place of their own hub."
        raise Problem(403, "Not allowed", words, element=element)


def _known_hubs(session: Session, codes: Collection[str]) -> None:
    hub = table("hub").c
    known = set(session.scalars(select(hub.code).where(hub.code.in_(codes))))
    strange = sorted(set(codes) - known)
    if strange:
        raise Problem(422, "No such hub", f"There is no hub '{strange[0]}'.", element="hubs")


def _listed(session: Session, key: UUID | None, kind: str) -> bool:
    """Whether somebody new is a listed provider; it is one, or says that it is none.

    Raises:
        Problem: 422 where kind and id say different things, 404 for a provider nobody listed.
    """
    if key is None:
        if kind == PROVIDER:
            words = "A provider is a member by its listing's id: write it to members/{id}."
            raise Problem(422, "Which provider?", words, element="kind")
        return False
    organization = table("organization").c
    there = session.scalar(select(organization.id).where(organization.id == key)) is not None
    if kind == PROVIDER and not there:
        raise Problem(404, "Not found", "The directory lists no such provider.", element="id")
    if kind != PROVIDER and there:
        words = f"Who has this id is listed: its kind is {PROVIDER}."
        raise Problem(422, "Not this kind", words, element="kind")
    return there
