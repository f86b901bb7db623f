"""The directory's state, told again to one consumer."""

from typing import Any

from services.providers.republishing import STATE
from services.referrals.handlers.listings import SUBSCRIPTION as LISTINGS
from shared.messaging.republishing import RAISED_BY, republish
from tests.providers.conftest import House
from tests.providers.listings import key, service


def told_again(house: House, *, raised_by: int = 0) -> list[Any]:
    start = house.position()
    for state in STATE:
        republish(house.engine, house.directory.outbox, state, LISTINGS, raised_by=raised_by)
    return house.events(after=start)


def test_every_listing_is_told_as_it_stands_and_marked(house: House) -> None:
    house.load(service("Choir"), service("Walks"))
    house.send("POST", f"/directory/services/{key('Walks')}/withdraw", {"reason": "ended"})
    shown = house.get(f"/directory/services/{key('Choir')}")

    told = told_again(house)

    by_subject = {each["subject"]: each for each in told}
    assert len(by_subject) == len(told) == house.count("organization") + house.count("service")
    assert all(each["replay"] for each in told)
    choir, walks = (by_subject[f"service/{key(name)}"] for name in ("Choir", "Walks"))
    assert choir["data"]["listing"]["name"] == shown["name"]
    assert (choir["type"], walks["type"]) == (
        "kersey.directory.service.changed.v1",
        "kersey.directory.service.withdrawn.v1",
    )
    assert int(walks["sequence"].split(".")[0]) == 2


def test_a_restored_directory_speaks_as_the_newest(house: House) -> None:
    house.load(service("Choir"))
    before = {each["subject"]: each["sequence"] for each in told_again(house)}

    raised = told_again(house, raised_by=RAISED_BY)

    assert all(each["sequence"] > before[each["subject"]] for each in raised)
    version = int(raised[-1]["sequence"].split(".")[0])
    assert raised[-1]["data"]["listing"]["kersey"]["version"] == version > RAISED_BY
