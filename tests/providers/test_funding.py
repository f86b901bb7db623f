"""What loses its funding, and what its place would lose with it; never how much it was."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from deploy.demo.directory.build import HUBS
from services.providers.funding import Funded, lost
from tests.providers.conftest import House
from tests.providers.listings import HUB, OWNER, key, organization, service

ENDING = "/directory/funding/ending"
READ: dict[str, Any] = {"scope": "directory.read"}
LEEDS = next(hub for hub in HUBS if hub.code == "leeds")


def paid(valid_to: str | None = None, source: str = "A fund") -> dict[str, Any]:
    return {"source": source, "amount": 41234, "valid_to": valid_to}


def spots(found: Any) -> list[tuple[str, str]]:
    return [(each["place"], each["need"]) for each in found["would_lose"]]


def test_what_ends_in_time_is_told_with_what_nothing_else_meets(house: House):
    house.load(
        service("Choir", needs=["loneliness", "bereavement"], funding=[paid("2027-01-31")]),
        service("Chess", needs=["loneliness"], funding=[paid("2027-06-30")]),
        service("Walks", needs=["money"], funding=[paid("2026-12-31")]),
        service("Later", needs=["work"], funding=[paid("2027-03-31")]),
    )
    found = house.send("GET", ENDING, **READ)
    assert (found["from"], found["until"]) == ("2026-11-23", "2027-02-21")
    assert [each["name"] for each in found["listings"]] == ["Walks", "Choir"]
    # Chess goes on, and meets loneliness.
    assert spots(found) == [(HUB.code, "bereavement"), (HUB.code, "money")]
    choir = found["listings"][1]
    assert choir["would_lose"] == [{"place": HUB.code, "need": "bereavement"}]
    assert choir["sources"] == ["A fund"]
    assert [
        each["name"] for each in house.send("GET", f"{ENDING}?days=38", **READ)["listings"]
    ] == ["Walks"]


def test_amounts_are_told_to_nobody(house: House):
    house.load(service("Choir", needs=["money"], funding=[paid("2026-12-31")]))
    everything = [
        house.send("GET", ENDING, **READ),
        house.get(f"/directory/listings/{key('Choir')}"),
        house.get(f"/directory/services/{key('Choir')}"),
        house.events(),
    ]
    assert b"41234" not in orjson.dumps(everything)
    assert b"amount" not in orjson.dumps(everything)


def test_what_another_source_pays_for_does_not_end(house: House):
    house.load(
        service("Choir", needs=["money"], funding=[paid("2026-12-31"), paid(None, "The council")]),
    )
    found = house.send("GET", ENDING, **READ)
    assert found["listings"][0]["paid_for_after_that"] is True
    assert found["would_lose"] == []


def test_what_is_withdrawn_or_over_is_no_provision(house: House):
    house.load(
        service("Choir", needs=["money"], funding=[paid("2026-12-31")]),
        service("Gone", needs=["money"]),
        service("Closed", needs=["money"], status="temporarily closed"),
        service("Past", needs=["work"], funding=[paid("2026-11-22")]),
    )
    house.send("POST", f"/directory/services/{key('Gone')}/withdraw", {"reason": "x"})
    found = house.send("GET", ENDING, **READ)
    assert [each["name"] for each in found["listings"]] == ["Choir"]
    assert spots(found) == [(HUB.code, "money")]


def test_what_is_paid_for_no_longer_does_not_hide_what_will_be_lost(house: House):
    house.load(
        service("Choir", needs=["money"], funding=[paid("2026-12-31")]),
        service("Past", needs=["money", "work"], funding=[paid("2026-11-22")]),
    )
    found = house.send("GET", ENDING, **READ)
    assert [each["name"] for each in found["listings"]] == ["Choir"]
    assert spots(found) == [(HUB.code, "money")]


@pytest.mark.parametrize(
    ("now", "today"),
    [
        ("2027-06-30T23:30:00+00:00", "2027-07-01"),  # half past midnight, summer time
        ("2027-01-31T23:30:00+00:00", "2027-01-31"),
        ("2027-03-28T00:30:00+00:00", "2027-03-28"),  # the night of 23 hours
        ("2027-10-30T23:30:00+00:00", "2027-10-31"),  # the night of 25
    ],
)
def test_the_ninetieth_day_counts_from_the_day_that_it_is_here(house: House, now: str, today: str):
    house.now, first = datetime.fromisoformat(now), date.fromisoformat(today)
    house.load(
        *(
            service(f"Choir {days}", funding=[paid((first + timedelta(days)).isoformat())])
            for days in (-1, 0, 90, 91)
        )
    )
    found = house.send("GET", ENDING, **READ)
    assert found["from"] == today
    assert [each["name"] for each in found["listings"]] == ["Choir 0", "Choir 90"]


def test_each_hub_is_told_of_its_place_and_a_commissioner_of_all(house: House):
    theirs = organization("Leeds group", kersey={"hub": "leeds"})
    assert theirs.id is not None
    both = [{"hub": "leeds"}, {"hub": HUB.code}]
    house.load(
        service("Choir", needs=["money"], funding=[paid("2026-12-31")]),
        service("Leeds choir", owner=theirs.id, needs=["money"], funding=[paid("2026-12-31")]),
        service("Across", needs=["work"], service_areas=both, funding=[paid("2026-12-31")]),
        organizations=[organization("Owner"), theirs],
    )
    expected = {
        HUB.organisation: ["Across", "Choir"],
        LEEDS.organisation: ["Across", "Leeds choir"],
    }
    for organisation, names in expected.items():
        found = house.send("GET", ENDING, organisation=organisation, **READ)
        assert sorted(each["name"] for each in found["listings"]) == names
    whole = house.send("GET", ENDING, organisation=uuid4(), roles=("commissioner",), **READ)
    assert len(whole["listings"]) == 3
    assert spots(whole) == [
        (HUB.code, "money"), (HUB.code, "work"), ("leeds", "money"), ("leeds", "work"),
    ]  # fmt: skip
    assert house.client.get(ENDING).status_code == 401
    house.send("GET", ENDING, roles=("provider",), organisation=OWNER, status=403, **READ)
    house.send("GET", ENDING, status=403)
    house.send("GET", f"{ENDING}?days=-1", status=422, **READ)


def test_not_knowing_who_pays_is_no_end():
    one = Funded("One", UUID(int=1), {"leeds"}, {"money"}, [(date(2027, 1, 1), None)])
    other = Funded("Other", UUID(int=2), {"leeds"}, {"money"})
    assert lost([one]) == {("leeds", "money")}
    assert lost([one, other]) == set()
