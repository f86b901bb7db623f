"""A listing's life: what its provider writes waits for the hub, and everything is kept."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.directory.build import HUBS
from services.providers.life.deciding import publish_due
from tests.providers.conftest import NOW, House
from tests.providers.listings import HUB, OTHER, OWNER, attribute, body, key, service

MINE: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
CHOIR = f"/directory/services/{key('Choir')}"
LEEDS = next(hub for hub in HUBS if hub.code == "leeds").organisation


def edit(house: House, *, status: int = 202, why: str | None = None, **changes: Any) -> Any:
    """The provider writes its choir's listing."""
    at = CHOIR + (f"?why={why}" if why else "")
    return house.send("PUT", at, body("Choir", **changes), status=status, **MINE)


def states(house: House) -> list[tuple[int, str]]:
    found = house.send("GET", f"{CHOIR}/versions")["versions"]
    return [(each["number"], each["state"]) for each in found]


def test_an_edit_waits_and_what_stood_stays_public(house: House):
    house.load(service("Choir", description="Tuesdays"))
    start = house.position()
    waiting = edit(house, description="Wednesdays", why="The hall moved us")
    assert (waiting["number"], waiting["state"], waiting["hub"]) == (2, "draft", HUB.code)
    assert house.get(CHOIR)["description"] == "Tuesdays"
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.listing.submitted.v1"
    assert event["data"]["listing"] == str(key("Choir"))
    assert event["data"]["hub"] == HUB.code
    approved = house.approve(waiting, words="Rang them: right")
    assert (approved["state"], approved["words"]) == ("published", "Rang them: right")
    assert approved["why"] == "The hall moved us"
    assert house.get(CHOIR)["description"] == "Wednesdays"
    assert states(house) == [(2, "published"), (1, "superseded")]
    told = [each["type"] for each in house.events(after=start)]
    assert told[1:] == [
        "kersey.directory.service.changed.v1",
        "kersey.directory.listing.approved.v1",
    ]


def test_a_hub_may_agree_without_a_word(house: House):
    house.load(service("Choir"))
    edit(house, description="Wednesdays")
    assert house.send("POST", f"{CHOIR}/versions/2/approve")["state"] == "published"


def test_a_new_listing_of_a_provider_is_nowhere_until_its_hub_agrees(house: House):
    house.load()
    waiting = edit(house, capacity={"state": "taking", "places": 2})
    house.get(CHOIR, status=404)
    assert house.get("/directory/services")["contents"] == []
    house.approve(waiting)
    listed = house.get(f"/directory/listings/{key('Choir')}")
    assert listed["kersey"]["capacity"]["places"] == 2


def test_what_cannot_be_held_is_refused_in_words_and_nothing_is_stored(house: House):
    house.load(service("Choir"))
    start = house.position()
    chance = Random(3000)
    rooms = ["-".join(f"{chance.randrange(16**4):04x}" for _ in range(50)) for _ in range(3000)]
    at = [{"location": {"name": room}} for room in rooms]
    refused = house.send(
        "PUT",
        CHOIR,
        body("Choir", service_at_locations=at),
        status=422,
        organisation=HUB.organisation,
    )
    assert "than can be stored" in refused["detail"]
    assert states(house) == [(1, "published")]
    assert house.events(after=start) == []


def test_what_cannot_be_published_is_refused_to_its_writer(house: House):
    house.load(service("Choir"))
    start = house.position()
    wanted: dict[str, Any] = {"attributes": [{"taxonomy_term_id": str(uuid4())}]}
    assert edit(house, status=422, **wanted)["element"] == "attributes.taxonomy_term_id"
    both: dict[str, Any] = {
        "attributes": [attribute("company", "women"), attribute("company", "men")]
    }
    refused = edit(house, status=422, **both)
    assert refused["element"] == "attributes.taxonomy_term_id"
    assert "for women only, for men only, or mixed" in refused["detail"]
    assert states(house) == [(1, "published")]
    assert house.events(after=start) == []


def test_a_hub_sends_an_edit_back_with_words(house: House):
    house.load(service("Choir", description="Tuesdays"))
    waiting = edit(house, description="Whenever")
    at = f"{CHOIR}/versions/{waiting['number']}/send-back"
    house.send("POST", at, {"words": "x"}, status=403, **MINE)
    house.send("POST", at, {}, status=422)
    start = house.position()
    back = house.send("POST", at, {"words": "Which day is it?"})
    assert (back["state"], back["words"]) == ("sent-back", "Which day is it?")
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.listing.sent-back.v1"
    assert "words" not in event["data"]
    assert house.get(CHOIR)["description"] == "Tuesdays"
    # It has been decided: neither again nor the other way.
    house.send("POST", at, {"words": "x"}, status=409)
    house.approve(waiting, status=409)
    (shown,) = house.send("GET", "/directory/drafts", **MINE)["contents"]
    assert shown["state"] == "sent-back"
    edit(house, description="Wednesdays")
    assert states(house) == [(3, "draft"), (2, "superseded"), (1, "published")]


def test_what_a_provider_may_change_by_itself_does_not_wait(house: House):
    house.load(service("Choir", description="Tuesdays"))
    changed = edit(house, status=200, description="Tuesdays", alert="Closed this week")
    assert changed["alert"] == "Closed this week"
    assert states(house) == [(2, "published"), (1, "superseded")]
    # With something else beside it, all of it waits.
    edit(house, description="Wednesdays", alert="Closed next week")
    assert house.get(CHOIR)["alert"] == "Closed this week"


def test_a_waiting_edit_is_joined_to_what_was_published_since(house: House):
    house.load(service("Choir", description="Tuesdays"))
    waiting = edit(house, description="Wednesdays")
    edit(house, status=200, description="Tuesdays", alert="Closed this week")
    house.approve(waiting)
    listed = house.get(CHOIR)
    assert (listed["description"], listed["alert"]) == ("Wednesdays", "Closed this week")


def test_two_changes_of_one_member_are_not_joined(house: House):
    house.load(service("Choir", description="Tuesdays"))
    waiting = edit(house, description="Wednesdays")
    house.send("PUT", CHOIR, body("Choir", description="Thursdays"))
    problem = house.approve(waiting, status=409)
    assert problem["element"] == "description"
    assert house.get(CHOIR)["description"] == "Thursdays"
    assert states(house)[1] == (2, "draft")


def test_an_edit_is_published_on_its_day(house: House):
    house.load(service("Choir", description="Tuesdays"))
    waiting = edit(house, description="From January")
    assert house.approve(waiting, publish_from="2026-12-01")["state"] == "approved"
    assert publish_due(house.directory, NOW.date()) == 0
    assert house.get(CHOIR)["description"] == "Tuesdays"
    house.now = NOW + timedelta(days=8)
    assert publish_due(house.directory, house.now.date()) == 1
    assert house.get(CHOIR)["description"] == "From January"
    assert publish_due(house.directory, house.now.date()) == 0


def test_what_was_agreed_and_cannot_be_published_on_its_day_goes_back_in_words(house: House):
    house.load(service("Choir", description="Tuesdays"))
    waiting = edit(house, description="From January")
    house.approve(waiting, publish_from="2026-12-01")
    house.send("PUT", CHOIR, body("Choir", description="Thursdays"))
    house.now = NOW + timedelta(days=8)
    assert publish_due(house.directory, house.now.date()) == 0
    version = house.send("GET", f"{CHOIR}/versions/2")
    assert version["state"] == "sent-back"
    assert "description" in version["words"]


def test_a_version_is_told_apart_field_by_field(house: House):
    house.load(service("Choir", cost=2, description="Tuesdays"))
    waiting = edit(house, cost=3, description="Tuesdays", minimum_age=18)
    at = f"{CHOIR}/versions/{waiting['number']}"
    assert house.send("GET", f"{at}/changes", **MINE) == {
        "number": 2,
        "since": 1,
        "changes": [
            {"field": "cost_options.0.amount", "before": 2.0, "after": 3.0},
            {"field": "minimum_age", "after": 18.0},
        ],
        "members": [
            {"member": "cost_options", "before": [{"amount": 2.0}], "after": [{"amount": 3.0}]},
            {"member": "minimum_age", "after": 18.0},
        ],
    }
    assert house.send("GET", at, **MINE)["listing"]["minimum_age"] == 18
    house.send("GET", f"{at}/changes?since=7", status=404)


def test_the_history_keeps_who_when_and_why_also_of_a_withdrawal(house: House):
    house.load(service("Choir"))
    house.send("POST", f"{CHOIR}/withdraw", {"reason": "The leader retired"}, **MINE)
    house.now = NOW + timedelta(days=1)
    house.send("PUT", f"{CHOIR}?why=A+new+leader", body("Choir"))
    found = house.send("GET", f"{CHOIR}/versions")
    assert found["acts"] == [
        {
            "what": "relisted",
            "at": "2026-11-24T09:30:00.000Z",
            "by": "tester",
            "why": "A new leader",
        },
        {
            "what": "withdrawn",
            "at": "2026-11-23T09:30:00.000Z",
            "by": "tester",
            "why": "The leader retired",
        },
    ]
    assert [each["written_by"] for each in found["versions"]] == ["tester", "loading"]


def test_a_withdrawn_service_comes_back_by_its_hub(house: House):
    house.load(service("Choir"))
    house.send("POST", f"{CHOIR}/withdraw", {"reason": "x"}, **MINE)
    waiting = edit(house)
    assert house.get(CHOIR)["status"] == "defunct"
    house.approve(waiting)
    assert house.get(CHOIR)["status"] == "active"


def test_an_edit_of_before_lists_nothing_again_that_was_withdrawn_since(house: House):
    house.load(service("Choir", description="Tuesdays"))
    waiting = edit(house, description="Wednesdays")
    house.now = NOW + timedelta(hours=1)
    house.send("POST", f"{CHOIR}/withdraw", {"reason": "The leader retired"}, **MINE)
    problem = house.approve(waiting, status=409)
    assert "before the service was taken off the list" in problem["detail"]
    assert house.get(CHOIR)["status"] == "defunct"
    assert states(house)[0] == (2, "draft")


def test_what_was_agreed_for_a_day_does_not_list_again_what_was_withdrawn_since(house: House):
    house.load(service("Choir", description="Tuesdays"))
    house.approve(edit(house, description="From January"), publish_from="2026-12-01")
    house.now = NOW + timedelta(days=1)
    house.send("POST", f"{CHOIR}/withdraw", {"reason": "The leader retired"}, **MINE)
    house.now = NOW + timedelta(days=8)
    start = house.position()
    assert publish_due(house.directory, house.now.date()) == 0
    assert house.get(CHOIR)["status"] == "defunct"
    version = house.send("GET", f"{CHOIR}/versions/2")
    assert version["state"] == "sent-back"
    assert "taken off the list" in version["words"]
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.listing.sent-back.v1"


@pytest.mark.parametrize(
    "who",
    [
        {"organisation": OTHER, "roles": ("provider",)},
        {"organisation": LEEDS, "roles": ("coordinator",)},
        {"organisation": OWNER, "roles": ("link-worker",)},
    ],
)
def test_nobody_else_reads_or_decides(house: House, who: dict[str, Any]):
    house.load(service("Choir"))
    waiting = edit(house, description="Secret plans")
    for at in ("versions", "versions/2", "versions/2/changes"):
        house.send("GET", f"{CHOIR}/{at}", status=404, **who)
    house.send("POST", f"{CHOIR}/versions/2/approve", {}, status=404, **who)
    assert house.send("GET", "/directory/drafts", **who)["contents"] == []
    assert house.client.get(f"{CHOIR}/versions").status_code == 401
    house.approve(waiting)


def test_a_provider_does_not_approve_its_own_edit(house: House):
    house.load(service("Choir"))
    edit(house, description="x")
    house.send("POST", f"{CHOIR}/versions/2/approve", {}, status=403, **MINE)


def test_what_waits_is_listed_for_its_hub_and_its_writer(house: House):
    house.load(service("Choir"))
    edit(house, description="x")
    for who in ({}, MINE):
        found = house.send("GET", "/directory/drafts", **who)
        (shown,) = found["contents"]
        assert shown["subject"] == str(key("Choir"))
        assert (shown["name"], shown["owner_name"]) == ("Choir", "Owner")
        assert found["total_items"] == 1
    edit(house, description="x", needs=["money"])
    changes = house.send("GET", f"{CHOIR}/versions/3/changes")
    assert list(changes["terms"].values()) == ["Money"]
    assert [each["member"] for each in changes["members"]] == ["attributes", "description"]
    assert "id" not in changes["members"][0]["after"][0], "ids are nothing that a person changed"
    assert house.send("GET", "/directory/drafts?state=sent-back")["contents"] == []
    assert house.send("GET", "/directory/drafts?page=2&per_page=1")["contents"] == []
    house.send("GET", f"/directory/services/{uuid4()}/versions", status=404)
    house.send("GET", f"/directory/organizations/{key('Choir')}/versions", status=404)
