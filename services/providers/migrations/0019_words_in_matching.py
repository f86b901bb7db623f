"""what matching reads has the service's words in the same row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SAYING = (
    """
CREATE FUNCTION say_in_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT service.search INTO NEW.search FROM service WHERE service.id = NEW.service_id;
    RETURN NEW;
END
$$
""",
    """
CREATE TRIGGER say_in_matchable BEFORE INSERT ON matchable
FOR EACH ROW EXECUTE FUNCTION say_in_matchable()
""",
    """
CREATE FUNCTION say_to_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE matchable SET search = NEW.search WHERE matchable.service_id = NEW.id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER say_to_matchable AFTER UPDATE OF search_text ON service
FOR EACH ROW WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text)
EXECUTE FUNCTION say_to_matchable()
""",
)


def upgrade() -> None:
    op.add_column("matchable", sa.Column("search", postgresql.TSVECTOR(), nullable=True))
    for statement in SAYING:
        op.execute(statement)
    op.execute(
        "UPDATE matchable SET search = service.search"
        " FROM service WHERE service.id = matchable.service_id"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER say_to_matchable ON service")
    op.execute("DROP FUNCTION say_to_matchable()")
    op.execute("DROP TRIGGER say_in_matchable ON matchable")
    op.execute("DROP FUNCTION say_in_matchable()")
    op.drop_column("matchable", "search")
