"""how contacts wish to be told, and quiet hours of parties."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "contact",
        sa.Column(
            "wishes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.create_table(
        "party_quiet_hours",
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("party", name=op.f("pk_party_quiet_hours")),
    )


def downgrade() -> None:
    op.drop_table("party_quiet_hours")
    op.drop_column("contact", "wishes")
