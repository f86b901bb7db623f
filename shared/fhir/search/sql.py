"""From a SearchRequest to SQL.

The statements are composed as text for two reasons. Their conditions nest (a chain is a search
inside a search), and their numbers are written as literals, so that PostgreSQL plans for the value
asked: with a placeholder it would reuse one plan for an owner with three documents and for one
with a hundred thousand. What is written as a literal was made here (hashes, bounds of dates,
decimals); a client's own text is always a bound parameter.

Access is a condition of every hop. Inside, it is an overlap of reader terms; the page that leaves
is checked again against the readers' own rows (``document_reader``), so that not even a collision
of hashes shows a document to the wrong party.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from shared.fhir.search import terms
from shared.fhir.search.comparing import array, every
from shared.fhir.search.parameters import Types
from shared.fhir.search.request import Chain, Condition, Include, SearchRequest
from shared.fhir.search.sorting import order_of, ordered, sort_keys
from shared.fhir.search.where import Where

#: Columns that make a `Stored`; see `shared.fhir.store`.
DOCUMENT_COLUMNS = (
    "d.pk, d.type, d.id, d.version, d.last_updated, d.deleted, d.body, d.owner, d.person"
)


@dataclass(slots=True)
class Statement:
    """SQL text with its bound parameters."""

    text: str
    parameters: dict[str, Any] = field(default_factory=dict)


Way = tuple[Condition, ...]
"""Conditions that all hold of what a narrowed scope means."""

Narrowing = tuple[tuple[str, tuple[Way, ...]], ...]
"""By type, the ways of which one must hold; a type that is not named is not narrowed."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Who asks, as SQL sees it; ``parties`` None sees everything.

    ``owner`` narrows to what one client organisation owns, for conditional interactions;
    ``narrowing`` to what the scopes of a token mean. ``hidden`` are the types that these do not
    reach at all: what is made of other rows tells nothing of them.
    """

    parties: tuple[str, ...] | None
    owner: str | None = None
    narrowing: Narrowing = ()
    hidden: tuple[str, ...] = ()

    def condition(self, alias: str) -> list[str]:
        """Conditions on a search row, by terms."""
        found = []
        if self.parties is not None:
            found.append(f"{alias}.readers && {array(terms.reader(p) for p in self.parties)}")
        if self.owner is not None:
            found.append(f"{alias}.readers @> {array([terms.owned_by(self.owner)])}")
        return found

    def exact(self, alias: str, parameters: dict[str, Any]) -> list[str]:
        """The same on a document row, by the readers' own rows."""
        found = []
        if self.parties is not None:
            parameters["parties"] = list(self.parties)
            found.append(
                f"EXISTS (SELECT FROM document_reader r WHERE r.pk = {alias}.pk"
                " AND r.party = ANY(%(parties)s))"
            )
        if self.owner is not None:
            parameters["owner"] = self.owner
            found.append(f"{alias}.owner = %(owner)s")
        return found


class SearchSql:
    """Writes the statements of one search.

    Args:
        types: the served types.
        visible: who asks.
        base_url: the server's own address.
        zone: what a date without zone means.
        safe_time: timestamptz text; ``_lastUpdated`` sees nothing at or after it.
    """

    def __init__(
        self,
        types: Types,
        visible: Visible,
        *,
        base_url: str,
        zone: ZoneInfo,
        safe_time: str | None = None,
    ) -> None:
        self._types = types
        self._visible = visible
        self._base_url = base_url
        self._zone = zone
        self._safe_time = safe_time
        self._walked: list[Chain] = []
        self._held: frozenset[int] = frozenset()

    def page(self, request: SearchRequest) -> Statement:
        """One page of matches and one row more, which tells whether there is a next page."""
        where = self.where()
        wanted = every(where.wanted(request, "s"))
        first = self._types[request.each_type[0][0]]
        keys = sort_keys(first, request.sort, "s", where.bind)
        selected = "".join(f", {key.expression}{key.collate} AS k{n}" for n, key in enumerate(keys))
        select = f"SELECT s.pk{selected} FROM document_search s"  # noqa: S608 - see above
        inner = ordered(select, wanted, keys, request.after, request.count + 1, where.bind)
        given = "".join(f", page.k{n}::text" for n in range(len(keys)))
        exact = self._visible.exact("d", where.parameters)
        text = (
            f"SELECT {DOCUMENT_COLUMNS}{given} FROM ({inner}) page"  # noqa: S608 - see above
            f" JOIN document d USING (pk) WHERE {every(exact)} ORDER BY {order_of(keys, 'page.')}"
        )
        return Statement(text, where.parameters)

    def count(self, request: SearchRequest, limit: int | None) -> Statement:
        """How many match, counting no further than ``limit``."""
        where = self.where()
        rows = f"SELECT FROM document_search s WHERE {every(where.wanted(request, 's'))}"
        if limit is not None:
            rows = f"{rows} LIMIT {limit}"
        return Statement(f"SELECT count(*) FROM ({rows}) counted", where.parameters)  # noqa: S608

    def reached(self, chain: Chain, limit: int) -> Statement:
        """How many documents a chain may lead to, counting no further than ``limit``.

        Of many that this asker does not see it may find too few: it helps to choose a way.
        """
        where = self.where()
        most = 10 * limit
        ways = (where.leading_to(target, inner, "s", most) for target, inner in chain.inner)
        rows = " UNION ALL ".join(f"(SELECT {way} LIMIT {limit})" for way in ways)
        return Statement(f"SELECT count(*) FROM ({rows}) counted", where.parameters)  # noqa: S608

    def walk(self, chain: Chain) -> None:
        """Have each match ask whether its own reference is the chain's, page by page.

        Otherwise PostgreSQL collects all that the chain leads to first. It cannot choose: how many
        references lead to one document is known to it for all documents alone, in the middle.
        """
        self._walked.append(chain)

    def look_inside(self, held: Iterable[int]) -> None:
        """Have chains look into what is contained, of the kinds of which there is any."""
        self._held = frozenset(held)

    def included(
        self,
        include: Include,
        pks: Sequence[int],
        *,
        reverse: bool,
        allowed: Iterable[str],
        limit: int,
    ) -> Statement:
        """What the documents ``pks`` refer to through ``include``, or what refers to them.

        Its parameters refer all by address, or all by canonical URL; see `Include.by_way`.
        """
        conditions = self.where()
        parameters = conditions.parameters
        parameters["allowed"] = sorted(allowed)
        keys = array(key for param in include.params for key in param.link_keys)
        near, far = ("target", "origin") if reverse else ("origin", "target")
        where = [
            f"{near}.pk = ANY({array(pks)})",
            f"l.link = ANY({keys})",
            "d.type = ANY(%(allowed)s)",
            *self._visible.exact("d", parameters),
            *conditions.narrowing(far),
        ]
        if reverse and include.target is not None:
            parameters["far_type"] = include.target
            where.append("target.type = %(far_type)s")
        elif include.target is not None:
            parameters["far_type"] = include.target
            where.append("d.type = %(far_type)s")
        # One element may serve two parameters (patient beside subject): the type tells them apart.
        only = {t for p in include.params for t in (p.targets if p.only_targets else ("*",))}
        if "*" not in only:
            parameters["only"] = sorted(only)
            where.append("target.type = ANY(%(only)s)")
        text = (
            f"SELECT DISTINCT ON (d.pk) {DOCUMENT_COLUMNS}"  # noqa: S608 - see above
            " FROM document_link l"
            " JOIN document_search origin ON origin.pk = l.pk"
            f" JOIN {conditions.target(include.params[0], 'l', 'target')}"
            f" JOIN document d ON d.pk = {far}.pk"
            f" WHERE {every(where)} ORDER BY d.pk LIMIT {limit}"
        )
        return Statement(text, parameters)

    def within(self, type_name: str, logical_id: str) -> Statement:
        """Whether a current document is one that the scopes mean: one row or none."""
        where = self.where()
        key = terms.document_key(type_name, logical_id)
        wanted = every([f"s.key = {key}", *where.of_type(type_name, (), "s")])
        return Statement(f"SELECT FROM document_search s WHERE {wanted}", where.parameters)

    @property
    def visible(self) -> Visible:
        """Who asks."""
        return self._visible

    def where(self) -> Where:
        """What writes the conditions of one statement."""
        return Where(
            self._types,
            self._visible,
            base_url=self._base_url,
            zone=self._zone,
            safe_time=self._safe_time,
            walked=self._walked,
            held=self._held,
        )
