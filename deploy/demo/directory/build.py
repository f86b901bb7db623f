"""From the hand-written listings (listings/*.toml, one file per place) to a dataset.

The files say what a person would say ("TU 10:00-12:00", "taking 3"); what follows from that (ids,
addresses, telephone numbers, links to terms) is worked out here, the same on every machine.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import cached_property
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from deploy.demo.ids import demo_id
from services.providers import hsds
from services.providers.domain import EVIDENCE_FOR, Answering, CapacityState, Tier
from services.providers.gazetteer import WEST_YORKSHIRE
from services.providers.loading import Dataset, HubEntry
from services.providers.taxonomies import NAMESPACE, shipped, term_id

AT_A_PLACE = frozenset({"step-free", "toilets", "hearing-loop", "quiet-space", "parking"})
"""Access that belongs to a building; the rest goes with the service wherever it meets."""

ANCHOR = date(2026, 11, 23)
"""The day on which the demo's story stands; dates in the listings count from it."""

Entry = dict[str, Any]

HUBS = (
    HubEntry(
        "bradford",
        "Bradford place hub",
        demo_id("hub", "bradford"),
        "Link workers and community builders for Bradford, Airedale, Wharfedale and the Worth.",
        "bradford@hubs.kersey.example",
        "01632 960901",
        ("E08000032",),
    ),
    HubEntry(
        "calderdale",
        "Calderdale place hub",
        demo_id("hub", "calderdale"),
        "Link workers and community builders from Todmorden to Brighouse.",
        "calderdale@hubs.kersey.example",
        "01632 960902",
        ("E08000033",),
    ),
    HubEntry(
        "kirklees",
        "Kirklees place hub",
        demo_id("hub", "kirklees"),
        "Link workers and community builders for Huddersfield, the Colne and Holme valleys, Spen"
        " and Batley.",
        "kirklees@hubs.kersey.example",
        "01632 960903",
        ("E08000034",),
    ),
    HubEntry(
        "leeds",
        "Leeds place hub",
        demo_id("hub", "leeds"),
        "Link workers and community builders for Leeds and its towns.",
        "leeds@hubs.kersey.example",
        "0113 496 0904",
        ("E08000035",),
    ),
    HubEntry(
        "wakefield",
        "Wakefield place hub",
        demo_id("hub", "wakefield"),
        "Link workers and community builders for Wakefield and the Five Towns.",
        "wakefield@hubs.kersey.example",
        "01632 960905",
        ("E08000036",),
    ),
)

LANGUAGES = {
    "ar": "Arabic",
    "bfi": "British Sign Language",
    "bn": "Bengali",
    "en": "English",
    "fa": "Farsi",
    "gu": "Gujarati",
    "he": "Hebrew",
    "pa": "Punjabi",
    "pl": "Polish",
    "ro": "Romanian",
    "sk": "Slovak",
    "ti": "Tigrinya",
    "uk": "Ukrainian",
    "ur": "Urdu",
}

_WHEN = re.compile(
    r"(?P<nth>-?[1-5])?(?P<days>[A-Z]{2}(?:,[A-Z]{2})*)(?:/(?P<every>\d))?"
    r" (?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)\Z"
)
_WHERE = re.compile(r"(?P<venue>[^,]+)(?:, (?P<street>.+))?, (?P<town>[^,]+) (?P<district>\w+)\Z")
_ROOM = re.compile(
    r"(?P<state>taking|waiting|full|ask)(?P<list>\+)?(?: (?P<count>\d+))?"
    r"(?: from \+(?P<first>\d+))?\Z"
)
_STATES = {
    "taking": CapacityState.TAKING,
    "waiting": CapacityState.WAITING_LIST,
    "full": CapacityState.FULL,
    "ask": CapacityState.ASK_FIRST,
}
_SEASON_STARTS = date(2026, 9, 7)
"""A Monday: fortnightly things count their weeks from here."""

_WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def dataset() -> Dataset:
    """The whole demo directory: five hubs, the gazetteer, taxonomies, providers, services."""
    organizations: list[hsds.Organization] = []
    services: list[hsds.Service] = []
    for hub in HUBS:
        text = files(__package__).joinpath(f"listings/{hub.code}.toml").read_text("utf-8")
        for entry in tomllib.loads(text)["provider"]:
            provider = _Provider(entry, hub, len(organizations) + 1)
            organizations.append(provider.organization())
            services += [
                _Offer(provider, each, len(services) + number).service()
                for number, each in enumerate(entry["service"])
            ]
    return Dataset(HUBS, WEST_YORKSHIRE, shipped(), organizations, services)


def slug(name: str) -> str:
    """A name as it stands in an address: ASCII letters and digits only."""
    folded = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", folded.removeprefix("the "))


class _Provider:
    """A provider of a place."""

    def __init__(self, entry: Entry, hub: HubEntry, number: int) -> None:
        self.entry = entry
        self.hub = hub
        self.number = number
        self.name: str = entry["name"]
        self.id = uuid5(NAMESPACE, f"organization/{self.name}")
        self.domain = f"{slug(self.name)}.example"

    @property
    def phone(self) -> str:
        """From Ofcom's ranges for drama: Leeds has one of its own."""
        prefix = "0113 496 0" if self.hub.code == "leeds" else "01632 960"
        return f"{prefix}{self.number:03d}"

    @property
    def mobile(self) -> str:
        """From Ofcom's range of mobile numbers for drama, and none of the demo's people's."""
        return f"07700 900{500 + self.number}"

    def organization(self) -> hsds.Organization:
        return hsds.Organization(
            id=self.id,
            name=self.name,
            description=self.entry["about"],
            email=f"hello@{self.domain}",
            website=f"https://www.{self.domain}",
            legal_status=self.entry["form"],
            organization_identifiers=(
                hsds.OrganizationIdentifier(
                    identifier_scheme="XY-KERSEY-DEMO",
                    identifier_type="Demonstration register (fictional)",
                    identifier=f"DEMO-{self.number:04d}",
                ),
            ),
            kersey=hsds.OrganizationOwn(hub=self.hub.code),
        )


class _Offer:
    """A service of a provider."""

    def __init__(self, provider: _Provider, entry: Entry, number: int) -> None:
        self.provider = provider
        self.entry = entry
        self.number = number

    @cached_property
    def id(self) -> UUID:
        return uuid5(self.provider.id, f"service/{self.entry['name']}")

    def service(self) -> hsds.Service:
        ages = [*self.entry.get("ages", ()), None, None]
        assured = ANCHOR - timedelta(days=7 + self.number * 37 % 260)
        return hsds.Service(
            id=self.id,
            organization_id=self.provider.id,
            name=self.entry["name"],
            description=self.entry["about"],
            url=f"https://www.{self.provider.domain}/{slug(self.entry['name'])}",
            email=f"hello@{self.provider.domain}",
            status="active",
            fees=self._fees(),
            minimum_age=ages[0],
            maximum_age=ages[1],
            assured_date=assured,
            assurer_email=self.provider.hub.email,
            schedules=tuple(self._schedules()),
            service_areas=(self._area(),),
            service_at_locations=(hsds.ServiceAtLocation(location=self._location()),),
            languages=tuple(
                hsds.Language(code=code, name=LANGUAGES[code])
                for code in self.entry.get("speaks", ["en"])
            ),
            funding=tuple(self._funding()),
            cost_options=tuple(self._costs()),
            contacts=(self._contact(),),
            attributes=tuple(self._attributes()),
            kersey=self._own(assured),
        )

    @property
    def _format(self) -> str:
        return str(self.entry.get("as", "group"))

    def _fees(self) -> str | None:
        if "cost" not in self.entry:
            return None
        return "Free" if self.entry["cost"] == 0 else f"£{self.entry['cost']:.2f} a session"

    def _costs(self) -> Iterator[hsds.CostOption]:
        if "cost" in self.entry:
            yield hsds.CostOption(
                option="A session", currency="GBP", amount=float(self.entry["cost"])
            )

    def _schedules(self) -> Iterator[hsds.Schedule]:
        if "when" not in self.entry:
            return
        said = _WHEN.match(self.entry["when"])
        assert said, self.entry
        days = said["days"]
        every = int(said["every"]) if said["every"] else None
        yield hsds.Schedule(
            freq="MONTHLY" if said["nth"] else "WEEKLY",
            interval=every,
            dtstart=_SEASON_STARTS + timedelta(days=_WEEK.index(days)) if every else None,
            byday=(said["nth"] or "") + days,
            opens_at=time.fromisoformat(said["opens"]),
            closes_at=time.fromisoformat(said["closes"]),
            attending_type=self._format,
        )

    def _area(self) -> hsds.ServiceArea:
        """Advice and visits are for one place; the rest is for whoever can get there."""
        local = self._format == "at-home" or any("advice" in code for code in self.entry["does"])
        if not local:
            return hsds.ServiceArea(name="Anyone who can get there, wherever they live.")
        hub = self.provider.hub
        return hsds.ServiceArea(name=f"People who live in {hub.code.title()}.", hub=hub.code)

    def _location(self) -> hsds.Location:
        if "where" not in self.entry:
            return hsds.Location(
                id=uuid5(self.id, "location"),
                location_type="virtual",
                name="By phone" if self._format == "phone" else "Online",
            )
        said = _WHERE.match(self.entry["where"])
        assert said, self.entry
        latitude, longitude = self.entry["at"]
        return hsds.Location(
            id=uuid5(self.provider.id, f"location/{self.entry['where']}"),
            location_type="physical",
            name=said["venue"],
            latitude=latitude,
            longitude=longitude,
            addresses=(
                hsds.Address(
                    attention="Fictional address of the demonstration data",
                    address_1=said["street"] or said["venue"],
                    city=said["town"],
                    state_province="West Yorkshire",
                    postal_code=f"{said['district']} 9ZZ",
                ),
            ),
            attributes=tuple(
                self._attribute("access", code, "no" if no else None)
                for code, no in self._access()
                if code in AT_A_PLACE
            ),
        )

    def _access(self) -> Iterator[tuple[str, bool]]:
        for code in self.entry.get("access", ()):
            yield code.removeprefix("!"), code.startswith("!")

    def _attribute(self, taxonomy: str, code: str, value: str | None = None) -> hsds.Attribute:
        return hsds.Attribute(
            taxonomy_term_id=term_id(taxonomy, code), link_type=taxonomy, value=value
        )

    def _attributes(self) -> Iterator[hsds.Attribute]:
        for code in self.entry["needs"]:
            yield self._attribute("need", code)
        for code in self.entry["does"]:
            yield self._attribute("activity", code)
        yield self._attribute("format", self._format)
        if "for" in self.entry:
            yield self._attribute("company", self.entry["for"])
        for code, no in self._access():
            if code not in AT_A_PLACE:
                yield self._attribute("access", code, "no" if no else None)
        if "where" not in self.entry:
            yield self._attribute("access", "step-free")

    def _funding(self) -> Iterator[hsds.Funding]:
        for line in self.entry.get("funded", ()):
            source, amount, days = line.split("; ")
            ends = ANCHOR + timedelta(days=int(days))
            yield hsds.Funding(
                source=source,
                amount=float(amount),
                valid_from=ends - timedelta(days=365),
                valid_to=ends,
            )

    def _contact(self) -> hsds.Contact:
        phone = self.provider.phone
        return hsds.Contact(
            title="Referrals",
            name="The organisers",
            email=f"referrals@{self.provider.domain}",
            phones=(hsds.Phone(number=phone, description="A fictional number"),),
        )

    def _own(self, assured: date) -> hsds.ServiceOwn:
        tier = Tier(self.entry.get("tier", 2))
        ask = Answering(self.entry.get("ask", "email"))
        return hsds.ServiceOwn(
            hub=self.provider.hub.code,
            tier=tier,
            evidence=tuple(
                hsds.EvidenceSeen(kind=kind, seen=assured, expires=self._until(kind))
                for kind in sorted(EVIDENCE_FOR[tier])
            ),
            ask_by=ask,
            referral_email=f"referrals@{self.provider.domain}" if tier > 1 else None,
            referral_phone={
                Answering.PHONE: self.provider.phone,
                Answering.TEXT: self.provider.mobile,
            }.get(ask),
            assured_by=f"{self.provider.hub.name}, by a visit",
            capacity=self._capacity(),
        )

    def _until(self, kind: str) -> date | None:
        if kind != "sharing-agreement" or "agreement_until" not in self.entry:
            return None
        return ANCHOR + timedelta(days=self.entry["agreement_until"])

    def _capacity(self) -> hsds.CapacitySaid | None:
        if "room" not in self.entry:
            return None
        said = _ROOM.match(self.entry["room"])
        assert said, self.entry
        state = _STATES[said["state"]]
        count = int(said["count"]) if said["count"] else None
        return hsds.CapacitySaid(
            state=state,
            places=count if state is CapacityState.TAKING else None,
            waiting=count if state is CapacityState.WAITING_LIST else None,
            first_date=ANCHOR + timedelta(days=int(said["first"])) if said["first"] else None,
            keeps_list=bool(said["list"]) or state is CapacityState.WAITING_LIST,
        )
