"""Two listings of one service, brought together: pure, no I/O."""

from collections.abc import Collection
from typing import Any

from services.providers import hsds
from services.providers.life.states import bare
from services.providers.publishing import Misfit

_NO_FIELDS = {"id", "organization_id", "kersey", "status", "assured_date", "assurer_email"}
"""What stays with each: its id, what Kersey says, and who looked at it."""
FIELDS = hsds.Service.model_fields.keys() - _NO_FIELDS


def conflicts(one: hsds.Service, other: hsds.Service) -> list[dict[str, Any]]:
    """The fields in which two services say different things, with what each says."""
    mine, theirs = _said(one), _said(other)
    return [
        {"field": name, "one": mine[name], "other": theirs[name]}
        for name in sorted(mine.keys() & theirs.keys() & FIELDS - {"attributes"})
        if mine[name] != theirs[name]
    ]


def together(kept: hsds.Service, gone: hsds.Service, chosen: Collection[str]) -> hsds.Service:
    """The kept one, with what it lacks and the other has, and the other's value where chosen.

    Args:
        kept: the listing that stays.
        gone: the other one. What is below it gets ids of its own, since its row keeps the others.
        chosen: fields in which the other's value counts.

    Raises:
        Misfit: nobody chooses between two of this field, or ages contradict each other.
    """
    for name in sorted(set(chosen) - FIELDS):
        raise Misfit(f"fields.{name}", "This is no field that the two could differ in.")
    theirs = hsds.Service.model_validate(bare(gone.model_dump(mode="json")))
    update: dict[str, Any] = {}
    for name in FIELDS:
        if name == "attributes":
            mine = [bare(each.model_dump(mode="json")) for each in kept.attributes]
            more = [
                each for each in theirs.attributes if bare(each.model_dump(mode="json")) not in mine
            ]
            update[name] = (*kept.attributes, *more)
        elif name in chosen or getattr(kept, name) in (None, ()):
            update[name] = getattr(theirs, name)
    found = kept.model_copy(update=update)
    low, high = found.minimum_age, found.maximum_age
    if low is not None and high is not None and high < low:
        raise Misfit(
            "fields.minimum_age", "The ages contradict each other: choose both or neither."
        )
    return found


def parted(now_there: hsds.Service, before: hsds.Service, after: hsds.Service) -> hsds.Service:
    """The kept one as it was before, but for what was written since."""
    stands, joined = _said(now_there), _said(after)
    restored = {
        name: getattr(before, name) for name in FIELDS if stands.get(name) == joined.get(name)
    }
    return now_there.model_copy(update=restored)


def _said(model: hsds.Service) -> dict[str, Any]:
    found: dict[str, Any] = bare(
        model.model_dump(mode="json", exclude_defaults=True, exclude={"kersey"})
    )
    return found
