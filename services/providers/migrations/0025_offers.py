"""The part of a listing that matching needs is kept beside its document."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Without it a listing's whole document is read; the rounds fill it in."""
    op.add_column("service_document", sa.Column("offer", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("service_document", "offer")
