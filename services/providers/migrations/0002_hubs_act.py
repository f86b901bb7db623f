"""on whose behalf a hub's coordinators act."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hub", sa.Column("organisation", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_hub_organisation"), "hub", ["organisation"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_hub_organisation"), table_name="hub")
    op.drop_column("hub", "organisation")
