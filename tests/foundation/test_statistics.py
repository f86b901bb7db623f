"""What autogeneration of migrations does not see is in them all the same."""

from collections.abc import Callable

from sqlalchemy import text

from shared.database import create_engine
from shared.migrate import migrate


def test_the_planner_knows_rare_terms_after_a_migration(database: Callable[[], str]) -> None:
    url = database()
    migrate("referrals", url)
    engine = create_engine(url, pool_size=1, application_name="test")

    with engine.connect() as connection:
        targets = connection.execute(
            text(
                "SELECT attname, attstattarget FROM pg_attribute "
                "WHERE attrelid = 'document_search'::regclass AND attname IN ('terms', 'readers')"
            )
        ).all()
    engine.dispose()

    assert dict(tuple(row) for row in targets) == {"terms": 500, "readers": 500}
