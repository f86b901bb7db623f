"""Nothing fits yet: the case keeps the person, and its worker hears first when something opens."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.providers.taxonomies import shipped
from services.referrals.handlers import waiting
from services.referrals.needs import OURS
from shared.messaging.events import (
    CapacityChanged,
    Envelope,
    Event,
    Sequence,
    ServiceChanged,
    ServicePublished,
)
from shared.messaging.outbox import ConsumingOnce
from tests.referrals.house import SERVICE, House, Referral, hear

NEW = UUID("51000000-0000-4000-8000-0000000000aa")
PROVIDER = UUID("51000000-0000-4000-8000-0000000000bb")


def listing(
    *, need: str = "housing", hub: str = "bradford", state: str = "taking",
    district: str | None = None, meets: str = "group", **more: Any,
) -> dict[str, Any]:  # fmt: skip
    address = {"postal_code": f"{district} 9ZZ"}
    return {
        "name": "Roofs",
        "service_at_locations": [{"location": {"addresses": [address]}}] if district else [],
        "kersey": {
            "hub": hub,
            "terms": {"need": [need], "format": [meets]},
            "capacity": {"state": state},
        },
    } | more


def opens(house: House, event: Event, *, replay: bool = False) -> None:
    envelope = Envelope(
        id=uuid4(), source="kersey/providers", time=datetime.now(UTC), sequence=Sequence(1),
        data=event, replay=replay,
    )  # fmt: skip
    handle = ConsumingOnce(
        house.engine,
        waiting.SUBSCRIPTION.consumer,
        lambda uow, heard: waiting.note_opening(house.desk, uow, heard),
    )
    handle(envelope)


def published(house: House, *, replay: bool = False, **how: Any) -> None:
    event = ServicePublished(service=NEW, provider=PROVIDER, listing=listing(**how))
    opens(house, event, replay=replay)


def held(house: House, **body: Any) -> Referral:
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/hold")
    wait(house, referral, **({"needs": ["housing"]} | body))
    return referral


def wait(house: House, referral: Referral, *, status: int | None = None, **body: Any) -> Any:
    return house.worker.put(f"{referral.at}/waiting", body, status=status)


def on_the_list(house: House) -> list[str]:
    return [row["case"] for row in house.worker.get("/referrals/cases?opened=true")]


def test_a_new_service_that_meets_the_need_is_a_to_do_on_the_case(house: House):
    referral = held(house)
    assert on_the_list(house) == []
    published(house)
    assert on_the_list(house) == [referral.case]
    waits = house.worker.get(referral.at)["waiting"]
    assert [(each["need"], each["service"]) for each in waits] == [("housing", str(NEW))]
    assert waits[0]["opened"]


@pytest.mark.parametrize(
    "how",
    [
        {"need": "money"},
        {"hub": "leeds"},
        {"state": "full"},
        {"state": "waiting-list"},
        {"status": "temporarily closed"},
        {"replay": True},
    ],
)
def test_what_does_not_meet_it_or_has_no_room_is_none(house: House, how: dict[str, Any]):
    held(house)
    published(house, **how)
    assert on_the_list(house) == []


def test_room_that_opens_is_heard_once_and_room_that_was_there_is_not(house: House):
    referral = held(house)
    hear(house.desk, ServicePublished(service=NEW, provider=PROVIDER, listing=listing()))
    opens(house, CapacityChanged(service=NEW, state="taking", was="taking", places=2))
    opens(house, CapacityChanged(service=NEW, state="full", was="taking"))
    opens(house, CapacityChanged(service=SERVICE, state="taking", was="full"))
    assert on_the_list(house) == []
    opens(house, CapacityChanged(service=NEW, state="taking", was="full", places=1))
    assert on_the_list(house) == [referral.case]


def test_what_was_closed_for_a_while_and_runs_again_is_heard(house: House):
    referral = held(house)
    for was in (None, "active"):
        opens(house, ServiceChanged(service=NEW, provider=PROVIDER, listing=listing(), was=was))
    closed = listing(status="inactive")
    opens(house, ServiceChanged(service=NEW, provider=PROVIDER, listing=closed, was="defunct"))
    full = listing(state="full")
    opens(house, ServiceChanged(service=NEW, provider=PROVIDER, listing=full, was="inactive"))
    assert on_the_list(house) == []
    again = ServiceChanged(
        service=NEW, provider=PROVIDER, listing=listing(), was="temporarily closed"
    )
    opens(house, again)
    assert on_the_list(house) == [referral.case]


@pytest.mark.parametrize(
    "before",
    [
        {"need": "money"},  # a need was added
        {"district": "BD22"},  # a place was
        {"hub": "leeds", "district": "LS1"},
        {"hub": "leeds", "district": "LS1", "need": "money"},
    ],
)
def test_what_an_edit_adds_is_heard(house: House, before: dict[str, Any]):
    referral = held(house, areas=["BD8"])
    edited(house, before=listing(**({"district": "BD8"} | before)))
    assert on_the_list(house) == [referral.case]
    edited(house, before=listing(need="money", district="BD8"))
    assert len(house.worker.get(referral.at)["waiting"]) == 1


def test_what_met_the_need_there_before_its_edit_is_no_news(house: House):
    held(house, areas=["BD8"])
    edited(house, before=None)  # its words alone changed
    edited(house, before=listing(need="money", district="BD8"), state="full")
    for before in (
        {},
        {"hub": "leeds"},
        {"district": None},
        {"district": "BD22", "meets": "phone"},
    ):
        edited(house, before=listing(**({"district": "BD8"} | before)))
    assert on_the_list(house) == []


def test_of_two_needs_only_the_one_that_was_added_is_met(house: House):
    referral = held(house, needs=["housing", "money"])
    both = listing() | {"kersey": listing()["kersey"] | {"terms": {"need": ["housing", "money"]}}}
    change = ServiceChanged(
        service=NEW, provider=PROVIDER, listing=both, before=listing(need="money")
    )
    opens(house, change)
    waits = house.worker.get(referral.at)["waiting"]
    assert [each["need"] for each in waits if each["opened"]] == ["housing"]


def edited(house: House, *, before: dict[str, Any] | None, **how: Any) -> None:
    now = listing(**({"district": "BD8"} | how))
    opens(house, ServiceChanged(service=NEW, provider=PROVIDER, listing=now, before=before))


def test_districts_may_lie_beyond_the_hub_and_what_is_by_phone_is_everywhere(house: House):
    held(house, areas=["LS12", "BD8"])
    published(house, hub="bradford", district="BD22")
    assert on_the_list(house) == []
    published(house, hub="leeds", district="LS12")
    assert len(on_the_list(house)) == 1
    other = held(house, areas=["BD1"])
    published(house, hub="wakefield", meets="phone")
    assert other.case in on_the_list(house)


@pytest.mark.parametrize("postcode", ["BD8 7AA", "bd87aa", "BD8", " BD8  7AA"])
def test_a_postcode_is_read_as_feeds_write_it(house: House, postcode: str):
    referral = held(house, areas=["BD8"])
    for code in ("BD80 1AA", "BD1 8BD", "LS8 7AA"):
        published(house, service_at_locations=located(code))
    assert on_the_list(house) == []
    published(house, service_at_locations=located(postcode))
    assert on_the_list(house) == [referral.case]


def test_what_has_no_postcode_is_heard_of_by_its_hubs_cases(house: House):
    """It may visit people, or stand on the map alone: nobody knows that it is too far."""
    referral = held(house, areas=["BD8"])
    published(house, hub="leeds")
    assert on_the_list(house) == []
    published(house, service_at_locations=[{"location": {"latitude": 53.8, "longitude": -1.78}}])
    assert on_the_list(house) == [referral.case]


def located(postcode: str) -> list[dict[str, Any]]:
    return [{"location": {"addresses": [{"postal_code": postcode}]}}]


def test_saying_anew_what_is_waited_for_takes_the_to_do_away(house: House):
    referral = held(house)
    published(house)
    wait(house, referral, needs=["housing", "money"])
    assert on_the_list(house) == []
    waits = house.worker.get(referral.at)["waiting"]
    assert [(each["need"], each["opened"]) for each in waits] == [
        ("housing", None),
        ("money", None),
    ]
    wait(house, referral, needs=[])
    published(house)
    assert on_the_list(house) == []
    assert house.worker.get(referral.at)["waiting"] == []


def test_nobody_hears_of_a_case_that_has_ended(house: House):
    referral = held(house)
    house.worker.post(f"{referral.at}/close", {"outcome": "nothing-fits"})
    published(house)
    found = house.worker.get("/referrals/cases?opened=true&open=false")
    assert found == []
    with house.unchanged():
        wait(house, referral, needs=["housing"], status=409)


def test_only_its_link_worker_says_what_a_case_waits_for(house: House):
    referral = held(house)
    body = {"needs": ["housing"]}
    with house.unchanged():
        house.by("coordinator").put(f"{referral.at}/waiting", body, status=403)
        house.by("link-worker-2").put(f"{referral.at}/waiting", body, status=404)
        house.provider.put(f"{referral.at}/waiting", body, status=404)
        wait(house, referral, needs=["She lost her flat!"], status=422)
        wait(house, referral, needs=["housing"], areas=["BD8 9ZZ"], status=422)


def test_a_need_that_no_listing_could_meet_is_refused_by_its_place(house: House):
    """Nobody would ever hear of it, and the person would wait unseen."""
    referral = held(house)
    with house.unchanged():
        refused = wait(house, referral, needs=["housing", "flying"], status=422)
    assert refused["element"] == "needs.1"
    newer = listing(need="flying")
    hear(house.desk, ServicePublished(service=NEW, provider=PROVIDER, listing=newer))
    wait(house, referral, needs=["housing", "flying"])


def test_the_needs_are_those_that_the_directory_has():
    (needs,) = (each for each in shipped() if each.code == "need")
    assert {each.code for each in needs.taxonomy_terms} == OURS
