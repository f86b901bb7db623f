"""gaps in service, and what hubs do about them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gap",
        sa.Column("noted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("need", sa.String(length=100), nullable=False),
        sa.Column("hub", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=4), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap")),
    )
    op.create_index("ix_gap_hub_need", "gap", ["hub", "need", "noted"], unique=False)
    op.create_table(
        "gap_action",
        sa.Column("idea", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hub", sa.String(length=40), nullable=False),
        sa.Column("need", sa.String(length=100), nullable=False),
        sa.Column("area", sa.String(length=4), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("could_run", sa.String(length=200), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("starts", sa.Date(), nullable=True),
        sa.Column("review", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state IN ('idea', 'planned', 'opened', 'dropped')", name=op.f("ck_gap_action_state")
        ),
        sa.ForeignKeyConstraint(["hub"], ["hub.code"], name=op.f("fk_gap_action_hub_hub")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_gap_action_organization_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_gap_action_service_id_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_action")),
    )
    op.create_index(op.f("ix_gap_action_hub"), "gap_action", ["hub"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_gap_action_hub"), table_name="gap_action")
    op.drop_table("gap_action")
    op.drop_index("ix_gap_hub_need", table_name="gap")
    op.drop_table("gap")
