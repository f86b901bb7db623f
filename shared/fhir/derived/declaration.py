"""What a derived type says of its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from shared.fhir.search.extract import Extractor
from shared.fhir.search.parameters import ResourceType
from shared.fhir.search.sql import Visible

Resource = dict[str, Any]


class Derived(ABC):
    """A type made of rows, which its SQL calls ``v``.

    Attributes:
        name: of the type.
        kinds: by a row's ``kind``, what all resources of that kind have in common, for searches by
            what is constant in them.
        dates: the date parameters whose value is the time of the row, ``last_updated``.
        references: by reference parameter, the SQL that is true of rows which refer to any of the
            addresses ``{any}``, such as ``Task/1``; ``{persons}`` and ``{holders}`` are what
            `people` found for the Patients among them.
        chained: the same where the one address ``{address}``, of type ``{type}`` and id ``{id}``,
            is that of another row.
        people: the SELECT of whom the Patients with the ids ``%(patients)s`` are about and who
            holds them; empty where nothing asks for it.
        present: by parameter, the SQL that is true of rows which have a value of it; of those whose
            values are not constant.
        codes: by token parameter, the SQL of its one code, which has no system.
    """

    name: str
    kinds: Mapping[str, Resource]
    dates: frozenset[str]
    references: Mapping[str, str]
    chained: Mapping[str, str]
    people: str = ""
    present: Mapping[str, str]
    codes: Mapping[str, str]

    _constant: Mapping[str, frozenset[int]] | None = None

    def constant_terms(
        self, extractor: Extractor, resource_type: ResourceType
    ) -> Mapping[str, frozenset[int]]:
        """By kind, the terms by which its constant parts are found; they are found once."""
        if self._constant is None:
            self._constant = {
                kind: frozenset(extractor.entry(resource_type, dict(sample)).terms)
                for kind, sample in self.kinds.items()
            }
        return self._constant

    @abstractmethod
    def rows(self, visible: Visible, parameters: dict[str, Any]) -> Sequence[str]:
        """The SELECT of all rows that may be seen, with ``n``, ``last_updated`` and ``kind``.

        One for each table that they are in, with the same columns: each is asked for a page by
        itself, so that its indexes serve. ``n`` is a number that no other row of any of them has,
        and rises with time. What they bind they add to `parameters`.
        """

    @abstractmethod
    def columns(self, logical_id: str) -> Mapping[str, Any] | None:
        """The values by which the row of one resource is found; None where no row can have it.

        A pair of times is a range, of which the end is not in it.
        """

    @abstractmethod
    def selected(self, visible: Visible, parameters: dict[str, Any]) -> str:
        """What of a row, beside its own columns, `resource` needs: SQL, or an empty text.

        What it binds it adds to `parameters`.
        """

    @abstractmethod
    def resource(self, row: Mapping[str, Any]) -> Resource:
        """The resource, with its id and without ``meta``."""
