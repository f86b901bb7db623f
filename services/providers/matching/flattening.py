"""From a listing's tables to the flat rows that matching reads.

Asked of the listing's own tables, one question after another for each of some thousand services
near a person, a full question took a tenth of a second and more; of one row each, milliseconds.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

REMOTE = ("at-home", "phone", "online", "remote")
"""Formats in which nobody has to go anywhere."""

_COLUMNS = (
    "location_id name minimum_age maximum_age latitude longitude remote terms refused languages"
    " interpreted areas slot_days slot_opens slot_closes slot_until cost_amounts cost_until"
    " verified"
).split()

RUNNING = "service.withdrawn IS NULL AND service.status = 'active'"
"""Whose row there is at all: what is not running is not offered."""

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
        WHERE language.service_id = service.id
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
    costs.until AS cost_until,
    greatest(service.assured_date, (assurance.verified AT TIME ZONE 'UTC')::date) AS verified
FROM service
LEFT JOIN assurance ON assurance.service_id = service.id
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
    SELECT coalesce(bool_and(taxonomy_term.code = ANY (:remote)), false) AS remote
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
        FROM schedule LEFT JOIN LATERAL unnest(schedule.days) AS day ON true
        WHERE schedule.service_id = service.id
            AND (day IS NOT NULL OR coalesce(
                schedule.dtstart::text, schedule.freq, schedule.bymonthday, schedule.description,
                schedule.notes, schedule.opens_at::text
            ) IS NOT NULL)
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
    WHERE cost_option.service_id = service.id
) AS costs
"""

_AFFECTED = """service.id = ANY (ARRAY(
    SELECT unnest(CAST(:services AS uuid[]))
    UNION SELECT service_id FROM service_at_location WHERE location_id = ANY (:places)
))"""
"""Worked out first: asked as one condition or the other, all services are looked through."""

_GONE = text(f"""
DELETE FROM matchable USING service
WHERE matchable.service_id = service.id AND {_AFFECTED}
    AND (NOT ({RUNNING}) OR NOT EXISTS (
        SELECT FROM service_at_location AS here
        WHERE here.service_id = service.id AND here.location_id = matchable.place
    ))
""")  # noqa: S608 - made of the constants above

_WRITTEN = text(f"""
INSERT INTO matchable (service_id, place, {", ".join(_COLUMNS)})
SELECT DISTINCT ON (service_id, place) service_id, place, {", ".join(_COLUMNS)}
FROM ({FLATTENED} WHERE {RUNNING} AND {_AFFECTED}) AS flattened
ORDER BY service_id, place
ON CONFLICT (service_id, place) DO UPDATE
SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
""")  # noqa: S608


def flatten(session: Session, services: Collection[UUID], places: Collection[UUID] = ()) -> None:
    """Work out anew what matching reads, in the transaction that changed it.

    Args:
        session: where; it holds the locks of the services and places.
        services: whose listing changed.
        places: locations that changed: other services may meet there too.
    """
    asked = {"services": list(services), "places": list(places)}
    run = session.connection().execute
    run(_GONE, asked)
    run(_WRITTEN, asked | {"remote": list(REMOTE)})
