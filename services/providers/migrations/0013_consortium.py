"""the consortium: its members, who works with whom, and what they have to lend."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("website", sa.String(length=2000), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("hubs", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "organization_id IS NULL OR organization_id = id", name=op.f("ck_member_one_id")
        ),
        sa.CheckConstraint("until >= since", name=op.f("ck_member_time")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_member_organization_id_organization"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_kind"), "member", ["kind"], unique=False)
    op.create_table(
        "relation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("how", sa.String(length=40), nullable=False),
        sa.Column("one", sa.Uuid(), nullable=False),
        sa.Column("other", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint("one <> other", name=op.f("ck_relation_two")),
        sa.CheckConstraint("until >= since", name=op.f("ck_relation_time")),
        sa.ForeignKeyConstraint(
            ["one"], ["member.id"], name=op.f("fk_relation_one_member"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other"], ["member.id"], name=op.f("fk_relation_other_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relation")),
    )
    op.create_index(op.f("ix_relation_one"), "relation", ["one"], unique=False)
    op.create_index(op.f("ix_relation_other"), "relation", ["other"], unique=False)
    op.create_index(
        "ix_relation_standing",
        "relation",
        ["how", "one", "other"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "asset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("hub", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("ask", sa.String(length=254), nullable=True),
        sa.Column("postcode", sa.String(length=8), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint("until >= since", name=op.f("ck_asset_time")),
        sa.ForeignKeyConstraint(
            ["holder"], ["member.id"], name=op.f("fk_asset_holder_member"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["hub"], ["hub.code"], name=op.f("fk_asset_hub_hub")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
    )
    op.create_index(op.f("ix_asset_holder"), "asset", ["holder"], unique=False)
    op.create_index(op.f("ix_asset_hub"), "asset", ["hub"], unique=False)


def downgrade() -> None:
    op.drop_table("asset")
    op.drop_table("relation")
    op.drop_table("member")
