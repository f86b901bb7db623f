"""Which hub a party and a case belong to, and so who may see and change what.

A hub's staff act for its place only: how another place's provider is reached is not theirs to say,
or they could have its answer links sent to themselves.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, SQLColumnExpression, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.tables import CaseOrder, Hub, PartyHub, delivery
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import CaseEvent, Envelope

DECLARED, PROVIDER, SERVICE = "declared", "provider", "service"
"""Who said to which hub a party belongs; the earlier here goes before the later."""


def declare_hubs(
    engine: Engine, hubs: Mapping[str, UUID], parties: Mapping[UUID, str] | None = None
) -> None:
    """Declare hubs and who belongs to them; committed, and safe to repeat.

    Args:
        engine: the service's database.
        hubs: the organisation for which a hub's coordinators act, by the hub's code.
        parties: hub codes by organisation: link-worker services, and providers that move to
            another hub, which a listing alone cannot do.
    """
    with UnitOfWork(engine) as uow:
        for code, organisation in hubs.items():
            declared = insert(Hub).values({"code": code, "organisation": str(organisation)})
            uow.session.execute(
                declared.on_conflict_do_update(
                    index_elements=["code"],
                    set_={"organisation": declared.excluded.organisation},
                )
            )
        for party, code in (parties or {}).items():
            belongs(uow, party, code, said_by=DECLARED)
        uow.commit()


def belongs(uow: UnitOfWork, party: UUID, hub: str, *, said_by: str) -> None:
    """Keep to which hub a party belongs; the caller commits.

    Who listed a provider first keeps it. Otherwise whoever may write a listing could move the
    provider to their own hub, and with it its contacts; only the operator moves it.
    """
    said = insert(PartyHub).values({"party": str(party), "hub": hub, "said_by": said_by})
    weaker = {DECLARED: [DECLARED, PROVIDER, SERVICE], PROVIDER: [SERVICE], SERVICE: []}[said_by]
    uow.session.execute(
        said.on_conflict_do_update(
            index_elements=["party"],
            set_={"hub": said.excluded.hub, "said_by": said.excluded.said_by},
            where=col(PartyHub.said_by).in_(weaker),
        )
    )


_PLACED = """
UPDATE case_order SET
  team = CASE WHEN case_order.team IS NULL OR placed <= said.sequence
         THEN coalesce(said.team, case_order.team) ELSE case_order.team END,
  hub = CASE WHEN case_order.hub IS NULL OR placed <= said.sequence
        THEN coalesce(said.hub, case_order.hub) ELSE case_order.hub END,
  placed = greatest(placed, said.sequence)
FROM unnest(%(cases)s::uuid[], %(sequences)s::text[], %(teams)s::text[], %(hubs)s::text[])
     AS said("case", sequence, team, hub)
WHERE case_order."case" = said."case"
"""


def place(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep which team and hub hold a case, if its event says so; its row is locked already."""
    place_all(uow, [envelope])


def place_all(uow: UnitOfWork, envelopes: Sequence[Envelope]) -> None:
    """As `place`, of events about as many cases."""
    columns: dict[str, list[Any]] = {"cases": [], "sequences": [], "teams": [], "hubs": []}
    for each in envelopes:
        event = each.data
        assert isinstance(event, CaseEvent)
        team, hub = getattr(event, "team", None), getattr(event, "hub", None)
        if team or hub:
            row = (event.case, str(each.sequence), str(team) if team else None, hub)
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    if columns["cases"]:
        uow.session.connection().exec_driver_sql(_PLACED, columns)


def team_of(uow: UnitOfWork, case: UUID) -> str | None:
    """The link-worker team that holds a case, by the newest event that said so."""
    return uow.session.scalars(select(col(CaseOrder.team)).where(col(CaseOrder.case) == case)).one()


def hub_of(uow: UnitOfWork, case: UUID) -> str:
    """The hub that a case belongs to, or else that of its team; empty where neither is known."""
    of_case = (
        select(func.coalesce(col(CaseOrder.hub), col(PartyHub.hub)))
        .outerjoin(PartyHub, col(PartyHub.party) == col(CaseOrder.team))
        .where(col(CaseOrder.case) == case)
    )
    return uow.session.scalars(of_case).first() or ""


def coordinated(uow: UnitOfWork, principal: Principal) -> frozenset[str]:
    """The codes of the hubs that somebody coordinates."""
    if not coordinates_any(principal):
        return frozenset()
    return hubs_of(uow, [principal.organisation]).get(principal.organisation, frozenset())


def coordinates_any(principal: Principal) -> bool:
    """Whether somebody coordinates the hubs of their organisation, if it has any."""
    return "coordinator" in principal.roles


def hubs_of(uow: UnitOfWork, organisations: Collection[str]) -> Mapping[str, frozenset[str]]:
    """The codes of the hubs of organisations; nothing is asked where there are none."""
    found: dict[str, set[str]] = {}
    if organisations:
        theirs = select(col(Hub.organisation), col(Hub.code))
        rows = uow.session.execute(theirs.where(col(Hub.organisation).in_(list(organisations))))
        for organisation, code in rows:
            found.setdefault(str(organisation), set()).add(code)
    return {organisation: frozenset(codes) for organisation, codes in found.items()}


def coordinates(uow: UnitOfWork, principal: Principal, party: str) -> bool:
    """Whether somebody coordinates the hub that a party belongs to, or is."""
    hubs = coordinated(uow, principal)
    belongs_to = select(col(PartyHub.hub)).where(col(PartyHub.party) == party)
    return party in hubs or uow.session.scalars(belongs_to).first() in hubs


def seen_by(
    uow: UnitOfWork,
    principal: Principal,
    case: SQLColumnExpression[UUID] = delivery.c.case,
) -> ColumnElement[bool]:
    """Which deliveries somebody sees: a coordinator those about the hub's cases, a link worker
    those about the cases of their team, Kersey's own services all.

    Args:
        uow: the transaction.
        principal: who asks.
        case: the column that names the case.
    """
    if "service" in principal.roles:
        return true()
    theirs: list[ColumnElement[bool]] = []
    hubs = coordinated(uow, principal)
    if hubs:
        theirs.append(func.coalesce(col(CaseOrder.hub), col(PartyHub.hub)).in_(hubs))
    if "link-worker" in principal.roles:
        theirs.append(col(CaseOrder.team) == principal.organisation)
    if not theirs:
        return false()
    cases = (
        select(col(CaseOrder.case))
        .outerjoin(PartyHub, col(PartyHub.party) == col(CaseOrder.team))
        .where(or_(*theirs))
    )
    return case.in_(cases)


def works_on(uow: UnitOfWork, principal: Principal, case: UUID) -> bool:
    """Whether somebody looks after a case: as `seen_by`."""
    this = select(col(CaseOrder.case)).where(col(CaseOrder.case) == case)
    found = this.where(seen_by(uow, principal, col(CaseOrder.case)))
    return uow.session.scalars(found).first() is not None
