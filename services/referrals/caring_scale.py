"""How much a case asks of its team: a scale of the house, with what each level means.

It is about the work and not the person, decides nothing about anybody, and leaves the team with no
messages or insights (care 19). There is no national scale for social prescribing; this one has as
few levels as a team lead needs to share out work.
"""

from collections.abc import Mapping

LEVELS: Mapping[str, str] = {
    "light": "information, or one thing to arrange",
    "steady": "some contacts over some weeks",
    "high": "several needs, or months of support",
    "intensive": "risks, or several services at once: not carried by one colleague alone",
}
"""By code, least first."""
