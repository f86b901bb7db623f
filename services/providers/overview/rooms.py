"""How much room the services of a hub have."""

from sqlalchemy import and_, case, func, or_, select

from services.providers import capacities, hubs
from services.providers.domain import CapacityState
from services.providers.handlers import Directory
from services.providers.nested import Json, picked
from services.providers.overview.names import called
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork

_SERVICE, _ORGANIZATION, _CAPACITY = table("service"), table("organization"), table("capacity")


def listed(
    directory: Directory,
    principal: Principal,
    state: CapacityState | None,
    page: Page,
    named: str = "",
) -> Json:
    """One page of the listed services of somebody's hubs with their room, in the order of names.

    Args:
        directory: what to work with.
        principal: a coordinator.
        state: only these; what has expired is unknown.
        page: which page.
        named: only what is called so, the service or who offers it; see `called`.

    Returns:
        The page, and in `states` how many services there are of each state.
    """
    now = directory.clock()
    stands = case(
        (
            or_(_CAPACITY.c.state.is_(None), _CAPACITY.c.expires <= now),
            CapacityState.UNKNOWN.value,
        ),
        else_=_CAPACITY.c.state,
    )
    with UnitOfWork(directory.engine) as uow:
        here = and_(
            _ORGANIZATION.c.hub.in_(hubs.codes_of(uow, principal)),
            _SERVICE.c.withdrawn.is_(None),
            called(named, _SERVICE.c.name, _ORGANIZATION.c.name),
        )
        joined = _SERVICE.join(
            _ORGANIZATION, _ORGANIZATION.c.id == _SERVICE.c.organization_id
        ).outerjoin(_CAPACITY, _CAPACITY.c.service_id == _SERVICE.c.id)
        run = uow.session.connection().execute
        counting = select(stands, func.count()).select_from(joined).where(here).group_by(stands)
        states: dict[str, int] = {row[0]: row[1] for row in run(counting)}
        wanted = (
            select(
                _CAPACITY,
                _SERVICE.c.id.label("service"),
                _SERVICE.c.name,
                _ORGANIZATION.c.name.label("provider_name"),
            )
            .select_from(joined)
            .where(here)
        )
        if state is not None:
            wanted = wanted.where(stands == state.value)
        ordered = wanted.order_by(_SERVICE.c.name, _SERVICE.c.id)
        rows = run(ordered.limit(page.per_page).offset(page.offset)).mappings().all()
    total = sum(states.values()) if state is None else states.get(state.value, 0)
    contents = [
        picked(row, "service name provider_name")
        | {"capacity": capacities.known(row if row["service_id"] else None, now)}
        for row in rows
    ]
    return envelope(page, total, contents) | {"states": states}
