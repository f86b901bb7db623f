"""Venues, skills, kit and people who give time: where they are, who has them, on what terms."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from services.providers import hubs
from services.providers.consortium import members
from services.providers.consortium.days import stands
from services.providers.consortium.shapes import AssetSaid
from services.providers.gazetteer import BadPostcode, parse
from services.providers.handlers import Directory
from services.providers.nested import Json, Row, picked
from services.providers.points import point_of
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem
from shared.repeating import repeating

_SHOWN = "id kind name description hub terms ask postcode latitude longitude since until updated"


@repeating
def write(directory: Directory, principal: Principal, key: UUID | None, said: AssetSaid) -> Json:
    """Say what there is, or change what is said of it.

    Args:
        directory: what to work with.
        principal: a coordinator of the hub in whose place it is.
        key: of the asset; None for a new one.
        said: what is said.

    Raises:
        Problem: 403 for another hub's, 404 for an unknown asset, 422 for an unknown holder or
            postcode.
    """
    source = table("asset")
    with UnitOfWork(directory.engine) as uow:
        run = uow.session.connection().execute
        if key is not None:
            kept = _locked(uow, key)
            hubs.own_hub(uow, principal, kept["hub"], "id")
            hub = hubs.own_hub(uow, principal, said.hub or kept["hub"], "hub")
        else:
            hub = hubs.own_hub(uow, principal, said.hub, "hub")
        if said.holder is not None:
            members.joined(uow, directory, principal, said.holder, "holder")
        values = said.model_dump() | {"hub": hub} | _placed(uow.session, said.postcode)
        values |= {"updated": directory.clock(), "updated_by": principal.subject}
        if key is None:
            key = uuid4()
            run(insert(source).values(values | {"id": key}))
        else:
            run(update(source).where(source.c.id == key).values(values))
        found = _seen(uow.session, [_locked(uow, key)])[0]
        uow.commit()
    return found


@repeating
def remove(directory: Directory, principal: Principal, key: UUID) -> None:
    """Forget an asset.

    Raises:
        Problem: 404, 403.
    """
    source = table("asset")
    with UnitOfWork(directory.engine) as uow:
        hubs.own_hub(uow, principal, _locked(uow, key)["hub"], "id")
        uow.session.connection().execute(delete(source).where(source.c.id == key))
        uow.commit()


def there(
    session: Session,
    *,
    kind: str | None = None,
    hub: str | None = None,
    holder: UUID | None = None,
    day: date | None = None,
) -> list[Json]:
    """Assets by name; of one kind, hub, holder or day where these are given."""
    asset = table("asset").c
    wanted = select(table("asset")).order_by(asset.name, asset.id)
    for column, value in ((asset.kind, kind), (asset.hub, hub), (asset.holder, holder)):
        if value is not None:
            wanted = wanted.where(column == value)
    if day is not None:
        wanted = wanted.where(stands(table("asset"), day))
    return _seen(session, list(session.connection().execute(wanted).mappings()))


def _seen(session: Session, rows: list[Row]) -> list[Json]:
    held = {row["holder"] for row in rows if row["holder"] is not None}
    holders = members.shown(session, held)
    found = []
    for row in rows:
        one = picked(row, _SHOWN)
        if row["holder"] is not None:
            holder = holders[row["holder"]]
            one["holder"] = {name: holder[name] for name in ("id", "kind", "name")}
        found.append(one)
    return found


def _placed(session: Session, postcode: str | None) -> Json:
    """Where a postcode lies, as columns.

    Raises:
        Problem: 422 that says which part of it is wrong.
    """
    if postcode is None:
        return {"postcode": None, "latitude": None, "longitude": None}
    try:
        point, code = point_of(session, postcode), parse(postcode)
    except BadPostcode as error:
        words = "Where is it?"
        raise Problem(422, words, error.words, element="postcode", **error.members) from None
    return {"postcode": code.lookups[0], "latitude": point.latitude, "longitude": point.longitude}


def _locked(uow: UnitOfWork, key: UUID) -> Row:
    source = table("asset")
    wanted = select(source).where(source.c.id == key).with_for_update()
    row = uow.session.connection().execute(wanted).mappings().one_or_none()
    if row is None:
        raise Problem(404, "Not found", "There is no asset with this id.", element="id")
    return row
