"""what matching reads has the service's room in the same row; what is nowhere has an index."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

HOLDING = (
    """
CREATE FUNCTION hold_in_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT capacity.state, capacity.places, capacity.expires
    INTO NEW.room_state, NEW.room_places, NEW.room_expires
    FROM capacity WHERE capacity.service_id = NEW.service_id;
    RETURN NEW;
END
$$
""",
    """
CREATE TRIGGER hold_in_matchable BEFORE INSERT ON matchable
FOR EACH ROW EXECUTE FUNCTION hold_in_matchable()
""",
    """
CREATE FUNCTION hold_to_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE matchable
    SET room_state = NEW.state, room_places = NEW.places, room_expires = NEW.expires
    WHERE matchable.service_id = NEW.service_id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER hold_to_matchable AFTER INSERT OR UPDATE OF state, places, expires ON capacity
FOR EACH ROW EXECUTE FUNCTION hold_to_matchable()
""",
)


def upgrade() -> None:
    op.add_column("matchable", sa.Column("room_state", sa.String(20), nullable=True))
    op.add_column("matchable", sa.Column("room_places", sa.Integer(), nullable=True))
    op.add_column("matchable", sa.Column("room_expires", sa.DateTime(timezone=True), nullable=True))
    for statement in HOLDING:
        op.execute(statement)
    op.execute(
        "UPDATE matchable SET room_state = capacity.state, room_places = capacity.places,"
        " room_expires = capacity.expires"
        " FROM capacity WHERE capacity.service_id = matchable.service_id"
    )
    op.create_index(
        "ix_matchable_nowhere",
        "matchable",
        ["terms", "search"],
        postgresql_using="gin",
        postgresql_where="latitude IS NULL",
    )


def downgrade() -> None:
    op.drop_index("ix_matchable_nowhere", table_name="matchable")
    op.execute("DROP TRIGGER hold_to_matchable ON capacity")
    op.execute("DROP FUNCTION hold_to_matchable()")
    op.execute("DROP TRIGGER hold_in_matchable ON matchable")
    op.execute("DROP FUNCTION hold_in_matchable()")
    for name in ("room_expires", "room_places", "room_state"):
        op.drop_column("matchable", name)
