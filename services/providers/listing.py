"""Listings as they go out: HSDS 3.0 / Open Referral UK JSON from the tables.

What is empty is absent, never null (Open Referral UK compliance). A page of services costs a
fixed number of statements, however long the page.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.providers import capacities, domain
from services.providers.assurance import looks
from services.providers.nested import (
    TERM,
    Children,
    Json,
    Row,
    Terms,
    entities,
    picked,
    plain,
    with_nested,
)

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
TAXONOMY = "id name description uri version"


def organizations(session: Session, keys: Sequence[UUID], *, full: bool) -> dict[UUID, Json]:
    """Organisations by id; `full` with what is below them."""
    children = Children(session)
    rows = children.by_id("organization", keys)
    if not full:
        return {key: picked(row, ORGANIZATION) for key, row in rows.items()}
    identifiers = children.of("organization_identifier", "organization_id", keys)
    terms = Terms(children, keys)
    return {
        key: with_nested(
            picked(row, ORGANIZATION),
            organization_identifiers=entities(
                identifiers.get(key, ()),
                "id organization_id identifier_scheme identifier_type identifier",
            ),
            attributes=terms.attributes("organization", key),
        )
        for key, row in rows.items()
    }


def organization_listings(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Whole public listings of organisations by id: what their events carry."""
    rows = Children(session).by_id("organization", keys)
    found = organizations(session, keys, full=True)
    return {
        key: found[key] | {"kersey": with_nested({"version": row["version"]}, hub=row["hub"])}
        for key, row in rows.items()
    }


def services(
    session: Session, keys: Sequence[UUID], *, full: bool, now: datetime | None = None
) -> dict[UUID, Json]:
    """Services by id.

    Args:
        session: where to read.
        keys: which services; unknown ones are left out.
        full: with everything below them, else only what there is one of (HSDS service list).
        now: the present instant: a capacity that has expired is not shown. Without it none is.
    """
    children = Children(session)
    rows = children.by_id("service", keys)
    owners = organizations(session, [row["organization_id"] for row in rows.values()], full=full)
    if full:
        return _full(session, rows, owners, now)
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
    session: Session, rows: Mapping[UUID, Row], owners: Mapping[UUID, Json], now: datetime | None
) -> dict[UUID, Json]:
    children = Children(session)
    keys = list(rows)
    rooms = children.of("capacity", "service_id", keys if now else ())
    below = {name: children.of(name, "service_id", keys) for name in BELOW}
    ats = [at for each in below["service_at_location"].values() for at in each]
    sites = locations(session, {at["location_id"] for at in ats})
    contacts = [contact["id"] for each in below["contact"].values() for contact in each]
    phones = _phones(children, contacts)
    terms = Terms(children, [*keys, *contacts])
    found = {}
    for key, row in rows.items():
        times = below["schedule"].get(key, [])
        found[key] = with_nested(
            _basic(row),
            organization=owners[row["organization_id"]],
            schedules=_schedules(each for each in times if not each["service_at_location_id"]),
            service_areas=entities(
                below["service_area"].get(key, ()),
                "id service_id name description extent extent_type uri",
            ),
            service_at_locations=[
                with_nested(
                    picked(at, "id service_id location_id description"),
                    location=sites[at["location_id"]],
                    schedules=_schedules(
                        each for each in times if each["service_at_location_id"] == at["id"]
                    ),
                )
                for at in below["service_at_location"].get(key, ())
            ],
            languages=entities(below["language"].get(key, ()), "id service_id name code note"),
            funding=entities(below["funding"].get(key, ()), "id service_id source"),
            cost_options=entities(
                below["cost_option"].get(key, ()),
                "id service_id valid_from valid_to option currency amount amount_description",
            ),
            contacts=entities(
                below["contact"].get(key, ()),
                "id service_id name title department email",
                lambda contact: {
                    "phones": phones.get(contact["id"]),
                    "attributes": terms.attributes("contact", contact["id"]),
                },
            ),
            capacities=[
                each
                for said in rooms.get(key, ())
                if now and (each := capacities.available(said, now)) is not None
            ],
            attributes=terms.attributes("service", key),
        )
    return found


def _schedules(rows: Iterable[Row]) -> list[Json]:
    return entities(
        rows,
        "id service_id service_at_location_id valid_from valid_to dtstart freq interval byday"
        " bymonthday description opens_at closes_at schedule_link attending_type notes",
    )


def _phones(children: Children, contacts: Collection[UUID]) -> dict[UUID, list[Json]]:
    rows = children.of("phone", "contact_id", contacts)
    spoken = children.of(
        "language", "phone_id", [row["id"] for each in rows.values() for row in each]
    )
    return {
        contact: entities(
            each,
            "id contact_id number description",
            lambda row: {
                "languages": entities(spoken.get(row["id"], ()), "id phone_id name code note")
            },
        )
        for contact, each in rows.items()
    }


ADDRESS = (
    "id location_id attention address_1 city region state_province postal_code country address_type"
)
_NOWHERE = {"city": "", "state_province": "", "postal_code": ""}
"""What HSDS's address requires and a feed leaves empty: said to be empty, not left out."""


def locations(session: Session, keys: Collection[UUID]) -> dict[UUID, Json]:
    """Locations by id, with what is below them."""
    children = Children(session)
    rows = children.by_id("location", keys)
    addresses = children.of("address", "location_id", keys)
    accesses = children.of("accessibility", "location_id", keys)
    terms = Terms(children, keys)
    return {
        key: with_nested(
            picked(row, LOCATION),
            addresses=[_NOWHERE | picked(each, ADDRESS) for each in addresses.get(key, ())],
            accessibility=entities(
                accesses.get(key, ()), "id location_id description details url accessibility"
            ),
            attributes=terms.attributes("location", key),
        )
        for key, row in rows.items()
    }


def service_at_locations(
    session: Session, keys: Sequence[UUID], *, full: bool, now: datetime
) -> dict[UUID, Json]:
    """Services at locations by id, each with its service and location."""
    children = Children(session)
    rows = children.by_id("service_at_location", keys)
    places = [row["location_id"] for row in rows.values()]
    if full:
        sites = locations(session, places)
    else:
        sites = {
            key: picked(row, LOCATION) for key, row in children.by_id("location", places).items()
        }
    offered = services(session, [row["service_id"] for row in rows.values()], full=full, now=now)
    times = children.of("schedule", "service_at_location_id", list(rows) if full else [])
    return {
        key: with_nested(
            picked(row, "id service_id location_id description"),
            location=sites[row["location_id"]],
            schedules=_schedules(times.get(key, ())),
        )
        | {"service": offered[row["service_id"]]}
        for key, row in rows.items()
    }


def taxonomies(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Taxonomies by id, without their terms."""
    rows = Children(session).by_id("taxonomy", keys)
    return {key: picked(row, TAXONOMY) for key, row in rows.items()}


def taxonomy_terms(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Terms by id, each with its taxonomy's name."""
    children = Children(session)
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


def listings(session: Session, keys: Sequence[UUID], now: datetime) -> dict[UUID, Json]:
    """Whole public listings by id: the HSDS service and Kersey's part. What events carry."""
    children = Children(session)
    rows = children.by_id("service", keys)
    found = services(session, keys, full=True, now=now)
    rooms = children.of("capacity", "service_id", keys)
    assurances = children.of("assurance", "service_id", keys)
    evidence = children.of("tier_evidence", "service_id", keys)
    places = children.of("service_at_location", "service_id", keys)
    sites = {key: [at["location_id"] for at in places.get(key, ())] for key in keys}
    terms = Terms(children, [*keys, *(site for each in sites.values() for site in each)])
    for key, row in rows.items():
        standing = domain.standing(
            domain.Tier(row["tier"]),
            (domain.Evidence(each["kind"], each["expires"]) for each in evidence.get(key, ())),
            now.date(),
        )
        found[key]["kersey"] = with_nested(
            {
                "version": row["version"],
                "tier": int(standing.tier),
                "tier_asked": row["tier"],
                "capacity": capacities.known(next(iter(rooms.get(key, ())), None), now),
                "assurance": looks.shown(
                    next(iter(assurances.get(key, ())), None), row["assured_date"], now
                ),
                "referral": {"ask_by": str(row["ask_by"])}
                | with_nested({}, email=row["referral_email"], phone=row["referral_phone"]),
            },
            tier_until=plain(standing.until),
            tier_missing=list(standing.missing),
            hub=row["hub"],
            assured_by=row["assured_by"],
            **_classified(terms, key, sites[key]),
        )
    return found


def _classified(terms: Terms, service: UUID, sites: Sequence[UUID]) -> dict[str, Any]:
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
