"""What a service's listing says, whole, so that a read need not gather it from thirty tables."""

from uuid import UUID

from sqlalchemy import Column, ForeignKey, Text, Uuid
from sqlmodel import Field

from services.providers.tables.base import Base


class ServiceDocument(Base, table=True):
    """A service's public listing as JSON, without what moves by itself (see `listing.py`).

    `offer` is the part of it that matching needs (see `offers.py`). No row says nothing: the
    listing is then gathered from its tables. Triggers take the row away whenever something that it
    is made of is written, so that what is there is never old.
    """

    __tablename__ = "service_document"
    service_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    )
    body: str = Field(sa_type=Text)
    offer: str | None = Field(default=None, sa_type=Text)


_OF_A_SERVICE = """
    DELETE FROM service_document WHERE service_id = NEW.id
"""
_OF_AN_ORGANIZATION = """
    DELETE FROM service_document
    USING service
    WHERE service.id = service_document.service_id AND service.organization_id = NEW.id
"""
_OF_A_LOCATION = """
    DELETE FROM service_document
    USING service_at_location AS here
    WHERE here.service_id = service_document.service_id AND here.location_id = NEW.id
"""
_LINKED = """
    DELETE FROM service_document WHERE service_id IN (
        SELECT link_id FROM linked WHERE link_entity = 'service'
        UNION ALL
        SELECT contact.service_id FROM linked JOIN contact ON contact.id = link_id
        UNION ALL
        SELECT here.service_id
        FROM linked JOIN service_at_location AS here ON here.location_id = link_id
        UNION ALL
        SELECT service.id
        FROM linked JOIN service ON service.organization_id = link_id
    )
"""
_OF_A_TERM = f"""
    WITH linked AS (
        SELECT link_entity, link_id FROM attribute WHERE taxonomy_term_id = NEW.id
    ) {_LINKED.strip()}
"""  # noqa: S608 - made of the constants above
_OF_A_TAXONOMY = f"""
    WITH linked AS (
        SELECT attribute.link_entity, attribute.link_id
        FROM attribute JOIN taxonomy_term ON taxonomy_term.id = attribute.taxonomy_term_id
        WHERE taxonomy_term.taxonomy_id = NEW.id
    ) {_LINKED.strip()}
"""  # noqa: S608

_SERVICE_COLUMNS = """
    id, organization_id, name, alternate_name, description, url, email, status,
    interpretation_services, application_process, fees, fees_description, accreditations,
    eligibility_description, minimum_age, maximum_age, assured_date, assurer_email, alert, hub,
    assured_by, ask_by, referral_email, referral_phone, withdrawn
""".strip()
"""Not `version` and `last_modified`: each word about room moves them, and a read takes them from
the row. Whoever writes what is below a service writes these, too."""


def _differs(columns: str) -> str:
    """Only where something that is shown became different: taxonomies are loaded at each start."""
    old, new = (", ".join(f"{row}.{each}" for each in columns.split()) for row in ("OLD", "NEW"))
    return f"WHEN (\n    ({old})\n    IS DISTINCT FROM\n    ({new})\n)\n"


_WRITTEN: tuple[tuple[str, str, str, str], ...] = (
    ("service", f"UPDATE OF\n    {_SERVICE_COLUMNS}\n   ", "", _OF_A_SERVICE),
    ("organization", "UPDATE", "", _OF_AN_ORGANIZATION),
    ("location", "UPDATE", "", _OF_A_LOCATION),
    (
        "taxonomy_term",
        "UPDATE",
        _differs("code name description parent_id taxonomy_id term_uri"),
        _OF_A_TERM,
    ),
    ("taxonomy", "UPDATE", _differs("code name"), _OF_A_TAXONOMY),
)

_FUNCTION = """
CREATE FUNCTION forget_documents_of_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {forgotten};
    RETURN NULL;
END
$$
"""
_TRIGGER = """
CREATE TRIGGER forget_documents AFTER {written} ON {name}
FOR EACH ROW {when}EXECUTE FUNCTION forget_documents_of_{name}()
"""
FORGETTING = tuple(
    statement
    for name, written, when, forgotten in _WRITTEN
    for statement in (
        _FUNCTION.format(name=name, forgotten=forgotten.strip()),
        _TRIGGER.format(name=name, written=written, when=when),
    )
)
"""The functions and triggers that take a document away when what it is made of is written."""
