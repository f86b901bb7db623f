"""districts say whether whole postcodes of them are known, and each such postcode has one."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "place", sa.Column("with_units", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        "INSERT INTO place (code, name, latitude, longitude, hub, with_units)"
        " SELECT split_part(code, ' ', 1), split_part(code, ' ', 1), avg(latitude), avg(longitude),"
        " nullif(mode() WITHIN GROUP (ORDER BY coalesce(hub, '')), ''), true"
        " FROM place WHERE code LIKE '% ___' GROUP BY split_part(code, ' ', 1)"
        " ON CONFLICT (code) DO UPDATE SET with_units = true"
    )


def downgrade() -> None:
    op.execute("DELETE FROM place WHERE code = name")
    op.drop_column("place", "with_units")
