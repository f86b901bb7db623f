"""a record for whomever a referral is about that named no Patient."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        WITH nobody AS MATERIALIZED (
          SELECT id AS "case", gen_random_uuid() AS person, created, updated
          FROM referral_case WHERE person IS NULL
        ), made AS (
          INSERT INTO person (id, nhs_verified, family, do_not_contact, restricted, died,
                              legal_hold, version, created, updated)
          SELECT person, false, '', false, false, false, false, 1, created, updated FROM nobody
        )
        UPDATE referral_case SET person = nobody.person
        FROM nobody WHERE referral_case.id = nobody."case"
        """
    )


def downgrade() -> None:
    """The records stay: the code before knows such persons too."""
