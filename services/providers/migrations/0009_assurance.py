"""when a person last looked whether a listing is right."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assurance",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("verified", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(length=20), nullable=True),
        sa.Column("verified_how", sa.String(length=20), nullable=True),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Date(), nullable=True),
        sa.Column("unlisted", sa.Boolean(), nullable=False),
        sa.Column("tier_told", sa.Integer(), nullable=True),
        sa.Column("warned_of", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_assurance_service_id")
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_assurance")),
    )
    op.create_index("ix_assurance_since", "assurance", ["since"])
    op.create_index("ix_tier_evidence_expires", "tier_evidence", ["expires"])
    # A listing that is there already is looked at one cycle from now, or from its assured date.
    op.execute(
        "INSERT INTO assurance (service_id, since, stage, unlisted)"
        " SELECT id, coalesce(assured_date, current_date), 0, false FROM service"
    )


def downgrade() -> None:
    op.drop_index("ix_tier_evidence_expires", table_name="tier_evidence")
    op.drop_table("assurance")
