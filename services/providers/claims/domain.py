"""The rules of a claim: its states, and whether what is said for it fits the listing. No I/O."""

from collections.abc import Collection
from enum import StrEnum

from services.providers.matches.likeness import register_number


class ClaimState(StrEnum):
    """Where a claim stands."""

    OPEN = "open"
    """It waits for the hub."""
    ACCEPTED = "accepted"
    """Whoever asked keeps the listing."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Whoever asked took it back before the hub had decided."""
    ENDED = "ended"
    """It was accepted; the hub, or the keeper, ended it."""


class Evidence(StrEnum):
    """By what somebody shows that a listing is theirs to keep."""

    CHARITY = "charity-number"
    COMPANY = "company-number"
    ODS = "ods-code"
    EMAIL = "work-email"
    WORDS = "words"


class Fits(StrEnum):
    """Whether evidence fits what the listing says: three answers (care 26)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


REGISTERS = frozenset({Evidence.CHARITY, Evidence.COMPANY, Evidence.ODS})


def number_fits(kind: Evidence, said: str, listed: Collection[str]) -> Fits:
    """Whether a number of a register is the listing's.

    Args:
        kind: of which register.
        said: the number as somebody wrote it.
        listed: the listing's numbers, as `register_number` has them.
    """
    number = register_number(kind, said)
    if number is None:
        return Fits.UNKNOWN
    if number in listed:
        return Fits.YES
    register = number.split()[0]
    return Fits.NO if any(each.split()[0] == register for each in listed) else Fits.UNKNOWN


def email_fits(said: str, listed: str | None, website: str | None) -> Fits:
    """Whether a work e-mail address is the listing's own, or on its website's domain.

    Never a no: small groups write from the address that they have. The domain of the listed address
    says nothing, since half of the country shares those of the large mail services.

    Args:
        said: the address.
        listed: the listing's own address.
        website: the host of the listing's website.
    """
    address = said.strip().lower()
    if listed is not None and address == listed.lower():
        return Fits.YES
    domain = address.rpartition("@")[2]
    host = (website or "").lower().removeprefix("www.")
    own = bool(host) and (domain == host or domain.endswith(f".{host}"))
    return Fits.YES if own else Fits.UNKNOWN
