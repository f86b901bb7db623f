"""how much a case asks of its team, what stands about visits, and what is talked about."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["case"], ["referral_case.id"], name=op.f(f"fk_{table}_case_referral_case")
    )


def upgrade() -> None:
    op.create_table(
        "case_complexity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set", INSTANT, nullable=False),
        _of_case("case_complexity"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_complexity")),
    )
    op.create_index(op.f("ix_case_complexity_case"), "case_complexity", ["case"])
    op.create_table(
        "case_visiting",
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("at_home", sa.Boolean(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set", INSTANT, nullable=False),
        _of_case("case_visiting"),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_case_visiting")),
    )
    op.create_table(
        "case_supervision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked", INSTANT, nullable=False),
        sa.Column("talked", INSTANT, nullable=True),
        sa.Column("talked_by", sa.String(), nullable=True),
        sa.Column("came", sa.String(), nullable=False),
        _of_case("case_supervision"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_supervision")),
    )
    op.create_index(op.f("ix_case_supervision_case"), "case_supervision", ["case"])
    op.create_index(
        "uq_case_supervision_open",
        "case_supervision",
        ["case"],
        unique=True,
        postgresql_where=sa.text("talked IS NULL"),
    )
    op.add_column("worklist", sa.Column("complexity", sa.String(length=20), nullable=True))
    op.add_column(
        "worklist",
        sa.Column("visits_with_care", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "contact_attempt",
        sa.Column("visit_checked", sa.Boolean(), server_default="false", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("contact_attempt", "visit_checked")
    for column in ("visits_with_care", "complexity"):
        op.drop_column("worklist", column)
    for table in ("case_supervision", "case_visiting", "case_complexity"):
        op.drop_table(table)
