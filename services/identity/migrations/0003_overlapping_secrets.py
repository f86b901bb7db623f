"""A secret that was renewed may be good for a while beside the new one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth_client", sa.Column("former_secret_hash", sa.Text(), nullable=True))
    op.add_column(
        "oauth_client",
        sa.Column("former_secret_until", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_column("oauth_client", "former_secret_until")
    op.drop_column("oauth_client", "former_secret_hash")
