"""Where a literal reference leads (FHIR R4 references.html)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RESTFUL = re.compile(
    r"(?:(?P<base>https?://.+)/)?(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9.-]{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a reference leads: a document here (``local``), or an address elsewhere.

    ``version`` is the one that it names, which its ``address`` leaves off.
    """

    type: str | None
    id: str | None
    address: str
    local: bool
    version: str | None = None

    @property
    def literal(self) -> str:
        """The address with the version."""
        return self.address if self.version is None else f"{self.address}/_history/{self.version}"


def target_of(reference: str, base_url: str) -> Target | None:
    """Read a literal reference; None for one inside its own resource (``#id``).

    An absolute address below ``base_url`` is this server's own; a version is left off, because a
    search by reference finds all versions of the target.
    """
    if reference.startswith("#") or not reference:
        return None
    match = _RESTFUL.fullmatch(reference)
    if match is None:
        return Target(None, None, reference, local=False)
    here = f"{match['type']}/{match['id']}"
    if match["base"] is None or match["base"] == base_url:
        return Target(match["type"], match["id"], here, True, match["version"])
    address = f"{match['base']}/{here}"
    return Target(match["type"], match["id"], address, False, match["version"])
