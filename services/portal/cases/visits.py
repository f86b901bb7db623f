"""What stands about visits to a person, in words."""

from collections.abc import Mapping
from typing import Any

from shared.languages import _


def visits_in_words(stands: Mapping[str, Any] | None) -> str:
    """What stands about visits, and why; empty where nothing keeps anybody from a visit.

    Args:
        stands: as referrals tells it; None where nobody said anything.
    """
    if stands is None or (stands["at_home"] and stands["alone"]):
        return ""
    said = [] if stands["at_home"] else [_("Do not visit at home.")]
    said += [] if stands["alone"] else [_("Do not visit alone.")]
    return " ".join([*map(str, said), stands["because"]])
