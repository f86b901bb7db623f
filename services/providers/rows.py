"""From a listing in HSDS shape to table rows, and rows into the database in one order that fits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    String,
    Table,
    any_,
    delete,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers import hsds, many, tables

Rows = dict[str, list[dict[str, Any]]]
"""Rows by table name."""

ORDER = [table.name for table in tables.metadata.sorted_tables]
"""Tables so that a row's parents come before it."""


def child_id(parent: UUID, kind: str, number: int, given: UUID | None) -> UUID:
    """An entity's id: the one it came with, else one that follows from its parent's and its place.

    Sending the same listing twice then names the same entities.
    """
    return given or uuid5(parent, f"{kind}/{number}")


def _columns(model: BaseModel, table: str) -> dict[str, Any]:
    """The fields of `model` that are columns of `table`, nothing nested."""
    said = vars(model)
    found = {
        name: said[name]
        for name in _of_both(type(model), table)
        if not _is_nested(said[name].__class__)
    }
    for name, least in _rounded(table):
        if found.get(name) is not None:
            found[name] = float(Decimal(repr(found[name])).quantize(least, ROUND_HALF_UP))
    return found


@cache
def _is_nested(kind: type) -> bool:
    """Asked of each value of each row, and pydantic's models take long to say what they are."""
    return issubclass(kind, tuple | BaseModel)


@cache
def _of_both(model: type[BaseModel], table: str) -> tuple[str, ...]:
    """The names that are a field of one and a column of the other."""
    return tuple(each for each in model.model_fields if each in tables.metadata.tables[table].c)


@cache
def _rounded(table: str) -> tuple[tuple[str, Decimal], ...]:
    """Columns for money, and their smallest coin: rounded here as PostgreSQL would, so that a row
    is what will stand there."""
    columns = tables.metadata.tables[table].columns
    return tuple(
        (column.name, Decimal(1).scaleb(-(column.type.scale or 0)))
        for column in columns
        if type(column.type) is Numeric
    )


class _Builder:
    """Collects the rows of one listing."""

    def __init__(self) -> None:
        self.rows: Rows = defaultdict(list)

    def each(
        self, table: str, models: Sequence[BaseModel], parent: UUID, **fixed: Any
    ) -> Iterable[tuple[UUID, Any]]:
        """Add one row per model; gives each one's id and the model, for what is below it."""
        for number, model in enumerate(models):
            key = child_id(parent, table, number, getattr(model, "id", None))
            self.rows[table].append({**_columns(model, table), "id": key, **fixed})
            yield key, model

    def all(self, table: str, models: Sequence[BaseModel], parent: UUID, **fixed: Any) -> None:
        """Add one row per model where nothing is below them."""
        for _ in self.each(table, models, parent, **fixed):
            pass

    def attributes(self, owner: UUID, entity: str, models: Sequence[hsds.Attribute]) -> None:
        """Add an entity's links to terms."""
        self.all("attribute", models, owner, link_id=owner, link_entity=entity)

    def schedules(
        self, parent: UUID, models: Sequence[hsds.Schedule], service: UUID, at: UUID | None
    ) -> None:
        """Add times, with the plain days beside each rule."""
        for number, model in enumerate(models):
            hours = {
                name: said and said.replace(tzinfo=None)
                for name in ("opens_at", "closes_at")
                for said in [getattr(model, name)]
            }
            self.rows["schedule"].append(
                _columns(model, "schedule")
                | hours  # on the clock of the place, whatever zone somebody put there
                | {
                    "id": child_id(parent, "schedule", number, model.id),
                    "service_id": service,
                    "service_at_location_id": at,
                    "days": weekdays(model.byday),
                }
            )

    def location(self, model: hsds.Location, key: UUID, owner: UUID) -> None:
        """Add a location and all below it."""
        self.rows["location"].append(
            {**_columns(model, "location"), "id": key, "organization_id": owner}
        )
        self.all("address", model.addresses, key, location_id=key)
        self.all("accessibility", model.accessibility, key, location_id=key)
        self.attributes(key, "location", model.attributes)


def weekdays(byday: str | None) -> list[str]:
    """The days of an iCal `byday` without their ordinals: "2MO,-1FR" is MO and FR."""
    return sorted({part[-2:] for part in byday.split(",")}) if byday else []


def of_organization(model: hsds.Organization, key: UUID) -> Rows:
    """The rows of an organisation."""
    built = _Builder()
    own = {"id": key, "hub": model.kersey.hub}
    built.rows["organization"].append(_columns(model, "organization") | own)
    built.all("organization_identifier", model.organization_identifiers, key, organization_id=key)
    built.attributes(key, "organization", model.attributes)
    return built.rows


def of_service(model: hsds.Service, key: UUID) -> Rows:
    """The rows of a service and everything below it; capacity, which has a life of its own, is not
    among them.
    """
    built = _Builder()
    points = {
        (at.location.latitude, at.location.longitude)
        for at in model.service_at_locations
        if at.location.latitude is not None
    }
    latitude, longitude = next(iter(points)) if len(points) == 1 else (None, None)
    own = {
        "id": key,
        "tier": int(model.kersey.tier),
        "ask_by": str(model.kersey.ask_by),
        "hub": model.kersey.hub,
        "assured_by": model.kersey.assured_by,
        "referral_email": model.kersey.referral_email,
        "referral_phone": model.kersey.referral_phone,
        "located": bool(points),
        "latitude": latitude,
        "longitude": longitude,
    }
    built.rows["service"].append(_columns(model, "service") | own)
    for number, at in enumerate(model.service_at_locations):
        here = child_id(key, "service_at_location", number, at.id)
        place = child_id(key, "location", number, at.location.id)
        built.location(at.location, place, model.organization_id)
        built.rows["service_at_location"].append(
            {
                "id": here,
                "service_id": key,
                "location_id": place,
                "description": at.description,
            }
        )
        built.schedules(here, at.schedules, key, here)
    built.schedules(key, model.schedules, key, None)
    for table, models in (
        ("service_area", model.service_areas),
        ("funding", model.funding),
        ("cost_option", model.cost_options),
    ):
        built.all(table, models, key, service_id=key)
    built.all("language", model.languages, key, service_id=key, phone_id=None)
    for contact, said in built.each("contact", model.contacts, key, service_id=key):
        built.attributes(contact, "contact", said.attributes)
        for phone, number in built.each("phone", said.phones, contact, contact_id=contact):
            built.all("language", number.languages, phone, service_id=None, phone_id=phone)
    built.all("tier_evidence", model.kersey.evidence, key, service_id=key)
    built.attributes(key, "service", model.attributes)
    return built.rows


def of_taxonomy(model: hsds.Taxonomy) -> Rows:
    """The rows of a taxonomy and its terms."""
    built = _Builder()
    built.rows["taxonomy"].append(_columns(model, "taxonomy"))
    built.all("taxonomy_term", model.taxonomy_terms, model.id, taxonomy_id=model.id)
    return built.rows


# --- into the database -----------------------------------------------------------------------


def table(name: str) -> Table:
    """A table of the directory by name."""
    return tables.metadata.tables[name]


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column is one of some values, as one array: for any number of them the statement is
    the same text, which is written, read and planned once.

    Texts are no column's: an array of the column's own type would be cut to its length.
    """
    kind = String() if column.type.python_type is str else column.type
    return column == any_(literal(list(values), ARRAY(kind)))


UPSERTED: dict[str, frozenset[str]] = {
    "organization": frozenset({"id"}),
    "service": frozenset({"id"}),
    "location": frozenset({"id", "organization_id"}),
    "hub": frozenset({"code"}),
    "place": frozenset({"code"}),
    "taxonomy": frozenset({"id"}),
    "taxonomy_term": frozenset({"id"}),
}
"""Tables whose rows others refer to, so that they are rewritten in place; and the columns that a
rewrite leaves alone."""


def store(
    session: Session,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    new: Collection[Any] = (),
) -> None:
    """Write rows, parents first, one statement per table. A row given twice is written once.

    Args:
        session: where to write.
        rows: by table name.
        new: keys that are not there yet. They are inserted and never overwrite, so that of two
            who list the same id at the same moment one is refused.

    Raises:
        sqlalchemy.exc.IntegrityError: a row that should be new is there, or a parent is not.
    """
    for name in ORDER:
        key = next(iter(table(name).primary_key.columns)).name
        once = list({row[key]: row for row in rows.get(name, ())}.values())
        upserted = [row for row in once if name in UPSERTED and row[key] not in new]
        inserted = [row for row in once if name not in UPSERTED or row[key] in new]
        many.insert(session, name, inserted)
        if upserted:
            changing = upserted[0].keys() - UPSERTED[name]
            many.insert(session, name, upserted, known_by=(key,), changing=sorted(changing))


def clear_services(session: Session, keys: Sequence[UUID]) -> None:
    """Remove everything below services; they, their capacity and their locations stay."""
    if not keys:
        return
    contacts = select(table("contact").c.id).where(table("contact").c.service_id.in_(keys))
    phones = select(table("phone").c.id).where(table("phone").c.contact_id.in_(contacts))
    run = session.connection().execute
    _unlink(session, "contact", contacts)
    _unlink(session, "service", keys)
    run(delete(table("language")).where(table("language").c.phone_id.in_(phones)))
    run(delete(table("phone")).where(table("phone").c.contact_id.in_(contacts)))
    for name in (
        "schedule",
        "service_at_location",
        "service_area",
        "funding",
        "cost_option",
        "language",
        "contact",
        "tier_evidence",
    ):
        run(delete(table(name)).where(table(name).c.service_id.in_(keys)))


def clear_locations(session: Session, keys: Sequence[UUID]) -> None:
    """Remove everything below locations; the locations themselves stay."""
    if not keys:
        return
    run = session.connection().execute
    for name in ("address", "accessibility"):
        run(delete(table(name)).where(table(name).c.location_id.in_(keys)))
    _unlink(session, "location", keys)


def clear_organizations(session: Session, keys: Sequence[UUID]) -> None:
    """Remove what is below organisations; they and their services stay."""
    if not keys:
        return
    run = session.connection().execute
    identifiers = table("organization_identifier")
    run(delete(identifiers).where(identifiers.c.organization_id.in_(keys)))
    _unlink(session, "organization", keys)


def _unlink(session: Session, entity: str, keys: Sequence[UUID] | Select[tuple[UUID]]) -> None:
    """Remove the links to terms of one kind of entity: whoever lists something chooses its id, and
    might choose that of another thing."""
    attribute = table("attribute")
    session.connection().execute(
        delete(attribute).where(attribute.c.link_entity == entity, attribute.c.link_id.in_(keys))
    )
