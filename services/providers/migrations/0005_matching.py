"""what matching reads, how services reply, and what terms are called elsewhere."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FLATTENED = """
SELECT
    service.id AS service_id,
    coalesce(location.id, service.id) AS place,
    location.id AS location_id,
    service.name,
    service.minimum_age,
    service.maximum_age,
    CASE WHEN NOT how.remote THEN location.latitude END AS latitude,
    CASE WHEN NOT how.remote THEN location.longitude END AS longitude,
    how.remote OR coalesce(location.location_type = 'virtual', false) AS remote,
    links.terms,
    links.refused,
    ARRAY(
        SELECT DISTINCT lower(split_part(language.code, '-', 1)) FROM language
        WHERE language.service_id = service.id AND language.code IS NOT NULL
    ) AS languages,
    service.interpretation_services IS NOT NULL AS interpreted,
    ARRAY(
        SELECT DISTINCT service_area.hub FROM service_area
        WHERE service_area.service_id = service.id AND service_area.hub IS NOT NULL
    ) AS areas,
    slots.days AS slot_days,
    slots.opens AS slot_opens,
    slots.closes AS slot_closes,
    slots.until AS slot_until,
    costs.amounts AS cost_amounts,
    costs.until AS cost_until
FROM service
LEFT JOIN service_at_location AS here ON here.service_id = service.id
LEFT JOIN location ON location.id = here.location_id
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(taxonomy_term_id) FILTER (WHERE value IS DISTINCT FROM 'no'), '{}')
            AS terms,
        coalesce(array_agg(taxonomy_term_id) FILTER (WHERE value = 'no'), '{}') AS refused
    FROM attribute
    WHERE (link_entity = 'service' AND link_id = service.id)
        OR (link_entity = 'location' AND link_id = location.id)
) AS links
CROSS JOIN LATERAL (
    SELECT
        coalesce(bool_and(taxonomy_term.code = ANY ('{at-home,phone,online,remote}')), false)
            AS remote
    FROM taxonomy_term JOIN taxonomy ON taxonomy.id = taxonomy_term.taxonomy_id
    WHERE taxonomy.code = 'format' AND taxonomy_term.id = ANY (links.terms)
) AS how
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(day), '{}') AS days,
        coalesce(array_agg(opens), '{}') AS opens,
        coalesce(array_agg(closes), '{}') AS closes,
        coalesce(array_agg(valid_to), '{}') AS until
    FROM (
        SELECT
            day,
            (extract(epoch FROM schedule.opens_at) / 60)::int AS opens,
            (extract(epoch FROM schedule.closes_at) / 60)::int AS closes,
            schedule.valid_to
        FROM schedule CROSS JOIN LATERAL unnest(schedule.days) AS day
        WHERE schedule.service_id = service.id
            AND (schedule.service_at_location_id IS NULL
                OR schedule.service_at_location_id = here.id)
        ORDER BY schedule.id, day
    ) AS slot
) AS slots
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(amount ORDER BY id), '{}') AS amounts,
        coalesce(array_agg(valid_to ORDER BY id), '{}') AS until
    FROM cost_option
    WHERE cost_option.service_id = service.id AND amount IS NOT NULL
) AS costs
"""


def _array(name: str, of: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, postgresql.ARRAY(of), nullable=False)


def upgrade() -> None:
    op.create_table(
        "matchable",
        sa.Column("terms", postgresql.ARRAY(sa.Uuid()), nullable=False),
        _array("refused", sa.Uuid()),
        _array("languages", sa.String(length=8)),
        _array("areas", sa.String(length=40)),
        _array("slot_days", sa.String(length=2)),
        _array("slot_opens", sa.Integer()),
        _array("slot_closes", sa.Integer()),
        _array("slot_until", sa.Date()),
        _array("cost_amounts", sa.Numeric(precision=10, scale=2, asdecimal=False)),
        _array("cost_until", sa.Date()),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("minimum_age", sa.Float(), nullable=True),
        sa.Column("maximum_age", sa.Float(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("remote", sa.Boolean(), nullable=False),
        sa.Column("interpreted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_matchable_service_id_service")
        ),
        sa.PrimaryKeyConstraint("service_id", "place", name=op.f("pk_matchable")),
    )
    op.create_index("ix_matchable_point", "matchable", ["latitude", "longitude"])
    op.create_index("ix_matchable_terms", "matchable", ["terms"], postgresql_using="gin")
    op.create_table(
        "term_synonym",
        sa.Column("term_id", sa.Uuid(), nullable=False),
        sa.Column("phrase", sa.String(length=200), nullable=False),
        sa.Column("pattern", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["term_id"], ["taxonomy_term.id"], name=op.f("fk_term_synonym_term_id_taxonomy_term")
        ),
        sa.PrimaryKeyConstraint("term_id", "phrase", name=op.f("pk_term_synonym")),
    )
    op.create_table(
        "term_mapping",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("term_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("display", sa.String(length=200), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["term_id"], ["taxonomy_term.id"], name=op.f("fk_term_mapping_term_id_taxonomy_term")
        ),
        sa.PrimaryKeyConstraint("term_id", "system", "code", name=op.f("pk_term_mapping")),
    )
    op.create_table(
        "reply",
        sa.Column("asked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered", sa.DateTime(timezone=True), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_reply")),
    )
    op.create_index(op.f("ix_reply_service_id"), "reply", ["service_id"], unique=False)
    columns = (
        "service_id, place, location_id, name, minimum_age, maximum_age, latitude, longitude,"
        " remote, terms, refused, languages, interpreted, areas,"
        " slot_days, slot_opens, slot_closes, slot_until, cost_amounts, cost_until"
    )
    op.execute(
        f"INSERT INTO matchable ({columns}) SELECT DISTINCT ON (service_id, place) {columns}"  # noqa: S608
        f" FROM ({FLATTENED} WHERE withdrawn IS NULL AND status = 'active') AS flattened"
        " ORDER BY service_id, place"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_reply_service_id"), table_name="reply")
    op.drop_table("reply")
    op.drop_table("term_mapping")
    op.drop_table("term_synonym")
    op.drop_index("ix_matchable_terms", table_name="matchable", postgresql_using="gin")
    op.drop_index("ix_matchable_point", table_name="matchable")
    op.drop_table("matchable")
