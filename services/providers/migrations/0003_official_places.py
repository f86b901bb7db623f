"""Official geography: areas with boundaries and deprivation, and where each postcode lies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.providers.tables.places import Polygon

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    covers = postgresql.ARRAY(sa.String(length=9))
    op.add_column("hub", sa.Column("covers", covers, server_default="{}", nullable=False))
    for name in ("ward", "local_authority", "lsoa"):
        op.add_column("place", sa.Column(name, sa.String(length=9), nullable=True))
    op.add_column("place", sa.Column("decile", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_place_decile"), "place", "decile BETWEEN 1 AND 10")
    op.create_table(
        "area",
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent", sa.String(length=9), nullable=True),
        sa.Column("boundary", sa.Text(), nullable=True),
        sa.Column("decile", sa.Integer(), nullable=True),
        sa.CheckConstraint("decile BETWEEN 1 AND 10", name=op.f("ck_area_decile")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_area")),
    )
    op.create_index(op.f("ix_area_kind"), "area", ["kind"])
    op.create_index(op.f("ix_area_parent"), "area", ["parent"])
    op.create_table(
        "area_ring",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("area", sa.String(length=9), nullable=False),
        sa.Column("ring", Polygon(), nullable=False),
        sa.Column("hole", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area"], ["area.code"], name=op.f("fk_area_ring_area_area"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_ring")),
    )
    op.create_index(op.f("ix_area_ring_area"), "area_ring", ["area"])
    op.create_index("ix_area_ring_ring", "area_ring", ["ring"], postgresql_using="gist")


def downgrade() -> None:
    op.drop_table("area_ring")
    op.drop_table("area")
    op.drop_constraint(op.f("ck_place_decile"), "place", type_="check")
    for name in ("decile", "lsoa", "local_authority", "ward"):
        op.drop_column("place", name)
    op.drop_column("hub", "covers")
