"""the front door: where a case came from, its receipt, and what a hub's page says."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WORDS = ("phone", "hours", "for_whom")


def upgrade() -> None:
    for name in _WORDS:
        op.add_column("place_hub", sa.Column(name, sa.String(), server_default="", nullable=False))
    op.add_column(
        "place_hub",
        sa.Column(
            "crisis", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
    )
    op.add_column(
        "referral_case",
        sa.Column("source", sa.String(length=20), server_default="record-system", nullable=False),
    )
    op.create_table(
        "front_door_entry",
        sa.Column("referrer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=11), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("entered", sa.String(length=10), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("agreed_how", sa.String(), nullable=False),
        sa.Column("tell_referrer", sa.Boolean(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_front_door_entry_case_referral_case")
        ),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_front_door_entry")),
        sa.UniqueConstraint(
            "organisation", "key", name=op.f("uq_front_door_entry_organisation_key")
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_front_door_entry_reference")),
    )


def downgrade() -> None:
    op.drop_table("front_door_entry")
    op.drop_column("referral_case", "source")
    for name in ("crisis", *_WORDS):
        op.drop_column("place_hub", name)
