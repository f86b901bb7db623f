"""What a writer of a listing left unsaid: it stays as it is, where reading it would not show it.

`GET /services/{id}` is Open Referral UK, and has no `kersey`, amounts or hubs of areas in it.
Whoever reads a listing, changes it and sends it back does not mean to empty these.
"""

from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from services.providers import hsds
from services.providers.importing.merging import standing_services
from services.providers.life import versions
from services.providers.publishing import Misfit
from shared.database import UnitOfWork

_FUNDING = ("amount", "valid_from", "valid_to")
_AREA = ("hub",)

Part = TypeVar("Part", hsds.Funding, hsds.ServiceArea)


def completed(
    uow: UnitOfWork, key: UUID, model: hsds.Service, *, on_what_waits: bool
) -> hsds.Service:
    """A listing with what its writer did not say, and could not have read.

    Args:
        uow: the caller's transaction, which holds the service's lock.
        key: the service.
        model: as it was sent. A member that was sent as null is said.
        on_what_waits: whether the writer's last version counts that the hub did not publish.

    Raises:
        Misfit: what is said and what stays do not go together.
    """
    base = standing_or_waiting(uow, key) if on_what_waits else _standing(uow, key)
    if base is None:
        return model
    own = {
        name: getattr(base.kersey, name)
        for name in type(model.kersey).model_fields.keys() - model.kersey.model_fields_set
        if name != "capacity"
    }
    kersey = model.kersey.model_copy(update=own)
    try:
        type(kersey).model_validate(kersey.model_dump())
    except ValidationError:
        raise Misfit(
            "kersey.evidence", f"The tier that stands is {kersey.tier}: say both anew, or neither."
        ) from None
    update: dict[str, Any] = {
        "kersey": kersey,
        "funding": _with(model.funding, base.funding, _FUNDING),
        "service_areas": _with(model.service_areas, base.service_areas, _AREA),
    }
    return model.model_copy(update=update)


def standing_or_waiting(uow: UnitOfWork, key: UUID) -> hsds.Service | None:
    """A service as its last version has it that the hub did not publish, else as it is public."""
    unpublished = versions.unpublished(uow, key)
    if unpublished is not None:
        return hsds.Service.model_validate(unpublished["listing"])
    return _standing(uow, key)


def _standing(uow: UnitOfWork, key: UUID) -> hsds.Service | None:
    return standing_services(uow.session, [key]).get(key)


def _with(said: tuple[Part, ...], stands: tuple[Part, ...], names: tuple[str, ...]) -> Any:
    """Entities with the same id keep what they do not say of these members."""
    known = {each.id: each for each in stands if each.id is not None}
    return tuple(
        each.model_copy(
            update={
                name: getattr(known[each.id], name)
                for name in names
                if name not in each.model_fields_set
            }
        )
        if each.id in known
        else each
        for each in said
    )
