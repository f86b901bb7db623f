"""a service's listing lies ready as a document; what it is made of takes it away when written."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

FORGETTING = (
    """
CREATE FUNCTION forget_documents_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM service_document WHERE service_id = NEW.id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER forget_documents AFTER UPDATE OF
    id, organization_id, name, alternate_name, description, url, email, status,
    interpretation_services, application_process, fees, fees_description, accreditations,
    eligibility_description, minimum_age, maximum_age, assured_date, assurer_email, alert, hub,
    assured_by, ask_by, referral_email, referral_phone, withdrawn
    ON service
FOR EACH ROW EXECUTE FUNCTION forget_documents_of_service()
""",
    """
CREATE FUNCTION forget_documents_of_organization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM service_document
    USING service
    WHERE service.id = service_document.service_id AND service.organization_id = NEW.id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER forget_documents AFTER UPDATE ON organization
FOR EACH ROW EXECUTE FUNCTION forget_documents_of_organization()
""",
    """
CREATE FUNCTION forget_documents_of_location() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM service_document
    USING service_at_location AS here
    WHERE here.service_id = service_document.service_id AND here.location_id = NEW.id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER forget_documents AFTER UPDATE ON location
FOR EACH ROW EXECUTE FUNCTION forget_documents_of_location()
""",
    """
CREATE FUNCTION forget_documents_of_taxonomy_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH linked AS (
        SELECT link_entity, link_id FROM attribute WHERE taxonomy_term_id = NEW.id
    ) DELETE FROM service_document WHERE service_id IN (
        SELECT link_id FROM linked WHERE link_entity = 'service'
        UNION ALL
        SELECT contact.service_id FROM linked JOIN contact ON contact.id = link_id
        UNION ALL
        SELECT here.service_id
        FROM linked JOIN service_at_location AS here ON here.location_id = link_id
        UNION ALL
        SELECT service.id
        FROM linked JOIN service ON service.organization_id = link_id
    );
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER forget_documents AFTER UPDATE ON taxonomy_term
FOR EACH ROW WHEN (
    (OLD.code, OLD.name, OLD.description, OLD.parent_id, OLD.taxonomy_id, OLD.term_uri)
    IS DISTINCT FROM
    (NEW.code, NEW.name, NEW.description, NEW.parent_id, NEW.taxonomy_id, NEW.term_uri)
)
EXECUTE FUNCTION forget_documents_of_taxonomy_term()
""",
    """
CREATE FUNCTION forget_documents_of_taxonomy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH linked AS (
        SELECT attribute.link_entity, attribute.link_id
        FROM attribute JOIN taxonomy_term ON taxonomy_term.id = attribute.taxonomy_term_id
        WHERE taxonomy_term.taxonomy_id = NEW.id
    ) DELETE FROM service_document WHERE service_id IN (
        SELECT link_id FROM linked WHERE link_entity = 'service'
        UNION ALL
        SELECT contact.service_id FROM linked JOIN contact ON contact.id = link_id
        UNION ALL
        SELECT here.service_id
        FROM linked JOIN service_at_location AS here ON here.location_id = link_id
        UNION ALL
        SELECT service.id
        FROM linked JOIN service ON service.organization_id = link_id
    );
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER forget_documents AFTER UPDATE ON taxonomy
FOR EACH ROW WHEN (
    (OLD.code, OLD.name)
    IS DISTINCT FROM
    (NEW.code, NEW.name)
)
EXECUTE FUNCTION forget_documents_of_taxonomy()
""",
)


def upgrade() -> None:
    op.create_table(
        "service_document",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["service.id"],
            name=op.f("fk_service_document_service_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_document")),
    )
    for statement in FORGETTING:
        op.execute(statement)


def downgrade() -> None:
    for name in ("taxonomy", "taxonomy_term", "location", "organization", "service"):
        op.execute(f"DROP TRIGGER forget_documents ON {name}")
        op.execute(f"DROP FUNCTION forget_documents_of_{name}()")
    op.drop_table("service_document")
