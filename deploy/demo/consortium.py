"""The consortium of the demo: five place hubs, their link workers, ten practices in two groups.

Everyone here is invented. ODS codes start with ZZK, which no organisation has.
"""

from dataclasses import dataclass
from uuid import UUID

from deploy.demo.ids import demo_id
from services.referrals import codes
from services.referrals.handlers.consortium import (
    Code,
    Consortium,
    Crisis,
    Hub,
    Organisation,
    SendingPractice,
    Team,
)


@dataclass(frozen=True)
class DemoHub:
    """A place with its hub and its link-worker service."""

    code: str
    name: str
    team_name: str
    phone: str
    crisis: str
    """The number of an invented crisis line."""

    @property
    def organisation(self) -> UUID:
        """The hub's organisation."""
        return demo_id("hub", self.code)

    @property
    def team(self) -> UUID:
        """The link-worker service's organisation."""
        return demo_id("team", self.code)


@dataclass(frozen=True)
class DemoPractice:
    """A GP practice; `covered` says whether a link-worker service looks after it."""

    ods_code: str
    name: str
    hub: str
    group: str
    covered: bool = True

    @property
    def organisation(self) -> UUID:
        """The practice group that sends for it."""
        return demo_id("practice-group", self.group)


HUBS = (
    DemoHub("bradford", "Bradford", "Beckside Link Workers", "01632 960101", "01632 960201"),
    DemoHub(
        "calderdale", "Calderdale", "Clough and Canal Link Workers", "01632 960102", "01632 960202"
    ),
    DemoHub("kirklees", "Kirklees", "Woolsack Link Workers", "01632 960103", "01632 960203"),
    DemoHub("leeds", "Leeds", "Three Bridges Link Workers", "0113 496 0104", "01632 960204"),
    DemoHub(
        "wakefield", "Wakefield", "Staithe Street Link Workers", "01632 960105", "01632 960205"
    ),
)

GROUPS = {
    "airedale": "Airedale Rise Practice Group (demo)",
    "lower-calder": "Lower Calder Practice Group (demo)",
}

PRACTICES = (
    DemoPractice("ZZK01", "Thornbeck Surgery", "bradford", "airedale"),
    DemoPractice("ZZK02", "Saltmill Lane Medical Practice", "bradford", "airedale"),
    DemoPractice("ZZK03", "Hebble Bridge Surgery", "calderdale", "airedale"),
    DemoPractice("ZZK04", "Shay Fold Practice", "calderdale", "airedale", covered=False),
    DemoPractice("ZZK05", "Holmebrook Surgery", "kirklees", "lower-calder"),
    DemoPractice("ZZK06", "Carr Road Practice, Batley", "kirklees", "lower-calder"),
    DemoPractice("ZZK07", "Kirkstall Weir Medical Centre", "leeds", "lower-calder"),
    DemoPractice("ZZK08", "Chapel Rise Surgery", "leeds", "lower-calder"),
    DemoPractice("ZZK09", "Calder Staithe Practice", "wakefield", "lower-calder"),
    DemoPractice("ZZK10", "Rhubarb Lane Surgery", "wakefield", "lower-calder"),
)


def hub_of(code: str) -> DemoHub:
    """The hub with this code."""
    return next(hub for hub in HUBS if hub.code == code)


def declaration() -> Consortium:
    """All of it, as an operator would declare it."""
    return Consortium(
        hubs=tuple(
            Hub(
                code=hub.code,
                name=f"{hub.name} place hub",
                organisation=hub.organisation,
                phone=hub.phone,
                hours="Monday to Friday, 9am to 5pm",
                for_whom=f"People aged 18 and over who live in {hub.name} or have a GP there.",
                crisis=(
                    Crisis(
                        name=f"{hub.name} crisis line (demo)", number=hub.crisis, hours="always"
                    ),
                ),
            )
            for hub in HUBS
        ),
        teams=tuple(
            Team(organisation=hub.team, name=hub.team_name, hub=hub.code, phone=hub.phone)
            for hub in HUBS
        ),
        senders=tuple(
            Organisation(organisation=demo_id("practice-group", group), name=name)
            for group, name in GROUPS.items()
        ),
        practices=tuple(
            SendingPractice(
                ods_code=practice.ods_code,
                name=practice.name,
                organisation=practice.organisation,
                hub=practice.hub,
                team=hub_of(practice.hub).team if practice.covered else None,
            )
            for practice in PRACTICES
        ),
        codes=(
            Code(
                system=codes.SNOMED,
                code=codes.REFERRED,
                display=codes.DISPLAY[codes.REFERRED],
                verified=True,
            ),
        ),
    )
