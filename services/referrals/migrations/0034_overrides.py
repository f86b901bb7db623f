"""what a service was asked in spite of: the limits that a worker overrode, each with why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the code before, which writes requests without it.
    op.add_column(
        "onward_request",
        sa.Column(
            "overrides",
            postgresql.JSONB(),
            nullable=False,
            server_default=sa.text("'[]'::jsonb"),
        ),
    )


def downgrade() -> None:
    op.drop_column("onward_request", "overrides")
