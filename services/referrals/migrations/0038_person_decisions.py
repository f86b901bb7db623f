"""decisions of which somebody asked whether the person could make them are written down."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("under_16", sa.Boolean(), nullable=False),
        sa.Column("able", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_person_decision_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_decision")),
    )
    op.create_index(op.f("ix_person_decision_person"), "person_decision", ["person"])


def downgrade() -> None:
    op.drop_index(op.f("ix_person_decision_person"), table_name="person_decision")
    op.drop_table("person_decision")
