"""Which link-worker service gets a referral, and if none, why not and which hub (care 1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shared.fhir.outcome import unavailable

Coded = tuple[str, str]
"""A code system and one of its codes."""

NO_TEAM = "no-team"
NO_PERSON = "no-person"
_ABOUT_NOBODY = (
    "Its subject is no Patient sent as a resource of its own: nobody can see who it is about."
)
FAULTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        NO_TEAM: (
            "Its hub has no link-worker service that takes every referral.",
            "hub",
        ),
        NO_PERSON: (
            _ABOUT_NOBODY,
            "ServiceRequest.subject",
        ),
        "unknown-code": (
            "Its code is not one that starts a social prescribing referral here.",
            "ServiceRequest.code",
        ),
        "no-practice": (
            "It does not say for which practice it is: send an Organization with an ODS code.",
            "ServiceRequest.requester",
        ),
        "unknown-practice": (
            "The ODS code of its practice is not registered here.",
            "ServiceRequest.requester",
        ),
        "not-your-practice": (
            "Its practice is not one for which this client is registered.",
            "ServiceRequest.requester",
        ),
        "not-covered": (
            "No link-worker service covers its practice.",
            "ServiceRequest.requester",
        ),
    }
)
"""Why a referral has no team to go to: what its sender is told, and the element that says so."""


@dataclass(frozen=True)
class Practice:
    """A GP practice as the consortium declared it."""

    ods_code: str
    organisation: UUID
    team: UUID | None
    hub: str


@dataclass(frozen=True)
class Route:
    """Where a referral goes.

    Attributes:
        hub: the code of the place hub.
        hub_organisation: whose coordinators see it there.
        team: the link-worker service; None while the hub must find one.
        practice: for which it was made, where that is known.
        fault: why there is no team.
    """

    hub: str
    hub_organisation: UUID
    team: UUID | None
    practice: Practice | None
    fault: str | None


@dataclass(frozen=True)
class Sought:
    """What decides where one referral goes.

    Attributes:
        practices: ODS codes found on its requesting organisations, likeliest first.
        codes: its codes.
        known_person: whether it is known whom it is about.
    """

    practices: tuple[str, ...]
    codes: Collection[Coded]
    known_person: bool


_DECLARED = """
SELECT
  (SELECT hub FROM link_worker_service WHERE organisation = %(organisation)s::uuid),
  (SELECT json_agg(json_build_array(ods_code, organisation, team, hub))
   FROM practice WHERE ods_code = ANY(%(practices)s::text[])),
  (SELECT json_agg(json_build_array(system, code)) FROM start_code WHERE (system, code) IN (
    SELECT * FROM unnest(%(systems)s::text[], %(codes)s::text[]))),
  (SELECT hub FROM practice WHERE organisation = %(organisation)s::uuid
   GROUP BY hub ORDER BY count(*) DESC, hub LIMIT 1),
  (SELECT json_object_agg(code, organisation) FROM place_hub)
"""
"""All that the consortium declared and that matters, in one round trip: the client's own team,
the practices named, which codes start a referral, the hub of most of the client's practices, and
every hub."""


def routes(session: Session, organisation: UUID, sought: Sequence[Sought]) -> list[Route]:
    """Which link-worker service gets each of several referrals, in their order.

    Args:
        session: the caller's.
        organisation: of the client that sends them.
        sought: what is known of each.

    Raises:
        FhirError: 503 where there is no hub yet, so that nobody would see it.
    """
    coded = sorted({code for each in sought for code in each.codes})
    parameters: dict[str, Any] = {
        "organisation": organisation,
        "practices": sorted({code for each in sought for code in each.practices}),
        "systems": [system for system, _ in coded],
        "codes": [code for _, code in coded],
    }
    row = session.connection().exec_driver_sql(_DECLARED, parameters).one()
    own_team, declared, starting, home, hubs = row
    practices = {
        ods_code: Practice(ods_code, UUID(client), UUID(team) if team else None, hub)
        for ods_code, client, team, hub in declared or ()
    }
    starts = {(system, code) for system, code in starting or ()}

    def route(each: Sought) -> Route:
        if own_team is not None:
            fault = None if each.known_person else NO_PERSON
            return Route(own_team, UUID(hubs[own_team]), _unless(fault, organisation), None, fault)
        named = [practices[code] for code in each.practices if code in practices]
        own = [practice for practice in named if practice.organisation == organisation]
        hub = next((practice.hub for practice in (*own, *named)), home) or _first(hubs)
        fault = _fault(each, named, own, starts=not starts.isdisjoint(each.codes))
        practice = own[0] if own else None
        team = practice.team if practice else None
        return Route(hub, UUID(hubs[hub]), _unless(fault, team), practice, fault)

    return [route(each) for each in sought]


def codes_of(request: Mapping[str, Any]) -> set[Coded]:
    """A code means something in its own system alone (R4 datatypes, Coding)."""
    coding = request.get("code", {}).get("coding", [])
    return {(str(each.get("system")), str(each.get("code"))) for each in coding}


def _fault(
    sought: Sought, named: Sequence[Practice], own: Sequence[Practice], *, starts: bool
) -> str | None:
    if not named:
        return "unknown-practice" if sought.practices else "no-practice"
    if not own:
        return "not-your-practice"
    if not starts:
        return "unknown-code"
    if own[0].team is None:
        return "not-covered"
    return None if sought.known_person else NO_PERSON


def _unless(fault: str | None, team: UUID | None) -> UUID | None:
    return None if fault else team


def _first(hubs: Mapping[str, str] | None) -> str:
    """Somebody always gets it."""
    if not hubs:
        words = "This Kersey has no place hub yet: nobody would see the referral."
        raise unavailable(f"{words} Nothing was stored; tell its operator.")
    return min(hubs)
