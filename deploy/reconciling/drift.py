"""What a comparison finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine


@dataclass(frozen=True)
class Drift:
    """One thing on which two databases do not agree.

    Attributes:
        kind: what is wrong, in a few words; the same for all of its kind.
        id: of what it is wrong; an id or a subject, never a person's detail.
        mend: what to do next: a command where one helps.
    """

    kind: str
    id: str
    mend: str


@dataclass(frozen=True)
class Databases:
    """What is compared.

    Attributes:
        engines: by service.
        before: what happened later may still be on its way, and is no drift.
    """

    engines: Mapping[str, Engine]
    before: datetime

    def __getitem__(self, service: str) -> Engine:
        """A service's database."""
        return self.engines[service]
