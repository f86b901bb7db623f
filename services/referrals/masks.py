"""What stands in place of a secret in an address or in a header line: written, never read back.

Whoever reads sees that there is a header, a query parameter or a password, and no value. Sent as it
was read, a value is the one that was stored.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.fhir.outcome import rule_broken

MASK = "********"

_ACCOUNT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
"""Name and password before the host (RFC 3986, section 3.2.1)."""


@dataclass(frozen=True)
class Kept:
    """What is kept of where somebody is reached.

    Attributes:
        address: whole.
        headers: each `Name: value`, whole, in their order.
    """

    address: str
    headers: Sequence[str]


def masked_address(address: str) -> str:
    """An address whose query says which parameters it has; one without a name is all value."""
    base, mark, query = _ACCOUNT.sub(rf"\g<1>{MASK}@", address).partition("?")
    if not query:
        before, number_sign, fragment = base.partition("#")
        return before + number_sign + (MASK if fragment else "") + mark
    names = (part.partition("=")[:2] for part in query.split("&"))
    return base + mark + "&".join(f"{name}={MASK}" if sign else MASK for name, sign in names)


def unmasked_address(sent: str, kept: Kept | None, place: str) -> str:
    """An address as it was sent, with what is kept in place of its masks.

    Args:
        sent: with or without masks.
        kept: how it stands; None if it is new.
        place: the element, for a refusal.

    Raises:
        FhirError: 422 where nothing is kept of this address.
    """
    if MASK not in sent:
        return sent
    if kept is not None and masked_address(kept.address) == sent:
        return kept.address
    words = f"{MASK} stands for what is kept of this address, and nothing is: send it whole."
    raise rule_broken(words, place)


def masked_lines(lines: Iterable[Any]) -> list[Any]:
    """Header lines without their values; a line without a name is all value."""
    return [line if line is None else _masked_line(str(line)) for line in lines]


def unmasked_lines(lines: Iterable[Any], kept: Sequence[str], place: str) -> Iterator[Any]:
    """Header lines as they were sent; of several of one name, each mask is the one in its turn.

    Args:
        lines: with or without masks.
        kept: for the same address.
        place: the element, for a refusal.

    Raises:
        FhirError: 422 where nothing is kept in the place of a mask.
    """
    left = list(kept)
    for line in lines:
        name, value = _parts(str(line))
        of_name = [each for each in left if _parts(each)[0].lower() == name.lower()]
        if of_name:
            left.remove(of_name[0])
        if line is None or value.strip() != MASK:
            yield line
        elif of_name:
            yield of_name[0]
        else:
            words = (
                f"{MASK} stands for a value that is kept for this endpoint, and none is: send it."
            )
            raise rule_broken(words, place)


def _masked_line(line: str) -> str:
    name, _ = _parts(line)
    return f"{name}: {MASK}" if name else MASK


def _parts(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    return (name, value) if colon else ("", line)
