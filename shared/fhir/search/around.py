"""What is around one resource, of many types at once, as one statement.

For the whole of a compartment and for `$everything`. Who may read is a condition of every hop, as
in `shared.fhir.search.sql`: what is referred to is found through what the caller may see alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.fhir.search import terms
from shared.fhir.search.comparing import array
from shared.fhir.search.parameters import SearchParam
from shared.fhir.search.sql import DOCUMENT_COLUMNS, Statement, Visible
from shared.fhir.search.where import Where


@dataclass(frozen=True, slots=True)
class Around:
    """What is asked for.

    Attributes:
        type: of the resource in the middle.
        id: its id.
        params: by which others refer to it.
        itself: whether it is asked for too.
        referred_to: whether what the found refer to is to be sent along.
        types: of what is found, and of what is sent along.
        since: only what was stored at or after this instant.
        count: resources per page.
        after: the key of the last of the page before.
    """

    type: str
    id: str
    params: Sequence[SearchParam]
    itself: bool
    referred_to: bool
    types: Collection[str]
    since: datetime | None
    count: int
    after: int | None


def around_sql(
    asked: Around, visible: Visible, where: Where, safe_time: datetime | None
) -> Statement:
    """One page and one row more; after the document's columns, whether it is a match.

    Args:
        asked: what is asked for.
        visible: who asks.
        where: writes what the asker's scopes mean.
        safe_time: with ``since``: nothing at or after it.
    """
    parameters: dict[str, Any] = {"types": sorted(asked.types), "after": asked.after or 0}
    middle = terms.document_key(asked.type, asked.id)
    links = array(key for param in asked.params for key in param.link_keys)
    near = " AND ".join(["s.type = ANY(%(types)s)", *visible.condition("s"), *where.narrowing("s")])
    far = " AND ".join(["t.type = ANY(%(types)s)", *visible.condition("t"), *where.narrowing("t")])
    exact = ["found.pk > %(after)s", *visible.exact("d", parameters)]
    if asked.since is not None:
        parameters |= {"since": asked.since, "safe": safe_time}
        exact.append("d.last_updated >= %(since)s AND d.last_updated < %(safe)s")
    itself = f" OR s.key = {middle}" if asked.itself else ""
    beside = (
        " UNION ALL SELECT t.pk, false FROM member"  # noqa: S608 - made here, see sql.py
        " JOIN document_link l ON l.pk = member.pk"
        f" JOIN document_search t ON t.key = l.target WHERE {far}"
    )
    text = (
        "WITH member AS (SELECT s.pk FROM document_search s"  # noqa: S608 - made here, see sql.py
        f" WHERE {near} AND (s.pk = ANY(ARRAY(SELECT l.pk FROM document_link l"
        f" WHERE l.target = {middle} AND l.link = ANY({links}))){itself})),"
        f" found AS (SELECT pk, bool_or(is_match) AS is_match FROM"
        f" (SELECT pk, true AS is_match FROM member{beside if asked.referred_to else ''}) each"
        " GROUP BY pk)"
        f" SELECT {DOCUMENT_COLUMNS}, found.is_match FROM found"
        f" JOIN document d ON d.pk = found.pk WHERE {' AND '.join(exact)}"
        f" ORDER BY found.pk LIMIT {asked.count + 1}"
    )
    return Statement(text, parameters | where.parameters)
