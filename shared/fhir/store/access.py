"""Who is asking, and who may read a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from shared.fhir.search.sql import Narrowing, Visible


@dataclass(frozen=True, slots=True)
class Access:
    """Who is asking: the parties whose reader rows count. No party sees nothing.

    ``narrowing`` is what the scopes of the asker's token mean, see `shared.fhir.narrowing`;
    ``hidden`` are the types of which they let it read and find nothing.
    """

    parties: frozenset[str]
    everything: bool = False
    narrowing: Narrowing = ()
    hidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *parties: str) -> Self:
        """The access of the given parties together."""
        return cls(frozenset(parties))

    @classmethod
    def system(cls) -> Self:
        """Sees every document. For the server's own work; never for a request's principal."""
        return cls(frozenset(), everything=True)

    def visible(self, owner: str | None = None) -> Visible:
        """The same, for the SQL."""
        parties = None if self.everything else tuple(sorted(self.parties))
        return Visible(parties, owner, self.narrowing, tuple(sorted(self.hidden)))

    def narrows(self, type_name: str) -> bool:
        """Whether its scopes mean some resources of a type only."""
        return any(name == type_name for name, _ in self.narrowing)


@dataclass(frozen=True, slots=True)
class Grant:
    """One reader of a document and why it may read."""

    party: str
    basis: str
