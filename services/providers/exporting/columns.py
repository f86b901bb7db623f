"""The tables of the HSDS tabular data package: which columns each has, and of which kind.

File names, columns and keys are HSDS 3.0's (schema/*.json), `service_capacity` and `units` those of
the draft of 3.1; only columns that the directory fills are there.
"""

from typing import Any

_KINDS = {
    "latitude": "number",
    "longitude": "number",
    "minimum_age": "number",
    "maximum_age": "number",
    "amount": "number",
    "available": "number",
    "interval": "integer",
    "year_incorporated": "integer",
    "valid_from": "date",
    "valid_to": "date",
    "dtstart": "date",
    "assured_date": "date",
    "last_modified": "datetime",
    "updated": "datetime",
}
"""Types of Table Schema; a column that is not named here is a string."""

_OWNERS = {
    "organization_id": "organizations",
    "parent_organization_id": "organizations",
    "service_id": "services",
    "location_id": "locations",
    "service_at_location_id": "service_at_location",
    "contact_id": "contacts",
    "phone_id": "phones",
    "unit_id": "units",
    "taxonomy_id": "taxonomies",
    "taxonomy_term_id": "taxonomy_terms",
    "parent_id": "taxonomy_terms",
}
"""The table that a column leads to. A `link_id` leads to whichever `link_entity` says."""

TABLES: dict[str, tuple[str, ...]] = {
    name: tuple(columns.split())
    for name, columns in {
        "organizations": "id name alternate_name description email website logo uri legal_status"
        " year_incorporated parent_organization_id",
        "organization_identifiers": "id organization_id identifier_scheme identifier_type"
        " identifier",
        "services": "id organization_id name alternate_name description url email status"
        " interpretation_services application_process fees fees_description accreditations"
        " eligibility_description minimum_age maximum_age assured_date assurer_email alert"
        " last_modified",
        "locations": "id location_type name alternate_name description transportation latitude"
        " longitude external_identifier external_identifier_type",
        "service_at_location": "id service_id location_id description",
        "addresses": "id location_id attention address_1 city region state_province postal_code"
        " country address_type",
        "accessibility": "id location_id description details url",
        "schedules": "id service_id service_at_location_id valid_from valid_to dtstart freq"
        " interval byday bymonthday description opens_at closes_at schedule_link attending_type"
        " notes",
        "service_areas": "id service_id name description extent extent_type uri",
        "funding": "id service_id source",
        "cost_options": "id service_id valid_from valid_to option currency amount"
        " amount_description",
        "languages": "id service_id phone_id name code note",
        "contacts": "id service_id name title department email",
        "phones": "id contact_id number description",
        "attributes": "id link_id taxonomy_term_id link_type link_entity value",
        "taxonomies": "id name description uri version",
        "taxonomy_terms": "id code name description parent_id taxonomy taxonomy_id term_uri",
        "service_capacity": "id service_id unit_id available description updated",
        "units": "id name",
    }.items()
}


def descriptor(created: str) -> dict[str, Any]:
    """The package's `datapackage.json` (Frictionless Data Package 1, profile tabular).

    Args:
        created: the instant of the export, as RFC 3339 has it.
    """
    return {
        "name": "directory",
        "title": "Directory of community provision (HSDS 3.0)",
        "profile": "tabular-data-package",
        "created": created,
        "resources": [_resource(name, columns) for name, columns in TABLES.items()],
    }


def _resource(name: str, columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(column) for column in columns],
            "primaryKey": "id",
            "foreignKeys": [
                {
                    "fields": column,
                    # Table Schema calls the table itself by an empty name.
                    "reference": {
                        "resource": "" if _OWNERS[column] == name else _OWNERS[column],
                        "fields": "id",
                    },
                }
                for column in columns
                if column in _OWNERS
            ],
        },
    }


def _field(column: str) -> dict[str, Any]:
    if column == "id":
        return {"name": "id", "type": "string", "constraints": {"required": True, "unique": True}}
    return {"name": column, "type": _KINDS.get(column, "string")}
