"""One service in two sources: how it is noticed, made one, and two again."""

from itertools import combinations
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from services.providers.matches.of_services.likeness import PROPOSED, Features, likeness
from services.providers.matches.of_services.proposing import with_something_in_common
from tests.providers.conftest import House
from tests.providers.importing.conftest import Importer
from tests.providers.importing.feeds import key, organization, service
from tests.providers.listings import HUB

ARTS = "Hebble Arts"
KEPT, GONE = key("service Choir"), key("service The choir")
AT = "/directory/service-matches"


def known(name: str, places: str = "", times: str = "") -> Features:
    return Features(uuid4(), name, frozenset(places.split()), frozenset(times.split()))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (known("choir", "HX11AA"), known("choir", "HX11AA"), True),
        (known("choir"), known("choir"), False),
        (known("slow stitch"), known("slow stitch"), True),
        (known("slow stitch", "HX11AA"), known("slow stitch", "HX22BB"), False),
        (known("slow stitch", "HX11AA", "Mon"), known("slow stitch", "HX11AA", "Tue"), True),
        (known("choir", "HX11AA", "Mon"), known("choir", "HX11AA", "Tue"), False),
        (known("slow stitch", "A", "Mon"), known("hebble slow stitch", "A", "Mon"), True),
        (known("yoga for men", "HX11AA"), known("chess for all", "HX11AA"), False),
    ],
)
def test_what_is_alike_enough(one: Features, other: Features, alike: bool):
    assert (likeness(one, other).score >= PROPOSED) is alike
    assert likeness(one, other) == likeness(other, one)


def test_only_what_is_alike_in_nothing_is_left_uncompared():
    chance = Random(5)
    words = ("slow", "stitch", "walk", "choir")
    every = [
        known(
            " ".join(chance.sample(words, chance.randint(1, 3))),
            chance.choice(("", "A", "B", "A B")),
            chance.choice(("", "Mon", "Tue", "Mon Tue")),
        )
        for _ in range(120)
    ]
    compared = {frozenset((a.id, b.id)) for a, b in with_something_in_common(every)}
    alike = {
        frozenset((a.id, b.id))
        for a, b in combinations(every, 2)
        if likeness(a, b).score >= PROPOSED
    }
    assert alike
    assert alike <= compared


def hall(number: int, **more: Any) -> dict[str, Any]:
    address = {
        "id": key(f"address {number}"), "address_1": "The Hall", "city": "Halifax",
        "state_province": "West Yorkshire", "postal_code": "HX1 1AA", "country": "GB",
        "address_type": "physical",
    }  # fmt: skip
    place = {"id": key(f"hall {number}"), "location_type": "physical", "name": "Hall"}
    at = {"id": key(f"at {number}"), "location": place | {"addresses": [address]}}
    return {"service_at_locations": [at | more]}


def choir(**more: Any) -> dict[str, Any]:
    """As the council tells it."""
    return service("Choir", ARTS, id=KEPT, description="We sing", fees="£2", **hall(1), **more)


def the_choir(**more: Any) -> dict[str, Any]:
    """As a charity tells it, with a day and another fee."""
    times = {"id": key("times"), "freq": "WEEKLY", "byday": "TU", "opens_at": "10:00"}
    said: dict[str, Any] = {
        "id": GONE,
        "fees": "£3",
        "schedules": [times],
        "url": "https://c.example",
    }
    return service("The choir", ARTS, **(said | hall(2) | more))


@pytest.fixture
def both(importer: Importer) -> House:
    """Two sources list one organisation, each with its choir; one of them has a chess club too."""
    importer.file([choir(), service("Chess", ARTS)], source="council")
    importer.file([the_choir()], source="charity")
    return importer.house


def test_an_organisation_of_many_services_is_compared_too(importer: Importer):
    many = [service(f"Group {number}", ARTS) for number in range(320)]
    importer.file([choir(), *many], source="council")
    importer.file([the_choir()], source="charity")
    found = proposal(importer.house)
    assert {found["one"]["name"], found["other"]["name"]} == {"Choir", "The choir"}


def proposal(both: House) -> Any:
    (found,) = both.send("GET", AT)["contents"]
    return found


def accepted(both: House, **said: Any) -> str:
    path = f"{AT}/{proposal(both)['id']}"
    assert both.send("POST", f"{path}/accept", {"keep": KEPT} | said)["kept"] == KEPT
    return path


def test_the_same_service_in_two_sources_is_proposed_with_what_differs(both: House):
    found = proposal(both)
    sides = {found["one"]["name"]: found["one"], found["other"]["name"]: found["other"]}
    assert {name: each["sources"] for name, each in sides.items()} == {
        "Choir": ["council"],
        "The choir": ["charity"],
    }
    assert "the same place HX11AA" in found["evidence"]
    assert [each["field"] for each in found["conflicts"]] == ["fees", "name"]


def test_accepted_one_is_public_with_what_the_other_has_beside_it(both: House):
    start = both.position()
    accepted(both)
    assert both.names("/directory/services") == ["Chess", "Choir"]
    kept = both.get(f"/directory/services/{KEPT}")
    assert (kept["fees"], kept["url"], kept["schedules"][0]["byday"]) == (
        "£2", "https://c.example", "TU",
    )  # fmt: skip
    told = {each["type"]: each["data"]["service"] for each in both.events(after=start)}
    assert told == {
        "kersey.directory.service.changed.v1": KEPT,
        "kersey.directory.service.withdrawn.v1": GONE,
    }
    assert both.send("GET", AT)["contents"] == []
    for listed in (KEPT, GONE):
        (act,) = both.send("GET", f"/directory/services/{listed}/versions")["acts"]
        assert (act["what"], act["by"]) == ("merged", "tester")


def test_each_field_says_which_source_said_it(both: House):
    accepted(both, fields={"fees": GONE})
    found = both.send("GET", f"/directory/services/{KEPT}/sources")
    assert [each["source"] for each in found["sources"]] == ["charity", "council"]
    fields = {each["field"]: each for each in found["fields"]}
    assert fields["fees"]["said_by"] == ["charity"]
    assert fields["fees"]["otherwise"] == [{"source": "council", "value": "£2"}]
    assert fields["schedules"]["said_by"] == ["charity"]
    assert fields["description"]["said_by"] == ["council"]


def test_what_the_other_source_says_next_is_said_of_the_kept_one(both: House, importer: Importer):
    accepted(both)
    report = importer.file([the_choir(url="https://new.example", fees="£9")], source="charity")
    assert report.counts["taken"] == 1
    assert both.names("/directory/services") == ["Chess", "Choir"]
    kept = both.get(f"/directory/services/{KEPT}")
    assert (kept["url"], kept["fees"]) == ("https://new.example", "£2")
    # What one of the two drops stays listed while the other still has it.
    importer.file([service("Weaving", ARTS)], source="charity", accept_shrinking=True)
    assert "Choir" in both.names("/directory/services")


def test_undone_both_are_as_they_were(both: House, importer: Importer):
    def said(listed: str) -> Any:
        return both.get(f"/directory/services/{listed}") | {"last_modified": None}

    before = {listed: said(listed) for listed in (KEPT, GONE)}
    path = accepted(both, fields={"fees": GONE})
    both.send("POST", f"{path}/undo")
    assert {listed: said(listed) for listed in (KEPT, GONE)} == before
    assert both.names("/directory/services") == ["Chess", "Choir", "The choir"]
    importer.file([the_choir(fees="£4")], source="charity")
    assert said(GONE)["fees"] == "£4"
    assert both.send("POST", f"{path}/undo", status=409)["element"] == "id"
    assert both.send("GET", AT)["contents"] == []


def test_what_a_source_said_of_it_meanwhile_is_taken_when_they_are_parted(
    both: House, importer: Importer
):
    """As an import of the same would have it: with times, place and terms."""
    path = accepted(both)
    later = {"id": key("times"), "freq": "WEEKLY", "byday": "WE", "opens_at": "18:30"}
    newer = the_choir(
        fees="£4", schedules=[later], eligibility_description="female",
        contacts=[{"id": key("nell"), "name": "Nell", "phones": [{"number": "01422 000001"}]}],
    )  # fmt: skip
    importer.file([newer], source="charity")
    both.send("POST", f"{path}/undo")
    listed = both.get(f"/directory/services/{GONE}")
    assert (listed["fees"], listed["organization"]["id"]) == ("£4", str(key(ARTS)))
    assert [(each["byday"], each["opens_at"]) for each in listed["schedules"]] == [("WE", "18:30")]
    assert listed["contacts"][0]["phones"][0]["number"] == "01422 000001"
    assert len(listed["attributes"]) == 1, "for whom it is"
    assert both.get(f"/directory/services/{KEPT}")["fees"] == "£2"
    at = both.position()
    assert importer.file([newer], source="charity").counts["unchanged"] >= 1
    assert both.position() == at, "nothing is left to come"
    assert both.get(f"/directory/services/{GONE}") == listed


def test_what_a_source_dropped_meanwhile_is_none_of_its_latest_words(
    both: House, importer: Importer
):
    path = accepted(both)
    importer.file([the_choir(fees="£4")], source="charity")
    others = [service(each, ARTS) for each in ("Weaving", "Felting")]
    for source in ("charity", "council"):
        importer.file(others, source=source, accept_shrinking=True)
    assert "Choir" not in both.names("/directory/services")
    both.send("POST", f"{path}/undo")
    assert both.get(f"/directory/services/{GONE}")["fees"] == "£3", "as at the acceptance"
    importer.file([the_choir(fees="£4"), *others], source="charity")
    assert both.get(f"/directory/services/{GONE}")["fees"] == "£4"


def test_what_a_source_calls_defunct_meanwhile_is_not_listed_when_they_are_parted(
    both: House, importer: Importer
):
    path = accepted(both)
    importer.file([the_choir(status="defunct")], source="charity")
    both.send("POST", f"{path}/undo")
    assert "The choir" not in both.names("/directory/services")


def test_a_held_import_withdraws_none_that_was_parted_since(both: House, importer: Importer):
    many = [service(f"Group {number}", ARTS) for number in range(8)]
    importer.file([the_choir(), *many], source="charity")
    path = accepted(both)
    report = importer.file([the_choir(fees="£4"), many[0]], source="charity")
    assert report.state == "held"
    both.send("POST", f"{path}/undo")
    both.send("POST", f"/directory/imports/{report.id}/accept")
    listed = both.names("/directory/services")
    assert "The choir" in listed
    assert "Group 1" not in listed


def test_what_was_written_since_stays_when_it_is_undone(both: House):
    path = accepted(both)
    listed = both.get(f"/directory/services/{KEPT}")
    both.send("PUT", f"/directory/services/{KEPT}", {
        **listed, "organization_id": key(ARTS), "url": "https://hand.example",
    })  # fmt: skip
    both.send("POST", f"{path}/undo")
    assert both.get(f"/directory/services/{KEPT}")["url"] == "https://hand.example"


def test_refused_they_are_not_proposed_again(both: House, importer: Importer):
    both.send("POST", f"{AT}/{proposal(both)['id']}/refuse")
    importer.file([the_choir(fees="£4")], source="charity")
    assert both.send("GET", AT)["contents"] == []
    assert both.names("/directory/services") == ["Chess", "Choir", "The choir"]


def test_a_source_that_lists_both_says_that_they_are_two(importer: Importer):
    importer.file([choir(), the_choir()], source="council")
    assert importer.house.send("GET", AT)["contents"] == []


def test_who_decides_and_what_does_not_fit(both: House):
    path = f"{AT}/{proposal(both)['id']}"
    leeds: dict[str, Any] = {"organisation": uuid4()}
    assert both.send("GET", AT, **leeds)["contents"] == []
    both.send("GET", path, status=404, **leeds)
    both.send("POST", f"{path}/accept", {}, status=404, **leeds)
    shown = both.send("GET", path)
    assert {shown[side]["listing"]["name"] for side in ("one", "other")} == {"Choir", "The choir"}
    both.send("POST", f"{AT}/{uuid4()}/accept", {}, status=404)
    both.send("POST", f"{path}/accept", {"keep": str(uuid4())}, status=422)
    both.send("POST", f"{path}/accept", {"keep": KEPT, "fields": {"kersey": GONE}}, status=422)
    mine: dict[str, Any] = {"organisation": key(ARTS), "roles": ("provider",)}
    edit = {"organization_id": key(ARTS), "name": "The choir", "description": "New"}
    both.send("PUT", f"/directory/services/{GONE}", edit, status=202, **mine)
    waits = both.send("POST", f"{path}/accept", {"keep": KEPT}, status=422)
    assert "waits" in waits["detail"]
    both.send("POST", f"/directory/services/{KEPT}/withdraw", {"reason": "x"})
    gone = both.send("POST", f"{path}/accept", {"keep": KEPT}, status=409)
    assert "not listed" in gone["detail"]


def test_services_of_two_organisations_that_became_one_are_proposed_then(importer: Importer):
    """And the organisations are not parted while their services are one."""
    both, number = importer.house, {"identifier_type": "Charity number", "identifier": "1122334"}
    for source, owner, said in (("council", ARTS, choir()), ("charity", "Hebble", the_choir())):
        who = organization(owner, organization_identifiers=[number])
        mine = said | {"organization_id": who["id"], "organization": who}
        importer.file([mine], source=source, hub=HUB.code)
    assert both.send("GET", AT)["contents"] == []
    (one,) = both.send("GET", "/directory/matches")["contents"]
    match = f"/directory/matches/{one['id']}"
    both.send("POST", f"{match}/accept", {"keep": key(ARTS)})
    path = accepted(both)
    assert both.names("/directory/services") == ["Choir"]
    assert "undo those" in both.send("POST", f"{match}/undo", status=409)["detail"]
    both.send("POST", f"{path}/undo")
    both.send("POST", f"{match}/undo")
    assert both.names("/directory/services") == ["Choir", "The choir"]
