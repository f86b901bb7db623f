"""Who of the team wrote what stands on a case: whose accounts its page has to know by name."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def accounts_writing(case: Json, plan: Json | None) -> Iterator[str | None]:
    """Whose contacts, signposts, first visits and notes stand on a page.

    Args:
        case: as the case API tells it.
        plan: the same; None for whoever does not care for the person.
    """
    for each in (*case["attempts"], *case["signposts"]):
        yield each["made_by"]
    for each in case["tasks"]:
        yield (each["first_visit"] or {}).get("set_by")
    if plan is None:
        return
    yield (plan["next"] or {}).get("noted_by")
    for each in (*plan["goals"], *plan["reviews"]):
        yield each["recorded_by"]
    for each in plan["care"]["complexity"]:
        yield each["set_by"]
    for each in plan["care"]["supervision"]:
        yield each["asked_by"]
        yield each["talked_by"]
