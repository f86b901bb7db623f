"""how many were accepted beyond a service's last place, and what expires soon."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("capacity", sa.Column("over", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_capacity_expires",
        "capacity",
        ["expires"],
        unique=False,
        postgresql_where=sa.text("state <> 'unknown'"),
    )


def downgrade() -> None:
    op.drop_index("ix_capacity_expires", table_name="capacity")
    op.drop_column("capacity", "over")
