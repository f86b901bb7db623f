"""claims: a provider's own staff keep a listing that somebody else brought."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listing_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("claimant", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=200), nullable=True),
        sa.Column("why_ended", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_listing_claim_organization_id_organization"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_claim")),
    )
    op.create_index(op.f("ix_listing_claim_organization_id"), "listing_claim", ["organization_id"])
    op.create_index(op.f("ix_listing_claim_claimant"), "listing_claim", ["claimant"])
    op.create_index(
        "ix_listing_claim_keeper",
        "listing_claim",
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_index(
        "ix_listing_claim_open",
        "listing_claim",
        ["organization_id", "claimant"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    op.drop_table("listing_claim")
