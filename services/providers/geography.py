"""The official geography over HTTP: where a postcode lies, and areas with their boundaries."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Response
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import func, select
from sqlmodel import Session

from services.providers.dependencies import Known
from services.providers.gazetteer import BadPostcode, parse
from services.providers.nested import Json, picked
from services.providers.official.boundaries import GSS
from services.providers.paging import envelope
from services.providers.queries import Page, Text, asked, described, refused
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.problems import Problem

reads = APIRouter(prefix="/directory", tags=["places"])

_DAY = {"Cache-Control": "public, max-age=86400"}
"""Official geography changes a few times a year."""


class AreaList(Page):
    """GET /areas."""

    kind: Literal["local-authority", "ward", "lsoa"] | SkipJsonSchema[None] = None
    within: Text | SkipJsonSchema[None] = None


@reads.get("/postcodes/{postcode}")
def read_postcode(directory: Known, postcode: str) -> Response:
    """Where a postcode lies, as exactly as the gazetteer knows: `known` says which part it knew."""
    try:
        code = parse(postcode)
    except BadPostcode as error:
        raise refused("postcode", error.words) from None
    with UnitOfWork(directory.engine) as uow:
        found = _lies(uow.session, code.lookups)
    if found is None:
        words = f"No place is known for this postcode, nor for its district, {code.outward}."
        raise Problem(404, "Not found", words, element="postcode")
    return Response(orjson.dumps(found), headers=_DAY, media_type="application/json")


def _lies(session: Session, lookups: list[str]) -> Json | None:
    place, area = table("place"), table("area")
    run = session.connection().execute
    rows = {
        row["code"]: row for row in run(select(place).where(place.c.code.in_(lookups))).mappings()
    }
    row = next((rows[code] for code in lookups if code in rows), None)
    if row is None:
        return None
    codes = [row[name] for name in ("ward", "local_authority", "lsoa") if row[name]]
    named = select(area.c.code, area.c.name).where(area.c.code.in_(codes))
    names = {each.code: each.name for each in run(named)}
    found = {"postcode": lookups[0], "known": row["code"]}
    found |= picked(row, "latitude longitude hub")
    for name in ("ward", "local_authority", "lsoa"):
        if row[name]:
            found[name] = {"code": row[name]} | (
                {"name": names[row[name]]} if row[name] in names else {}
            )
    if row["decile"] is not None:
        found["deprivation_decile"] = row["decile"]
    return found


@reads.get("/areas", openapi_extra=described(AreaList))
def list_areas(directory: Known, query: Annotated[AreaList, Depends(asked(AreaList))]) -> Response:
    """Areas without their boundaries, one page at a time."""
    area = table("area")
    wanted = select(area).order_by(area.c.kind, area.c.name, area.c.code)
    if query.kind is not None:
        wanted = wanted.where(area.c.kind == query.kind)
    if query.within is not None:
        wanted = wanted.where(area.c.parent == query.within)
    with UnitOfWork(directory.engine) as uow:
        run = uow.session.connection().execute
        total = run(select(func.count()).select_from(wanted.order_by(None).subquery())).scalar_one()
        rows = run(wanted.limit(query.per_page).offset(query.offset)).mappings().all()
    contents = [_area(row) for row in rows]
    return Response(
        orjson.dumps(envelope(query, total, contents)), headers=_DAY, media_type="application/json"
    )


@reads.get("/areas/{code}", responses={200: {"content": {"application/geo+json": {"schema": {}}}}})
def read_area(directory: Known, code: str) -> Response:
    """An area with its boundary, as a GeoJSON Feature (RFC 7946)."""
    area = table("area")
    row = None
    if GSS.fullmatch(code):
        with UnitOfWork(directory.engine) as uow:
            run = uow.session.connection().execute
            row = run(select(area).where(area.c.code == code)).mappings().one_or_none()
    if row is None:
        raise Problem(404, "Not found", "There is no area with this code.", element="code")
    feature = {
        "type": "Feature",
        "id": row["code"],
        "properties": _area(row),
        "geometry": orjson.Fragment(row["boundary"] or "null"),
    }
    return Response(orjson.dumps(feature), headers=_DAY, media_type="application/geo+json")


def _area(row: Any) -> Json:
    return picked(row, "code kind name parent") | (
        {} if row["decile"] is None else {"deprivation_decile": row["decile"]}
    )
