"""Who did something, by name: services keep accounts, the issuer knows whose they are."""

import re
from collections.abc import Iterable, Mapping

from services.portal.staff.place import Place
from shared.languages import _

_ACCOUNT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST = 100
"""Names that the issuer tells at once."""


async def names_of(here: Place, accounts: Iterable[str]) -> Mapping[str, str]:
    """Names by account; empty while the issuer cannot be asked, or is another than Kersey's."""
    asked = sorted({each for each in accounts if _ACCOUNT.fullmatch(each)})[:MOST]
    if not asked:
        return {}
    found = await here.look("/identity/people/names", id=asked)
    names: Mapping[str, str] = (found or {}).get("names", {})
    return names


def called(account: str, names: Mapping[str, str]) -> str:
    """Who did something: by name, or as a system; empty for nobody known."""
    if not account:
        return ""
    return names.get(account) or (
        _("somebody whose name is not known here") if _ACCOUNT.fullmatch(account) else _("a system")
    )
