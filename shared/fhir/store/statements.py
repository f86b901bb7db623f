"""The statements that write documents: one for a create, one for an update after its lock.

Each takes its time inside the database. ``pg_current_xact_id()`` stands before the clock on
purpose: see `FhirStore.safe_time`. The derived rows may be deleted and inserted in one statement
because they have no unique key that an old and a new row could share.
"""

import re
from functools import cache

from shared.fhir.search.sql import DOCUMENT_COLUMNS

_STAMP = """
WITH stamp AS MATERIALIZED (
  SELECT pg_current_xact_id() AS xid,
         date_trunc('milliseconds', coalesce(%(now)s::timestamptz, clock_timestamp())) AS at
)"""

_BODY = """%(head)s::text
  || to_char(stamp.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || %(tail)s::text"""

#: The derived rows of the document ``d``.
_DERIVED = """
dates AS (
  INSERT INTO document_date (pk, param, low, high)
  SELECT d.pk, x.* FROM d, unnest(%(date_params)s::bigint[], %(date_lows)s::timestamptz[],
                                  %(date_highs)s::timestamptz[]) x
),
strings AS (
  INSERT INTO document_string (pk, param, value)
  SELECT d.pk, x.* FROM d, unnest(%(string_params)s::bigint[], %(string_values)s::text[]) x
),
quantities AS (
  INSERT INTO document_quantity (pk, param, low, high, system, code, unit)
  SELECT d.pk, x.* FROM d, unnest(%(quantity_params)s::bigint[], %(quantity_lows)s::numeric[],
                                  %(quantity_highs)s::numeric[], %(quantity_systems)s::text[],
                                  %(quantity_codes)s::text[], %(quantity_units)s::text[]) x
),
links AS (
  INSERT INTO document_link (pk, link, target)
  SELECT d.pk, x.* FROM d, unnest(%(links)s::bigint[], %(targets)s::bigint[]) x
)"""

CREATE = f"""{_STAMP},
d AS (
  INSERT INTO document (type, id, version, last_updated, deleted, body, person, owner)
  SELECT %(type)s::text, %(id)s::text, 1, stamp.at, false, {_BODY}, %(person)s::uuid,
         %(owner)s::text FROM stamp
  RETURNING pk, id, last_updated, body, type, person
),
versions AS (
  INSERT INTO document_version (pk, version, type, last_updated, method, body, person)
  SELECT pk, 1, type, last_updated, 'POST', body, person FROM d
),
readers AS (
  INSERT INTO document_reader (pk, party, basis, since_version)
  SELECT d.pk, x.party, x.basis, 1
  FROM d, unnest(%(parties)s::text[], %(bases)s::text[]) x(party, basis)
),
searched AS (
  INSERT INTO document_search (pk, key, type, last_updated, sorted_at, sorted_until,
                               terms, readers)
  SELECT pk, %(key)s::bigint, type, last_updated, %(sorted_at)s::timestamptz,
         %(sorted_until)s::timestamptz, %(terms)s::bigint[], %(readers)s::bigint[]
  FROM d
),
{_DERIVED}
SELECT pk, last_updated FROM d
"""  # noqa: S608 - composed of constants


@cache
def creating(beside: str) -> str:
    """`CREATE` together with other rows' INSERTs, constants: one round trip instead of several.

    Several are written one after the other, with ";" between them.
    """
    inserts = enumerate(filter(None, beside.split(";")))
    also = "".join(f", beside_{n} AS ({insert})" for n, insert in inserts)
    end = "SELECT pk, last_updated FROM d\n"
    return CREATE.replace(end, f"{also}\n{end}") if also else CREATE


@cache
def creating_many(beside: str) -> str:
    """`creating` for many documents, that are given as ``rows``: a list of its parameters as JSON.

    Made of the very same text, so that it cannot do anything else; its rows are id, pk and time.
    """
    each = ";".join(f"{insert} FROM given" for insert in filter(None, beside.split(";")))
    text = creating(each).replace("SELECT pk, last", "SELECT id, pk, last")
    columns = {name: kind for name, kind in _PARAMETER.findall(text) if name != "now"}
    text = re.sub(r"%\((?!now\))(\w+)\)s", r"given.sent_\1", text)
    text = text.replace("FROM stamp\n", "FROM stamp, given\n")
    text = re.sub(r"\bFROM d\b", "FROM d JOIN given ON given.sent_id = d.id", text)
    sent = ", ".join(f"sent_{name}" for name in columns)
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    rows = f"SELECT * FROM json_to_recordset(%(rows)s::json) AS r({typed})"  # noqa: S608
    return text.replace("WITH stamp", f"WITH given ({sent}) AS ({rows}),\nstamp", 1)


def with_rows(text: str, inserts: str) -> str:
    """`creating_many` together with other rows' INSERTs, that have parameters of their own."""
    body, end = text.rsplit("SELECT id, pk, last", 1)
    return f"{body}, {inserts}\nSELECT id, pk, last{end}"


_PARAMETER = re.compile(r"%\((\w+)\)s::([a-z]+(?:\[\])?)")

_RISING = """greatest(stamp.at, %(previous)s::timestamptz + interval '1 millisecond')"""

UPDATE = f"""{_STAMP},
rising AS MATERIALIZED (SELECT {_RISING} AS at FROM stamp),
d AS (
  UPDATE document SET version = %(version)s, last_updated = stamp.at, deleted = false,
         body = {_BODY}
  FROM rising stamp WHERE pk = %(pk)s
  RETURNING pk, last_updated, body, type
),
versions AS (
  INSERT INTO document_version (pk, version, type, last_updated, method, body, person)
  SELECT pk, %(version)s, type, last_updated, %(method)s::text, body, %(person)s::uuid FROM d
),
left_out AS (
  DELETE FROM document_reader r WHERE %(regrant)s AND r.pk = %(pk)s AND NOT EXISTS (
    SELECT FROM unnest(%(parties)s::text[], %(bases)s::text[]) x(party, basis)
    WHERE x.party = r.party AND x.basis = r.basis)
),
readers AS (
  INSERT INTO document_reader (pk, party, basis, since_version)
  SELECT d.pk, x.party, x.basis, %(version)s
  FROM d, unnest(%(parties)s::text[], %(bases)s::text[]) x(party, basis) WHERE %(regrant)s
  ON CONFLICT DO NOTHING
),
searched AS (
  INSERT INTO document_search AS s (pk, key, type, last_updated, sorted_at, sorted_until,
                               terms, readers)
  SELECT d.pk, %(key)s, d.type, d.last_updated, %(sorted_at)s::timestamptz,
         %(sorted_until)s::timestamptz, %(terms)s::bigint[],
         CASE WHEN %(regrant)s THEN %(readers)s::bigint[] ELSE '{{}}'::bigint[] END
  FROM d
  ON CONFLICT (pk) DO UPDATE SET
    last_updated = excluded.last_updated, sorted_at = excluded.sorted_at,
    sorted_until = excluded.sorted_until, terms = excluded.terms,
    readers = CASE WHEN %(regrant)s THEN excluded.readers ELSE s.readers END
),
old_dates AS (DELETE FROM document_date WHERE pk = %(pk)s),
old_strings AS (DELETE FROM document_string WHERE pk = %(pk)s),
old_quantities AS (DELETE FROM document_quantity WHERE pk = %(pk)s),
old_links AS (DELETE FROM document_link WHERE pk = %(pk)s),
{_DERIVED}
SELECT last_updated FROM d
"""  # noqa: S608 - composed of constants


@cache
def updating(beside: str) -> str:
    """`UPDATE` together with another row's INSERT, a constant: one round trip instead of two."""
    end = "SELECT last_updated FROM d\n"
    return UPDATE.replace(end, f", beside AS ({beside})\n{end}") if beside else UPDATE


#: The derived rows of a document as they are made today; its text and versions stay.
REINDEX = f"""
WITH d AS (
  UPDATE document_search SET sorted_at = %(sorted_at)s::timestamptz,
         sorted_until = %(sorted_until)s::timestamptz, terms = %(terms)s::bigint[]
  WHERE pk = %(pk)s
  RETURNING pk
),
old_dates AS (DELETE FROM document_date WHERE pk = %(pk)s),
old_strings AS (DELETE FROM document_string WHERE pk = %(pk)s),
old_quantities AS (DELETE FROM document_quantity WHERE pk = %(pk)s),
old_links AS (DELETE FROM document_link WHERE pk = %(pk)s),
{_DERIVED}
SELECT count(*) FROM d
"""  # noqa: S608 - composed of constants

DELETE = f"""{_STAMP},
d AS (
  UPDATE document SET version = version + 1, deleted = true, body = '',
         last_updated = {_RISING}
  FROM stamp WHERE pk = %(pk)s
  RETURNING pk, version, last_updated, type, person
),
versions AS (
  INSERT INTO document_version (pk, version, type, last_updated, method, body, person)
  SELECT pk, version, type, last_updated, 'DELETE', NULL, person FROM d
),
searched AS (DELETE FROM document_search WHERE pk = %(pk)s),
dates AS (DELETE FROM document_date WHERE pk = %(pk)s),
strings AS (DELETE FROM document_string WHERE pk = %(pk)s),
quantities AS (DELETE FROM document_quantity WHERE pk = %(pk)s),
links AS (DELETE FROM document_link WHERE pk = %(pk)s)
SELECT last_updated FROM d
"""  # noqa: S608 - composed of constants

#: Rewrites the readers of locked documents; a search row whose readers stay is left alone.
REGRANT = """
WITH given AS (
  SELECT * FROM json_to_recordset(%(rows)s::json)
  AS sent(pk bigint, parties text[], bases text[], readers bigint[])
),
wanted AS (
  SELECT given.pk, x.party, x.basis FROM given, unnest(given.parties, given.bases) x(party, basis)
),
left_out AS (
  DELETE FROM document_reader r USING given WHERE r.pk = given.pk AND NOT EXISTS (
    SELECT FROM wanted w WHERE w.pk = r.pk AND w.party = r.party AND w.basis = r.basis)
),
readers AS (
  INSERT INTO document_reader (pk, party, basis, since_version)
  SELECT w.pk, w.party, w.basis, d.version FROM wanted w JOIN document d ON d.pk = w.pk
  ON CONFLICT DO NOTHING
)
UPDATE document_search s SET readers = given.readers FROM given
WHERE s.pk = given.pk AND s.readers IS DISTINCT FROM given.readers
"""

#: Lets more readers in to locked documents; whoever reads one already is left alone.
ADMIT = """
WITH given AS (
  SELECT * FROM json_to_recordset(%(rows)s::json)
  AS sent(pk bigint, parties text[], bases text[], readers bigint[])
),
admitted AS (
  INSERT INTO document_reader (pk, party, basis, since_version)
  SELECT d.pk, x.party, x.basis, d.version
  FROM given JOIN document d ON d.pk = given.pk, unnest(given.parties, given.bases) x(party, basis)
  ON CONFLICT DO NOTHING
)
UPDATE document_search s SET readers = s.readers || ARRAY(
  SELECT reader FROM unnest(given.readers) reader WHERE reader <> ALL (s.readers))
FROM given WHERE s.pk = given.pk AND NOT s.readers @> given.readers
"""

#: Locks one document.
LOCK = (
    f"SELECT {DOCUMENT_COLUMNS} FROM document d"  # noqa: S608 - composed of constants
    " WHERE d.type = %(type)s AND d.id = %(id)s FOR UPDATE"
)

#: Locks documents in the one order that everybody takes.
LOCK_NAMED = f"""
SELECT {DOCUMENT_COLUMNS} FROM document d
WHERE (d.type, d.id) IN (SELECT * FROM unnest(%(types)s::text[], %(ids)s::text[]))
ORDER BY d.type, d.id FOR UPDATE
"""  # noqa: S608 - composed of constants

#: Takes locks that stand for what is no row yet, in the order given.
SERIALISE = "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS named(key)"

#: Locks the documents of an erasure, so that what is written meanwhile is seen by what follows.
LOCK_ALL = "SELECT pk FROM document WHERE pk = ANY(%(pks)s::bigint[]) ORDER BY pk FOR UPDATE"

#: The content of all versions goes; one version without content says that something was here.
ERASE = f"""{_STAMP},
d AS (
  UPDATE document SET version = version + 1, deleted = true, body = '', person = %(person)s::uuid,
         last_updated = greatest(stamp.at, last_updated + interval '1 millisecond')
  FROM stamp WHERE pk = ANY(%(pks)s::bigint[])
    AND (body <> '' OR EXISTS (
      SELECT FROM document_version v WHERE v.pk = document.pk AND v.body IS NOT NULL))
  RETURNING pk, version, last_updated, type, person
),
old_versions AS (DELETE FROM document_version WHERE pk IN (SELECT pk FROM d)),
versions AS (
  INSERT INTO document_version (pk, version, type, last_updated, method, body, person)
  SELECT pk, version, type, last_updated, 'DELETE', NULL, person FROM d
),
searched AS (DELETE FROM document_search WHERE pk IN (SELECT pk FROM d)),
dates AS (DELETE FROM document_date WHERE pk IN (SELECT pk FROM d)),
strings AS (DELETE FROM document_string WHERE pk IN (SELECT pk FROM d)),
quantities AS (DELETE FROM document_quantity WHERE pk IN (SELECT pk FROM d)),
links AS (DELETE FROM document_link WHERE pk IN (SELECT pk FROM d))
SELECT count(*) FROM d
"""  # noqa: S608 - composed of constants
