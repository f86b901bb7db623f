"""secrets of webhooks that go on beside a new one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("former_sealed_secret", sa.Text(), nullable=True))
    op.add_column(
        "contact", sa.Column("former_secret_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("contact", "former_secret_until")
    op.drop_column("contact", "former_sealed_secret")
