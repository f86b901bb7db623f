"""The codes of a message, which are data: what a deployment loaded, else those of `codes.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from sqlmodel import Session, select

from services.referrals import codes
from services.referrals.tables import GpCode


class Purpose(StrEnum):
    """What a code says in a message."""

    ACCEPTED = "triage-accepted"
    """The person said yes to social prescribing."""
    DECLINED = "triage-declined"
    """The person said no."""
    DOCUMENT = "document"
    """What kind of document the letter is."""


@dataclass(frozen=True)
class Code:
    """A code of a terminology.

    Attributes:
        system: which terminology.
        code: the code.
        display: what it means, in its own words.
        verified: whether its source was read; one that is not is told in words only.
        source: where it is said; what a deployment loaded is its own word.
    """

    system: str
    code: str
    display: str
    verified: bool
    source: str = ""

    @property
    def concept(self) -> dict[str, Any]:
        """As a CodeableConcept; without a coding where the code is not certain."""
        if not self.verified:
            return {"text": self.display}
        coding = {"system": self.system, "code": self.code, "display": self.display}
        return {"coding": [coding], "text": self.display}

    @property
    def words(self) -> str:
        """As a letter has it."""
        system = "SNOMED CT" if self.system == codes.SNOMED else self.system
        return f"{self.display} ({system} {self.code})"


@cache
def shipped() -> Mapping[Purpose, Code]:
    """The codes that Kersey comes with."""
    text = files(__package__).joinpath("codes.toml").read_text("utf-8")
    return {Purpose(name): Code(**entry) for name, entry in tomllib.loads(text).items()}


def codes_of(session: Session) -> Mapping[Purpose, Code]:
    """The codes of this deployment: those that it loaded, and the rest as Kersey comes with them.

    Args:
        session: the caller's.
    """
    loaded = {
        Purpose(row.purpose): Code(row.system, row.code, row.display, row.verified)
        for row in session.exec(select(GpCode))
    }
    return {**shipped(), **loaded}


def meant(session: Session, code: str) -> tuple[Purpose, Code] | None:
    """What a message's code says, and the code; None where it is known no more.

    One that was loaded over since a message was made is still the one that Kersey came with.

    Args:
        session: the caller's.
        code: its value.
    """
    every = (*codes_of(session).items(), *shipped().items())
    return next((pair for pair in every if pair[1].code == code and pair[1].verified), None)
