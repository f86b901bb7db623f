"""What listings say, gathered from their tables: HSDS 3.0 / Open Referral UK JSON.

What is empty is absent, never null (Open Referral UK compliance). A number of services costs a
fixed number of statements, some thirty, however many they are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.providers.nested import (
    Children,
    Json,
    Row,
    Terms,
    Written,
    described,
    entities,
    picked,
    with_nested,
)

SERVICE = (
    "id organization_id name alternate_name description url email status interpretation_services"
    " application_process fees fees_description accreditations eligibility_description minimum_age"
    " maximum_age assured_date assurer_email alert"
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


def organizations(session: Session, keys: Sequence[UUID], *, full: bool) -> dict[UUID, Json]:
    """Organisations by id; `full` with what is below them."""
    children = Children(session)
    rows = children.by_id("organization", keys)
    if not full:
        return {key: described(row, ORGANIZATION) for key, row in rows.items()}
    identifiers = children.of("organization_identifier", "organization_id", keys)
    terms = Terms(children, keys)
    return {
        key: with_nested(
            described(row, ORGANIZATION),
            organization_identifiers=entities(
                identifiers.get(key, ()),
                "id organization_id identifier_scheme identifier_type identifier",
            ),
            attributes=terms.attributes("organization", key),
        )
        for key, row in rows.items()
    }


def documents(
    session: Session, keys: Collection[UUID], written: Mapping[str, Iterable[Row]] | None = None
) -> dict[UUID, Json]:
    """Whole public listings of services by id, without what moves by itself.

    That is all but what a read works out from the present instant, or that changes more often than
    a listing: room, confidence, the tier that its evidence carries, version and last change.

    Args:
        session: where to read.
        keys: which services; unknown ones are left out.
        written: all their rows by table, where this transaction wrote them: these are not read.
    """
    children = Written(session, written) if written else Children(session)
    rows = children.by_id("service", keys)
    owners = organizations(session, [row["organization_id"] for row in rows.values()], full=True)
    below = {name: children.of(name, "service_id", keys) for name in BELOW}
    ats = [at for each in below["service_at_location"].values() for at in each]
    sites = _locations(children, {at["location_id"] for at in ats})
    contacts = [contact["id"] for each in below["contact"].values() for contact in each]
    phones = _phones(children, contacts)
    terms = Terms(children, [*keys, *contacts, *sites])
    found = {}
    for key, row in rows.items():
        times = below["schedule"].get(key, [])
        places = below["service_at_location"].get(key, [])
        found[key] = with_nested(
            basic(row),
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
                for at in places
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
            attributes=terms.attributes("service", key),
        ) | {
            "kersey": with_nested(
                {
                    "referral": {"ask_by": str(row["ask_by"])}
                    | with_nested({}, email=row["referral_email"], phone=row["referral_phone"])
                },
                hub=row["hub"],
                assured_by=row["assured_by"],
                **_classified(terms, key, [at["location_id"] for at in places]),
            )
        }
    return found


def basic(row: Row) -> Json:
    """A service without anything below it."""
    service = picked(row, SERVICE)
    if row["withdrawn"] is not None:
        service["status"] = "defunct"
    return service


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
    return _locations(Children(session), keys)


def _locations(children: Children, keys: Collection[UUID]) -> dict[UUID, Json]:
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
