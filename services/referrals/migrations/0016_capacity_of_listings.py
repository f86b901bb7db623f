"""how much room a listed service has, and why a full one is asked all the same."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STANDING = """
INSERT INTO listed_capacity (service, state, places, waiting, keeps_list, expires, sequence)
SELECT id, said->>'state', (said->>'places')::integer, (said->>'waiting')::integer,
       coalesce((said->>'keeps_list')::boolean, false), (said->>'expires')::timestamptz, sequence
FROM (SELECT id, sequence, listing#>'{kersey,capacity}' AS said FROM listed_service) listed
WHERE said->>'state' IS NOT NULL
"""
"""What the listings said; the directory tells the rest when it is republished or changes."""


def upgrade() -> None:
    op.create_table(
        "listed_capacity",
        sa.Column("service", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("keeps_list", sa.Boolean(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_listed_capacity")),
    )
    op.execute(STANDING)
    op.add_column("onward_request", sa.Column("full_because", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("onward_request", "full_because")
    op.drop_table("listed_capacity")
