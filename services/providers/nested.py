"""Rows read for a whole page of entities at once, and nested as HSDS nests them.

What is empty is absent, never null (Open Referral UK compliance).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers.rows import table

Json = dict[str, Any]
Row = RowMapping | Mapping[str, Any]

TERM = "id code name description parent_id taxonomy_id term_uri"


def plain(value: Any) -> Any:
    """A column's value as JSON: instants in UTC with milliseconds, times as HH:MM."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def picked(row: Row, names: str) -> Json:
    """The columns named, separated by spaces, that hold something."""
    return {name: plain(row[name]) for name in names.split() if row[name] not in (None, "")}


def described(row: Row, names: str) -> Json:
    """The same of what HSDS requires a description of: its name, where nothing is said."""
    said = picked(row, names)
    said.setdefault("description", row["name"])
    return said


def picked_json(entity: Json, names: Iterable[str]) -> Json:
    """The named members that are there."""
    return {name: entity[name] for name in names if name in entity}


def with_nested(entity: Json, **below: Any) -> Json:
    """An entity with those of its nested entities that are there."""
    return entity | {name: value for name, value in below.items() if value}


@cache
def _below(name: str, column: str) -> Select[Any]:
    """Written once for each column, and one text for any number of parents: a listing takes some
    thirty of these, and in a profile a third of their time went into writing each anew.
    """
    source = table(name)
    parents = bindparam("parents", type_=ARRAY(source.c[column].type))
    return select(source).where(source.c[column] == any_(parents)).order_by(*source.primary_key)


class Children:
    """Rows of child tables, fetched once for a whole page and grouped by parent."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, name: str, column: str, parents: Collection[UUID]) -> dict[UUID, list[Row]]:
        """All rows of table `name` whose `column` is among `parents`, in a lasting order."""
        grouped: dict[UUID, list[Row]] = defaultdict(list)
        if parents:
            given = {"parents": list(parents)}
            for row in self._session.connection().execute(_below(name, column), given).mappings():
                grouped[row[column]].append(row)
        return grouped

    def by_id(self, name: str, keys: Collection[UUID]) -> dict[UUID, Row]:
        """Rows of table `name` by id."""
        return {key: rows[0] for key, rows in self.of(name, "id", keys).items()}


class Written(Children):
    """Rows that this transaction has just written need not be read again; all others are.

    Args:
        session: where the others are read.
        rows: of services and their locations, with everything below them, by table.
    """

    def __init__(self, session: Session, rows: Mapping[str, Iterable[Row]]) -> None:
        super().__init__(session)
        self._rows = {
            name: {row["id"]: row for row in sorted(each, key=itemgetter("id"))}
            for name, each in rows.items()
        }
        self._whole = {
            key for name in ("service", "location", "contact", "phone") for key in self._keys(name)
        }

    def _keys(self, name: str) -> Collection[UUID]:
        return self._rows.get(name, {}).keys()

    def of(self, name: str, column: str, parents: Collection[UUID]) -> dict[UUID, list[Row]]:
        """See `Children`. What is below something written was written with it, or is not there."""
        here = self._keys(name) if column == "id" else self._whole
        if any(key not in here for key in parents):
            return super().of(name, column, parents)
        wanted = set(parents)
        grouped: dict[UUID, list[Row]] = defaultdict(list)
        empty = dict.fromkeys(table(name).c.keys())
        for row in self._rows.get(name, {}).values():
            if row[column] in wanted:
                grouped[row[column]].append({**empty, **row})
        return grouped


def entities(
    rows: Iterable[Row], names: str, more: Callable[[Row], Json] | None = None
) -> list[Json]:
    """Rows as entities, each with the nested ones that `more` gives."""
    return [with_nested(picked(row, names), **(more(row) if more else {})) for row in rows]


class Terms:
    """Attributes of entities, with their terms; ids tell apart things of one kind only."""

    def __init__(self, children: Children, owners: Collection[UUID]) -> None:
        links = [
            link for rows in children.of("attribute", "link_id", owners).values() for link in rows
        ]
        self._links: dict[tuple[str, UUID], list[Row]] = defaultdict(list)
        for link in links:
            self._links[link["link_entity"], link["link_id"]].append(link)
        self._terms = children.by_id("taxonomy_term", {link["taxonomy_term_id"] for link in links})
        taxonomies = {term["taxonomy_id"] for term in self._terms.values()}
        self._taxonomies = children.by_id("taxonomy", taxonomies)
        self._shown = {
            key: described(term, TERM) | {"taxonomy": self._taxonomies[term["taxonomy_id"]]["name"]}
            for key, term in self._terms.items()
        }

    def attributes(self, entity: str, owner: UUID) -> list[Json]:
        """An entity's attributes in HSDS shape."""
        return [
            picked(link, "id link_id taxonomy_term_id link_type value")
            | {
                "link_entity": link["link_entity"],
                "taxonomy_term": self._shown[link["taxonomy_term_id"]],
            }
            for link in self._links.get((entity, owner), ())
        ]

    def answers(self, entity: str, owner: UUID) -> Iterable[tuple[str, str, bool]]:
        """(taxonomy code, term code, yes or no) of an entity's attributes."""
        for link in self._links.get((entity, owner), ()):
            term = self._terms[link["taxonomy_term_id"]]
            taxonomy = self._taxonomies[term["taxonomy_id"]]
            yield taxonomy["code"], term["code"], link["value"] != "no"
