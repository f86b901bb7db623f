"""one person: merging that can be undone, and the history of what is recorded of a person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_person_merged_into",
        "person",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.add_column("link_proposal", sa.Column("person_agreed_by", sa.String(), nullable=True))
    op.add_column("link_proposal", sa.Column("candidate_agreed_by", sa.String(), nullable=True))
    op.add_column("link_proposal", sa.Column("decided", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "access_need", sa.Column("recorded_by", sa.String(), server_default="", nullable=False)
    )
    op.add_column("access_need", sa.Column("ended", sa.DateTime(timezone=True), nullable=True))
    op.add_column("access_need", sa.Column("ended_by", sa.String(), nullable=True))
    op.create_table(
        "person_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survivor", sa.Uuid(), nullable=False),
        sa.Column("merged", sa.Uuid(), nullable=False),
        sa.Column("proposal", sa.Uuid(), nullable=False),
        sa.Column("survivor_version", sa.Integer(), nullable=False),
        sa.Column("survivor_stops", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("undone", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["survivor"], ["person.id"], name=op.f("fk_person_merge_survivor")),
        sa.ForeignKeyConstraint(["merged"], ["person.id"], name=op.f("fk_person_merge_merged")),
        sa.ForeignKeyConstraint(
            ["proposal"], ["link_proposal.id"], name=op.f("fk_person_merge_proposal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merge")),
    )
    for column in ("survivor", "merged", "proposal"):
        op.create_index(op.f(f"ix_person_merge_{column}"), "person_merge", [column])
    op.create_table(
        "merge_moved",
        sa.Column("merge", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["merge"], ["person_merge.id"], name=op.f("fk_merge_moved_merge")),
        sa.PrimaryKeyConstraint("merge", "kind", "key", name=op.f("pk_merge_moved")),
    )
    op.create_table(
        "person_change",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_person_change_person")),
        sa.ForeignKeyConstraint(["case"], ["referral_case.id"], name=op.f("fk_person_change_case")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_person_change")),
    )
    for column in ("person", "case"):
        op.create_index(op.f(f"ix_person_change_{column}"), "person_change", [column])


def downgrade() -> None:
    op.drop_table("person_change")
    op.drop_table("merge_moved")
    op.drop_table("person_merge")
    for column in ("ended_by", "ended", "recorded_by"):
        op.drop_column("access_need", column)
    for column in ("decided", "candidate_agreed_by", "person_agreed_by"):
        op.drop_column("link_proposal", column)
    op.drop_index("ix_person_merged_into", table_name="person")
