"""codes of messages to practices that a deployment loads; worries are found at once"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gp_code",
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("display", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_gp_code")),
    )
    op.create_index(
        "ix_gp_message_worry",
        "gp_message",
        ["state"],
        postgresql_where=sa.text("kind = 'safety'"),
    )


def downgrade() -> None:
    op.drop_index("ix_gp_message_worry", table_name="gp_message")
    op.drop_table("gp_code")
