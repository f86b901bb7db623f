"""where a service is stands beside its words, so that both are asked by their indexes at once."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PLACING = (
    """
CREATE FUNCTION place_service(placed uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE service
    SET located = spot.located, latitude = spot.latitude, longitude = spot.longitude
    FROM (
        SELECT
            count(*) > 0 AS located,
            CASE WHEN min(latitude) = max(latitude) AND min(longitude) = max(longitude)
                THEN min(latitude) END AS latitude,
            CASE WHEN min(latitude) = max(latitude) AND min(longitude) = max(longitude)
                THEN min(longitude) END AS longitude
        FROM service_at_location AS here JOIN location ON location.id = here.location_id
        WHERE here.service_id = placed AND location.latitude IS NOT NULL
    ) AS spot
    WHERE service.id = placed
        AND (service.located, service.latitude, service.longitude)
            IS DISTINCT FROM (spot.located, spot.latitude, spot.longitude)
$$
""",
    """
CREATE FUNCTION place_by_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM place_service(coalesce(NEW.service_id, OLD.service_id));
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER place_service AFTER INSERT OR DELETE ON service_at_location
FOR EACH ROW EXECUTE FUNCTION place_by_link()
""",
    """
CREATE FUNCTION place_by_location() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM place_service(here.service_id) FROM (
        SELECT DISTINCT service_id FROM service_at_location
        WHERE location_id = NEW.id ORDER BY service_id
    ) AS here;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER place_services AFTER UPDATE OF latitude, longitude ON location
FOR EACH ROW WHEN (
    (OLD.latitude, OLD.longitude) IS DISTINCT FROM (NEW.latitude, NEW.longitude)
)
EXECUTE FUNCTION place_by_location()
""",
)


def upgrade() -> None:
    op.add_column("service", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("service", sa.Column("longitude", sa.Float(), nullable=True))
    for statement in PLACING:
        op.execute(statement)
    op.execute("SELECT place_service(id) FROM service ORDER BY id")
    op.create_index("ix_service_point", "service", ["latitude", "longitude"])
    op.create_index(
        "ix_service_scattered", "service", ["id"], postgresql_where="located AND latitude IS NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_service_scattered", table_name="service")
    op.drop_index("ix_service_point", table_name="service")
    op.execute("DROP TRIGGER place_services ON location")
    op.execute("DROP FUNCTION place_by_location()")
    op.execute("DROP TRIGGER place_service ON service_at_location")
    op.execute("DROP FUNCTION place_by_link()")
    op.execute("DROP FUNCTION place_service(uuid)")
    op.drop_column("service", "longitude")
    op.drop_column("service", "latitude")
