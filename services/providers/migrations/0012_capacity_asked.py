"""when a provider was last asked how much room it has."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "capacity_asked",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_capacity_asked_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_capacity_asked")),
    )


def downgrade() -> None:
    op.drop_table("capacity_asked")
