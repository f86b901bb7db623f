"""Lists in the order of names, parts of names, and what lies in a rectangle are each an index's."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_service_listed",
        "service",
        ["name", "id"],
        postgresql_where="withdrawn IS NULL",
    )
    op.create_index(
        "ix_service_name_part",
        "service",
        ["name"],
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index("ix_location_point", table_name="location")
    op.create_index(
        "ix_location_point",
        "location",
        ["latitude", "longitude"],
        postgresql_include=["id"],
    )


def downgrade() -> None:
    op.drop_index("ix_location_point", table_name="location")
    op.create_index("ix_location_point", "location", ["latitude", "longitude"])
    op.drop_index("ix_service_name_part", table_name="service")
    op.drop_index("ix_service_listed", table_name="service")
