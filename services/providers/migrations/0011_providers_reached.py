"""when a provider was told that it is asked whether its listing is right."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("assurance", sa.Column("reached", sa.Date(), nullable=True))
    # Whoever was asked before there were messages is asked again, by a message.
    op.execute("UPDATE assurance SET stage = 0, asked = NULL WHERE stage <> 0 AND NOT unlisted")


def downgrade() -> None:
    op.drop_column("assurance", "reached")
