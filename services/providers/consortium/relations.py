"""Who works with whom, how, and since when."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, or_, select, update
from sqlmodel import Session

from services.providers import hubs
from services.providers.consortium import members
from services.providers.consortium.days import stands
from services.providers.consortium.domain import HOWS, overlaps, unfit
from services.providers.consortium.shapes import RelationSaid
from services.providers.handlers import Directory
from services.providers.nested import Json, Row, picked
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem
from shared.repeating import repeating

_SHOWN = "id how about since until updated"


@repeating
def write(directory: Directory, principal: Principal, key: UUID | None, said: RelationSaid) -> Json:
    """Say that two work together, or change what is said of it.

    Args:
        directory: what to work with.
        principal: a coordinator of a place where either of them works.
        key: of the relation; None for a new one.
        said: what is said.

    Raises:
        Problem: 403; 404 for an unknown relation; 422 where the two do not exist or their kinds do
            not fit; 409 where the same is said already for some of that time.
    """
    source = table("relation")
    with UnitOfWork(directory.engine) as uow:
        run = uow.session.connection().execute
        own = hubs.codes_of(uow, principal)
        if key is not None:
            members.must_work_there(own, _of_two(uow, key), "id")
        one, other = (
            members.joined(uow, directory, principal, which, element)
            for which, element in ((said.one, "one"), (said.other, "other"))
        )
        members.must_work_there(own, {*one["hubs"], *other["hubs"]}, "one")
        why = unfit(said.how, one["kind"], other["kind"])
        if why is not None:
            raise Problem(422, "This does not fit", why, element="how")
        _lock(uow, said)
        _refuse_twice(uow.session, key, said)
        values = said.model_dump()
        values |= {"updated": directory.clock(), "updated_by": principal.subject}
        if key is None:
            key = uuid4()
            run(insert(source).values(values | {"id": key}))
        else:
            run(update(source).where(source.c.id == key).values(values))
        found = _between(uow.session, key)
        uow.commit()
    return found


@repeating
def remove(directory: Directory, principal: Principal, key: UUID) -> None:
    """Forget a relation that was a mistake; one that ended gets a last day instead.

    Raises:
        Problem: 404, 403.
    """
    source = table("relation")
    with UnitOfWork(directory.engine) as uow:
        members.must_work_there(hubs.codes_of(uow, principal), _of_two(uow, key), "id")
        uow.session.connection().execute(delete(source).where(source.c.id == key))
        uow.commit()


def between(session: Session, *, how: str | None, of: UUID | None, day: date | None) -> list[Json]:
    """Relations with both members; of one way, of one member, of one day where given."""
    relation = table("relation").c
    wanted = select(table("relation")).order_by(relation.since, relation.id)
    if how is not None:
        wanted = wanted.where(relation.how == how)
    if of is not None:
        wanted = wanted.where(or_(relation.one == of, relation.other == of))
    if day is not None:
        wanted = wanted.where(stands(table("relation"), day))
    return _seen(session, session.connection().execute(wanted).mappings().all())


def seen_from(session: Session, member: UUID) -> list[Json]:
    """A member's relations, each from its own side: what it does, and with whom."""
    found = []
    for each in between(session, how=None, of=member, day=None):
        does = each["one"]["id"] == str(member)
        rule = HOWS[each["how"]]
        found.append(
            {name: value for name, value in each.items() if name not in ("one", "other")}
            | {
                "words": rule.forwards if does else rule.backwards,
                "with": each["other"] if does else each["one"],
            }
        )
    return found


def _seen(session: Session, relations: Sequence[Row]) -> list[Json]:
    both = {row[side] for row in relations for side in ("one", "other")}
    known = {
        key: {name: each[name] for name in ("id", "kind", "name") if name in each}
        for key, each in members.shown(session, both).items()
    }
    return [
        picked(row, _SHOWN) | {side: known[row[side]] for side in ("one", "other")}
        for row in relations
    ]


def _between(session: Session, key: UUID) -> Json:
    source = table("relation")
    wanted = select(source).where(source.c.id == key)
    return _seen(session, session.connection().execute(wanted).mappings().all())[0]


def _of_two(uow: UnitOfWork, key: UUID) -> set[str]:
    """The hubs in whose places the two of a relation work; the relation is locked.

    Raises:
        Problem: 404.
    """
    source = table("relation")
    wanted = select(source).where(source.c.id == key).with_for_update()
    row = uow.session.connection().execute(wanted).mappings().one_or_none()
    if row is None:
        raise Problem(404, "Not found", "There is no relation with this id.", element="id")
    both = members.shown(uow.session, [row["one"], row["other"]])
    return {hub for each in both.values() for hub in each["hubs"]}


def _lock(uow: UnitOfWork, said: RelationSaid) -> None:
    """Two who say the same at once come one after the other."""
    member = table("member").c
    both = select(member.id).where(member.id.in_([said.one, said.other])).order_by(member.id)
    uow.session.connection().execute(both.with_for_update(key_share=True))


def _refuse_twice(session: Session, key: UUID | None, said: RelationSaid) -> None:
    relation = table("relation").c
    ways = [(said.one, said.other)]
    if HOWS[said.how].ordered:
        ways.append((said.other, said.one))
    for one, other in ways:
        same = select(relation.since, relation.until).where(
            relation.how == said.how, relation.one == one, relation.other == other
        )
        if key is not None:
            same = same.where(relation.id != key)
        times = [(row.since, row.until) for row in session.connection().execute(same)]
        if overlaps(said.since, said.until, times):
            words = "This stands already for some of that time: change what is there."
            raise Problem(409, "Said already", words, element="since")
