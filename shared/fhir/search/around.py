"""What is around one resource, or each of a type, of many types at once, as one statement.

For the whole of a compartment and for `$everything`. Who may read is a condition of every hop, as
in `shared.fhir.search.sql`: what is referred to is found through what the caller may see alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.fhir.search import terms
from shared.fhir.search.comparing import array, either, every
from shared.fhir.search.parameters import SearchParam
from shared.fhir.search.sql import DOCUMENT_COLUMNS, Narrowing, Statement, Visible
from shared.fhir.search.where import Where


@dataclass(frozen=True, slots=True)
class Around:
    """What is asked for.

    Attributes:
        type: of the resource in the middle.
        id: its id; None for each of the type that the caller may see.
        params: by which others refer to it.
        itself: whether it is asked for too.
        referred_to: whether what the found refer to is to be sent along.
        types: of what is found, and of what is sent along.
        since: only what was stored at or after this instant.
        count: resources per page.
        after: the key of the last of the page before.
        only: by type, what is left of what is found; not of what is sent along.
    """

    type: str
    id: str | None
    params: Sequence[SearchParam]
    itself: bool
    referred_to: bool
    types: Collection[str]
    since: datetime | None
    count: int
    after: int | None
    only: Narrowing = ()


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
    exact = visible.exact("d", parameters)
    if asked.since is not None:
        parameters |= {"since": asked.since, "safe": safe_time}
        exact.append("d.last_updated >= %(since)s AND d.last_updated < %(safe)s")
    write = _of_one if asked.id is not None else _of_each
    text = write(asked, visible, where, exact)
    return Statement(text, parameters | where.parameters)


def _of_one(asked: Around, visible: Visible, where: Where, exact: Sequence[str]) -> str:
    """What is around it is collected, and the page cut out of that."""
    middle = terms.document_key(asked.type, asked.id or "")
    links = array(key for param in asked.params for key in param.link_keys)
    near = every([_types("s"), *_seen("s", visible, where), *where.only(asked.only, "s")])
    far = every([_types("t"), *_seen("t", visible, where)])
    itself = f" OR s.key = {middle}" if asked.itself else ""
    beside = (
        " UNION ALL SELECT t.pk, false FROM member"  # noqa: S608 - made here, see sql.py
        " JOIN document_link l ON l.pk = member.pk"
        f" JOIN document_search t ON t.key = l.target WHERE {far}"
    )
    return (
        "WITH member AS (SELECT s.pk FROM document_search s"  # noqa: S608 - made here, see sql.py
        f" WHERE {near} AND (s.pk = ANY(ARRAY(SELECT l.pk FROM document_link l"
        f" WHERE l.target = {middle} AND l.link = ANY({links}))){itself})),"
        f" found AS (SELECT pk, bool_or(is_match) AS is_match FROM"
        f" (SELECT pk, true AS is_match FROM member{beside if asked.referred_to else ''}) each"
        " GROUP BY pk)"
        f" SELECT {DOCUMENT_COLUMNS}, found.is_match FROM found"
        f" JOIN document d ON d.pk = found.pk WHERE {every(['found.pk > %(after)s', *exact])}"
        f" ORDER BY found.pk LIMIT {asked.count + 1}"
    )


def _of_each(asked: Around, visible: Visible, where: Where, exact: Sequence[str]) -> str:
    """What the caller may see is asked one by one whether it is around any, until a page is full.

    Collecting it all, as around one, would be most of what the caller may see, for each page.
    """
    member = _around_any(asked, visible, where, "s")
    beside = "false"
    if asked.referred_to:
        near = every([*_seen("o", visible, where), _around_any(asked, visible, where, "o")])
        beside = (
            "EXISTS (SELECT FROM document_link r JOIN document_search o ON o.pk = r.pk"
            f" WHERE r.target = s.key AND {_types('o')} AND {near})"
        )
    wanted = every(["s.pk > %(after)s", _types("s"), *_seen("s", visible, where), *exact])
    return (
        f"SELECT {DOCUMENT_COLUMNS}, m.is_match FROM document_search s"  # noqa: S608 - see sql.py
        f" JOIN document d ON d.pk = s.pk CROSS JOIN LATERAL (SELECT {member} AS is_match) m"
        f" WHERE {wanted} AND (m.is_match OR {beside}) ORDER BY s.pk LIMIT {asked.count + 1}"
    )


def _around_any(asked: Around, visible: Visible, where: Where, alias: str) -> str:
    links = array(key for param in asked.params for key in param.link_keys)
    kind = where.bind(asked.type)
    middle = every([f"c.type = {kind}", *_seen("c", visible, where)])
    refers = (
        "EXISTS (SELECT FROM document_link l JOIN document_search c ON c.key = l.target"
        f" WHERE l.pk = {alias}.pk AND l.link = ANY({links}) AND {middle})"
    )
    itself = [f"{alias}.type = {kind}"] if asked.itself else []
    return every([either([refers, *itself]), *where.only(asked.only, alias)])


def _types(alias: str) -> str:
    return f"{alias}.type = ANY(%(types)s)"


def _seen(alias: str, visible: Visible, where: Where) -> list[str]:
    return [*visible.condition(alias), *where.narrowing(alias)]
