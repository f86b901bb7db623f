"""Whose pages an area is: nobody stands before forms that are not theirs to send.

The services refuse them in any case. But several roles share a scope, so that some of these pages
would open for a role that has no work there, and lead nowhere.
"""

from collections.abc import Iterable, Mapping

from services.portal.answer_links import Refusal
from shared.languages import _

OF_WORKERS = _("These pages are for link workers and the coordinators of a hub.")
OF_PROVIDERS = _("These pages are for groups that people are referred to.")
OF_MANAGERS = _("These pages are for the managers of a group.")

WHOSE: Mapping[str, tuple[frozenset[str], str]] = {
    "/cases": (frozenset({"link-worker", "coordinator"}), OF_WORKERS),
    "/requests": (frozenset({"provider"}), OF_PROVIDERS),
    "/registers": (frozenset({"provider"}), OF_PROVIDERS),
    "/what-we-did": (frozenset({"provider"}), OF_PROVIDERS),
    "/still-missing": (frozenset({"provider"}), OF_PROVIDERS),
    "/services": (frozenset({"provider-manager"}), OF_MANAGERS),
    "/how-we-are-asked": (frozenset({"provider-manager"}), OF_MANAGERS),
}
"""By how the addresses begin: who works there, as a token names them, and who is told so. Areas
that are not here ask by themselves."""


def check_whose(path: str, roles: Iterable[str]) -> None:
    """Refuse a page to whoever has no work there.

    Args:
        path: the page's address.
        roles: of whoever asks, as a token names them.

    Raises:
        Refusal: the page is for others; it says for whom.
    """
    theirs, said = WHOSE.get(f"/{path.split('/')[1]}", (None, ""))
    if theirs is not None and theirs.isdisjoint(roles):
        raise Refusal(403, detail=said)
