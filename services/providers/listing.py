"""Listings as they go out: HSDS 3.0 / Open Referral UK JSON from the tables.

What is empty is absent, never null (Open Referral UK compliance). A page of services costs a
fixed number of statements, however long the page.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlmodel import Session

from services.providers import domain
from services.providers.rows import table

Json = dict[str, Any]
Row = RowMapping

SERVICE = (
    "id organization_id name alternate_name description url email status interpretation_services"
    " application_process fees fees_description accreditations eligibility_description minimum_age"
    " maximum_age assured_date assurer_email alert last_modified"
)
ORGANIZATION = (
    "id name alternate_name description email website logo uri legal_status year_incorporated"
    " parent_organization_id"
)
LOCATION = (
    "id location_type name alternate_name description transportation latitude longitude"
    " external_identifier external_identifier_type"
)
BELOW = (
    "schedule",
    "service_area",
    "funding",
    "cost_option",
    "language",
    "contact",
    "service_at_location",
)
TERM = "id code name description parent_id taxonomy_id term_uri"
TAXONOMY = "id name description uri version"
ROOM = "places waiting first_date keeps_list counted expires"


def plain(value: Any) -> Any:
    """A column's value as JSON: instants in UTC with milliseconds, times as HH:MM."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def picked(row: Row, names: str) -> Json:
    """The columns named, separated by spaces, that hold something."""
    return {name: plain(row[name]) for name in names.split() if row[name] not in (None, "")}


def picked_json(entity: Json, names: Iterable[str]) -> Json:
    """The named members that are there."""
    return {name: entity[name] for name in names if name in entity}


def _with(entity: Json, **nested: Any) -> Json:
    """An entity with those of its nested entities that are there."""
    return entity | {name: value for name, value in nested.items() if value}


class _Children:
    """Rows of child tables, fetched once for a whole page and grouped by parent."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, name: str, column: str, parents: Collection[UUID]) -> dict[UUID, list[Row]]:
        """All rows of table `name` whose `column` is among `parents`, in a lasting order."""
        grouped: dict[UUID, list[Row]] = defaultdict(list)
        if parents:
            source = table(name)
            wanted = select(source).where(source.c[column].in_(parents))
            wanted = wanted.order_by(*source.primary_key)
            for row in self._session.connection().execute(wanted).mappings():
                grouped[row[column]].append(row)
        return grouped

    def by_id(self, name: str, keys: Collection[UUID]) -> dict[UUID, Row]:
        """Rows of table `name` by id."""
        return {key: rows[0] for key, rows in self.of(name, "id", keys).items()}


def _entities(
    rows: Iterable[Row], names: str, more: Callable[[Row], Json] | None = None
) -> list[Json]:
    return [_with(picked(row, names), **(more(row) if more else {})) for row in rows]


class _Terms:
    """Attributes of entities, with their terms; ids tell apart things of one kind only."""

    def __init__(self, children: _Children, owners: Collection[UUID]) -> None:
        links = [
            link for rows in children.of("attribute", "link_id", owners).values() for link in rows
        ]
        self._links: dict[tuple[str, UUID], list[Row]] = defaultdict(list)
        for link in links:
            self._links[link["link_entity"], link["link_id"]].append(link)
        self._terms = children.by_id("taxonomy_term", {link["taxonomy_term_id"] for link in links})
        taxonomies = {term["taxonomy_id"] for term in self._terms.values()}
        self._taxonomies = children.by_id("taxonomy", taxonomies)

    def attributes(self, entity: str, owner: UUID) -> list[Json]:
        """An entity's attributes in HSDS shape."""
        return [
            picked(link, "id link_id taxonomy_term_id link_type value")
            | {"link_entity": link["link_entity"], "taxonomy_term": self._term(link)}
            for link in self._links.get((entity, owner), ())
        ]

    def answers(self, entity: str, owner: UUID) -> Iterable[tuple[str, str, bool]]:
        """(taxonomy code, term code, yes or no) of an entity's attributes."""
        for link in self._links.get((entity, owner), ()):
            term = self._terms[link["taxonomy_term_id"]]
            taxonomy = self._taxonomies[term["taxonomy_id"]]
            yield taxonomy["code"], term["code"], link["value"] != "no"

    def _term(self, link: Row) -> Json:
        term = self._terms[link["taxonomy_term_id"]]
        return picked(term, TERM) | {"taxonomy": self._taxonomies[term["taxonomy_id"]]["name"]}


def organizations(session: Session, keys: Sequence[UUID], *, full: bool) -> dict[UUID, Json]:
    """Organisations by id; `full` with what is below them."""
    children = _Children(session)
    rows = children.by_id("organization", keys)
    if not full:
        return {key: picked(row, ORGANIZATION) for key, row in rows.items()}
    identifiers = children.of("organization_identifier", "organization_id", keys)
    terms = _Terms(children, keys)
    return {
        key: _with(
            picked(row, ORGANIZATION),
            organization_identifiers=_entities(
                identifiers.get(key, ()),
                "id organization_id identifier_scheme identifier_type identifier",
            ),
            attributes=terms.attributes("organization", key),
        )
        for key, row in rows.items()
    }


def organization_listings(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Whole public listings of organisations by id: what their events carry."""
    rows = _Children(session).by_id("organization", keys)
    found = organizations(session, keys, full=True)
    return {
        key: found[key] | {"kersey": _with({"version": row["version"]}, hub=row["hub"])}
        for key, row in rows.items()
    }


def services(session: Session, keys: Sequence[UUID], *, full: bool) -> dict[UUID, Json]:
    """Services by id.

    Args:
        session: where to read.
        keys: which services; unknown ones are left out.
        full: with everything below them, else only what there is one of (HSDS service list).
    """
    children = _Children(session)
    rows = children.by_id("service", keys)
    owners = organizations(session, [row["organization_id"] for row in rows.values()], full=full)
    if full:
        return _full(children, rows, owners)
    return {
        key: _basic(row) | {"organization": owners[row["organization_id"]]}
        for key, row in rows.items()
    }


def _basic(row: Row) -> Json:
    service = picked(row, SERVICE)
    if row["withdrawn"] is not None:
        service["status"] = "defunct"
    return service


def _full(
    children: _Children, rows: Mapping[UUID, Row], owners: Mapping[UUID, Json]
) -> dict[UUID, Json]:
    keys = list(rows)
    below = {name: children.of(name, "service_id", keys) for name in BELOW}
    ats = [at for each in below["service_at_location"].values() for at in each]
    locations = _locations(children, {at["location_id"] for at in ats})
    contacts = [contact["id"] for each in below["contact"].values() for contact in each]
    phones = _phones(children, contacts)
    terms = _Terms(children, [*keys, *contacts])
    found = {}
    for key, row in rows.items():
        times = below["schedule"].get(key, [])
        found[key] = _with(
            _basic(row),
            organization=owners[row["organization_id"]],
            schedules=_schedules(each for each in times if not each["service_at_location_id"]),
            service_areas=_entities(
                below["service_area"].get(key, ()),
                "id service_id name description extent extent_type uri",
            ),
            service_at_locations=[
                _with(
                    picked(at, "id service_id location_id description"),
                    location=locations[at["location_id"]],
                    schedules=_schedules(
                        each for each in times if each["service_at_location_id"] == at["id"]
                    ),
                )
                for at in below["service_at_location"].get(key, ())
            ],
            languages=_entities(below["language"].get(key, ()), "id service_id name code note"),
            funding=_entities(below["funding"].get(key, ()), "id service_id source"),
            cost_options=_entities(
                below["cost_option"].get(key, ()),
                "id service_id valid_from valid_to option currency amount amount_description",
            ),
            contacts=_entities(
                below["contact"].get(key, ()),
                "id service_id name title department email",
                lambda contact: {
                    "phones": phones.get(contact["id"]),
                    "attributes": terms.attributes("contact", contact["id"]),
                },
            ),
            attributes=terms.attributes("service", key),
        )
    return found


def _schedules(rows: Iterable[Row]) -> list[Json]:
    return _entities(
        rows,
        "id service_id service_at_location_id valid_from valid_to dtstart freq interval byday"
        " bymonthday description opens_at closes_at schedule_link attending_type notes",
    )


def _phones(children: _Children, contacts: Collection[UUID]) -> dict[UUID, list[Json]]:
    rows = children.of("phone", "contact_id", contacts)
    spoken = children.of(
        "language", "phone_id", [row["id"] for each in rows.values() for row in each]
    )
    return {
        contact: _entities(
            each,
            "id contact_id number description",
            lambda row: {
                "languages": _entities(spoken.get(row["id"], ()), "id phone_id name code note")
            },
        )
        for contact, each in rows.items()
    }


def _locations(children: _Children, keys: Collection[UUID]) -> dict[UUID, Json]:
    rows = children.by_id("location", keys)
    addresses = children.of("address", "location_id", keys)
    accesses = children.of("accessibility", "location_id", keys)
    terms = _Terms(children, keys)
    return {
        key: _with(
            picked(row, LOCATION),
            addresses=_entities(
                addresses.get(key, ()),
                "id location_id attention address_1 city region state_province postal_code country"
                " address_type",
            ),
            accessibility=_entities(
                accesses.get(key, ()), "id location_id description details url accessibility"
            ),
            attributes=terms.attributes("location", key),
        )
        for key, row in rows.items()
    }


def service_at_locations(session: Session, keys: Sequence[UUID], *, full: bool) -> dict[UUID, Json]:
    """Services at locations by id, each with its service and location."""
    children = _Children(session)
    rows = children.by_id("service_at_location", keys)
    places = [row["location_id"] for row in rows.values()]
    if full:
        locations = _locations(children, places)
    else:
        locations = {
            key: picked(row, LOCATION) for key, row in children.by_id("location", places).items()
        }
    offered = services(session, [row["service_id"] for row in rows.values()], full=full)
    times = children.of("schedule", "service_at_location_id", list(rows) if full else [])
    return {
        key: _with(
            picked(row, "id service_id location_id description"),
            location=locations[row["location_id"]],
            schedules=_schedules(times.get(key, ())),
        )
        | {"service": offered[row["service_id"]]}
        for key, row in rows.items()
    }


def taxonomies(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Taxonomies by id, without their terms."""
    rows = _Children(session).by_id("taxonomy", keys)
    return {key: picked(row, TAXONOMY) for key, row in rows.items()}


def taxonomy_terms(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Terms by id, each with its taxonomy's name."""
    children = _Children(session)
    rows = children.by_id("taxonomy_term", keys)
    names = children.by_id("taxonomy", {row["taxonomy_id"] for row in rows.values()})
    return {
        key: picked(row, TERM)
        | {
            "taxonomy": names[row["taxonomy_id"]]["name"],
            "taxonomy_detail": picked(names[row["taxonomy_id"]], TAXONOMY),
        }
        for key, row in rows.items()
    }


# --- Kersey's own part -----------------------------------------------------------------------


def room(row: Row) -> domain.Room:
    """A capacity row as the rules see it."""
    return domain.Room(
        state=domain.CapacityState(row["state"]),
        **{name: row[name] for name in ROOM.split()},
    )


def capacity(row: Row | None, now: datetime) -> Json:
    """A service's capacity for readers: what has expired is unknown, and says since when."""
    if row is None:
        return {"state": domain.CapacityState.UNKNOWN.value}
    state = domain.known(room(row), now)
    said: Json = {"state": state.value} | picked(row, "updated expires")
    if state is not domain.CapacityState.UNKNOWN:
        said |= picked(row, "places waiting")
        if row["first_date"] is not None and row["first_date"] > now.date():
            said |= picked(row, "first_date")
    return said | {"keeps_list": row["keeps_list"]}


def listings(session: Session, keys: Sequence[UUID], now: datetime) -> dict[UUID, Json]:
    """Whole public listings by id: the HSDS service and Kersey's part. What events carry."""
    children = _Children(session)
    rows = children.by_id("service", keys)
    found = services(session, keys, full=True)
    rooms = children.of("capacity", "service_id", keys)
    evidence = children.of("tier_evidence", "service_id", keys)
    places = children.of("service_at_location", "service_id", keys)
    sites = {key: [at["location_id"] for at in places.get(key, ())] for key in keys}
    terms = _Terms(children, [*keys, *(site for each in sites.values() for site in each)])
    for key, row in rows.items():
        standing = domain.standing(
            domain.Tier(row["tier"]),
            (domain.Evidence(each["kind"], each["expires"]) for each in evidence.get(key, ())),
            now.date(),
        )
        found[key]["kersey"] = _with(
            {
                "version": row["version"],
                "tier": int(standing.tier),
                "tier_asked": row["tier"],
                "capacity": capacity(next(iter(rooms.get(key, ())), None), now),
                "referral": {"ask_by": str(row["ask_by"])}
                | _with({}, email=row["referral_email"], phone=row["referral_phone"]),
            },
            tier_until=plain(standing.until),
            tier_missing=list(standing.missing),
            hub=row["hub"],
            assured_by=row["assured_by"],
            **_classified(terms, key, sites[key]),
        )
    return found


def _classified(terms: _Terms, service: UUID, sites: Sequence[UUID]) -> dict[str, Any]:
    """Term codes by taxonomy, such as `need`; and `access` with yes or no by code."""
    codes: dict[str, list[str]] = defaultdict(list)
    access: dict[str, bool] = {}
    owners = [("service", service), *(("location", site) for site in sites)]
    for entity, owner in owners:
        for taxonomy, code, yes in terms.answers(entity, owner):
            if taxonomy == "access":
                access[code] = access.get(code, True) and yes
            elif yes and entity == "service":
                codes[taxonomy].append(code)
    return {
        "terms": {taxonomy: sorted(each) for taxonomy, each in sorted(codes.items())},
        "access": dict(sorted(access.items())),
    }
