"""A hub brings a provider in: the steps that its tier demands, who did each, and who is stuck."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from dateutil.relativedelta import relativedelta

from deploy.demo.directory.build import HUBS
from services.providers.domain import EVIDENCE_FOR, Tier
from services.providers.onboarding.domain import Known, Paper, Step, missing, steps_of
from services.providers.retention import ONBOARDINGS, expiries
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import HUB, OTHER, OWNER, body, key, organization, service

AT = "/directory/onboardings"
LEEDS: dict[str, Any] = {
    "organisation": next(hub for hub in HUBS if hub.code == "leeds").organisation,
    "roles": ("coordinator",),
}
STAFF: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
TODAY = NOW.date()
PAPERS = [
    {"kind": "sharing-agreement", "seen": "2026-11-20", "expires": "2027-11-20"},
    {"kind": "privacy-contact", "seen": "2026-11-20"},
    {"kind": "safeguarding-lead", "seen": "2026-11-21"},
]
CHECKS = {"kind": "checks", "seen": "2026-11-22", "expires": "2028-01-01"}
HEARD = {"name": "Clay Shed", "place": "The mill", "tier": 2, "reach_email": "hi@clay.example"}


@pytest.fixture
def hub(house: House) -> House:
    """A directory with hubs and one listed organisation, which has a choir."""
    house.load(service("Choir"), organizations=[organization()])
    return house


def begun(hub: House, **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = hub.send("POST", AT, HEARD | said, status=201)
    return found


def of_choir(hub: House, tier: int = 2) -> dict[str, Any]:
    said = {"provider": str(OWNER), "tier": tier}
    found: dict[str, Any] = hub.send("POST", AT, said, status=201)
    return found


def at(view: dict[str, Any], *more: str) -> str:
    return "/".join([AT, view["id"], *more])


def stands(view: dict[str, Any]) -> dict[str, bool | None]:
    return {each.get("kind", each["step"]): each.get("done") for each in view["steps"]}


def listed(hub: House, view: dict[str, Any]) -> str:
    """The group on the list and its first service as a draft; the service's address."""
    group = {"name": "Clay Shed", "description": "Clay on Tuesdays"}
    hub.send("PUT", f"/directory/organizations/{view['provider']}", group, status=201)
    at = f"/directory/services/{uuid4()}"
    draft = {"organization_id": view["provider"], "name": "Clay for all"}
    waits = hub.send("PUT", f"{at}?draft=true", draft, status=202)
    assert waits["state"] == "draft"
    return at


def test_from_we_heard_of_them_to_published_step_by_step(hub: House):
    view = begun(hub)
    assert view["name"] == "Clay Shed"
    assert (view["listed"], view["state"], view["days"]) == (False, "going-on", 0)
    assert stands(view) == {
        "organisation": False, "listing": False, "sharing-agreement": False,
        "privacy-contact": False, "safeguarding-lead": False, "reached": None, "verified": None,
        "staff": None, "closing-days": False, "published": False,
    }  # fmt: skip
    hub.send("PUT", at(view, "evidence"), {"evidence": PAPERS}, status=409)
    service_at = listed(hub, view)
    view = hub.send("GET", at(view))
    assert stands(view)["organisation"]
    assert stands(view)["listing"]
    assert hub.get(service_at, status=404), "what the hub drafts is not public"
    first, *_ = PAPERS
    view = hub.send("PUT", at(view, "evidence"), {"evidence": [first]})
    assert stands(view)["sharing-agreement"]
    assert not stands(view)["privacy-contact"]
    view = hub.send("PUT", at(view, "evidence"), {"evidence": PAPERS})
    shown = {each["kind"]: each for each in view["steps"] if each["step"] == "evidence"}
    assert all(each["done"] and each["by"] == "tester" for each in shown.values())
    assert shown["sharing-agreement"]["expires"] == "2027-11-20"
    said = {"step": "closing-days", "words": "Open all year"}
    view = hub.send("POST", at(view, "without"), said)
    assert next(each for each in view["steps"] if each["step"] == "closing-days")["without"]
    refused = hub.send("POST", at(view, "finish"), status=409)
    assert refused["detail"] == "Still missing: published."
    number = view["waits"]["number"]
    hub.send("POST", f"{service_at}/versions/{number}/approve", {})
    listing = hub.get(f"/directory/listings/{view['service']}")
    assert listing["kersey"]["tier"] == 2
    done = hub.send("POST", at(view, "finish"))
    assert done["state"] == "done"
    assert "reach_email" not in done, "whom to ask is forgotten at the end"
    assert [each["what"] for each in done["acts"]] == [
        "finished", "without", "evidence", "evidence", "evidence", "begun",
    ]  # fmt: skip


def test_a_coordinators_draft_tells_nobody(hub: House):
    view = begun(hub)
    group = {"name": "Clay Shed", "description": "Clay on Tuesdays"}
    hub.send("PUT", f"/directory/organizations/{view['provider']}", group, status=201)
    before = hub.position()
    draft = {"organization_id": view["provider"], "name": "Clay for all"}
    hub.send("PUT", f"/directory/services/{uuid4()}?draft=true", draft, status=202)
    assert hub.events(after=before) == []


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_each_tier_demands_its_own_steps(hub: House, tier: int):
    view = begun(hub, tier=tier)
    kinds = [each["kind"] for each in view["steps"] if each["step"] == "evidence"]
    assert set(kinds) == EVIDENCE_FOR[Tier(tier)]
    needed = {each["step"] for each in view["steps"] if each["needed"]}
    named = {"reached", "verified", "staff", "closing-days"}
    assert named <= needed if tier > 1 else named.isdisjoint(needed)


def test_what_lapsed_is_missing_again(hub: House):
    view = of_choir(hub)
    hub.send("PUT", at(view, "evidence"), {"evidence": PAPERS})
    assert hub.get(f"/directory/listings/{key('Choir')}")["kersey"]["tier"] == 2
    hub.now = NOW + relativedelta(years=1, months=1)
    view = hub.send("GET", at(view))
    assert stands(view)["sharing-agreement"] is False
    assert stands(view)["privacy-contact"] is True
    assert stands(view)["published"] is False, "named referrals stopped with that day"
    again = [PAPERS[0] | {"seen": "2027-12-01", "expires": None}, *PAPERS[1:]]
    view = hub.send("PUT", at(view, "evidence"), {"evidence": again})
    assert stands(view)["published"] is True


def test_the_tier_follows_what_was_shown_up_to_the_one_wished_for(hub: House):
    view = of_choir(hub)
    choir = f"/directory/listings/{key('Choir')}"
    hub.send("PUT", at(view, "evidence"), {"evidence": PAPERS[:2]})
    assert hub.get(choir)["kersey"]["tier"] == 1
    hub.send("PUT", at(view, "evidence"), {"evidence": [*PAPERS, CHECKS]})
    assert hub.get(choir)["kersey"]["tier"] == 2
    hub.send("PUT", at(view), {"tier": 3})
    view = hub.send("PUT", at(view, "evidence"), {"evidence": [*PAPERS, CHECKS]})
    assert hub.get(choir)["kersey"]["tier"] == 3
    assert stands(view)["published"] is True
    # What they do not have any more lowers it, and nothing else of the listing changes.
    hub.send("PUT", at(view, "evidence"), {"evidence": PAPERS})
    assert hub.get(choir)["kersey"]["tier"] == 2
    assert hub.get(choir)["name"] == "Choir"


def test_evidence_goes_into_what_the_group_itself_wrote_and_waits(hub: House):
    view = of_choir(hub)
    edit = body("Choir", description="Wednesdays now")
    hub.send("PUT", f"/directory/services/{key('Choir')}", edit, status=202, **STAFF)
    view = hub.send("PUT", at(view, "evidence"), {"evidence": PAPERS})
    assert "description" not in hub.get(f"/directory/services/{key('Choir')}")
    number = view["waits"]["number"]
    hub.send("POST", f"/directory/services/{key('Choir')}/versions/{number}/approve", {})
    listing = hub.get(f"/directory/listings/{key('Choir')}")
    assert (listing["description"], listing["kersey"]["tier"]) == ("Wednesdays now", 2)


@pytest.mark.parametrize(
    ("papers", "element"),
    [
        ([PAPERS[0] | {"seen": "2026-11-24"}], "evidence.0.seen"),
        ([PAPERS[1], PAPERS[0] | {"expires": "2026-11-19"}], "evidence.1.expires"),
        ([PAPERS[0], PAPERS[0]], "body"),
        ([{"kind": "a-promise", "seen": "2026-11-20"}], "evidence.0.kind"),
        ([{"kind": "checks", "seen": "soon"}], "evidence.0.seen"),
    ],
)
def test_papers_that_cannot_be_are_refused_by_name(hub: House, papers: list[Any], element: str):
    view = of_choir(hub)
    refused = hub.send("PUT", at(view, "evidence"), {"evidence": papers}, status=422)
    assert refused["element"].removeprefix("body.") == element
    assert stands(hub.send("GET", at(view)))["sharing-agreement"] is False


def test_the_stuck_ones_come_first_and_a_note_unsticks(hub: House):
    old = begun(hub, name="Old")
    hub.now = NOW + timedelta(days=3)
    begun(hub, name="Newer")
    hub.now = NOW + timedelta(days=14)
    found = hub.send("GET", AT)
    assert [(each["name"], each["days"], each["stuck"]) for each in found["contents"]] == [
        ("Old", 14, True),
        ("Newer", 11, False),
    ]
    assert found["states"] == {"going-on": 2, "on-hold": 0, "given-up": 0, "done": 0}
    assert found["contents"][0]["next"] == {"step": "organisation", "needed": True, "done": False}
    hub.send("POST", at(old, "notes"), {"words": "Rang them"})
    page = hub.send("GET", f"{AT}?per_page=1&page=2")
    assert [each["name"] for each in page["contents"]] == ["Old"]
    assert (page["total_pages"], page["last_page"]) == (2, True)
    assert hub.send("GET", "/directory/waiting")["onboardings"] == 2


def test_a_step_with_the_listing_unsticks_and_an_import_does_not(hub: House):
    view = of_choir(hub)
    hub.now = NOW + timedelta(days=20)
    hub.load(service("Choir", description="As the feed has it"), organizations=[organization()])
    assert hub.send("GET", at(view))["days"] == 20
    said = {"starts": "2026-12-22", "ends": "2027-01-04", "why": "Christmas"}
    hub.send("POST", f"/directory/organizations/{OWNER}/closing-days", said, status=201)
    view = hub.send("GET", at(view))
    assert (view["days"], stands(view)["closing-days"]) == (0, True)


def test_it_is_put_on_hold_and_given_up_with_a_reason_and_taken_up_again(hub: House):
    view = begun(hub)
    for what in ("hold", "give-up"):
        hub.send("POST", at(view, what), {}, status=422)
        hub.send("POST", at(view, what), {"words": "  "}, status=422)
    held = hub.send("POST", at(view, "hold"), {"words": "They begin in spring"})
    assert (held["state"], held["acts"][0]["words"]) == ("on-hold", "They begin in spring")
    hub.send("POST", at(view, "hold"), {"words": "again"}, status=409)
    hub.send("POST", at(view, "finish"), status=409)
    assert hub.send("POST", at(view, "resume"))["state"] == "going-on"
    gone = hub.send("POST", at(view, "give-up"), {"words": "They closed"})
    assert gone["state"] == "given-up"
    assert "reach_email" not in gone
    hub.send("POST", at(view, "notes"), {"words": "x"}, status=409)
    begun(hub)
    refused = hub.send("POST", at(view, "resume"), status=409)
    assert "already" in refused["detail"]


def test_nobody_begins_twice_with_one_group(hub: House):
    begun(hub)
    assert hub.send("POST", AT, HEARD | {"name": "CLAY SHED"}, status=409)["element"] == "name"
    there = hub.send("POST", AT, {"name": "owner", "tier": 1}, status=409)
    assert "begin from its listing" in there["detail"]
    of_choir(hub)
    again = {"provider": str(OWNER), "tier": 1}
    assert hub.send("POST", AT, again, status=409)["element"] == "provider"


def test_two_who_begin_at_once_begin_one(hub: House):
    together, answers = Barrier(4), []

    def begin() -> None:
        together.wait()
        token = hub.token(HUB.organisation, ("coordinator",), "directory.write")
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(hub.client.post(AT, json=HEARD, headers=headers).status_code)

    threads = [Thread(target=begin) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("said", "element"),
    [
        ({"name": "", "tier": 1}, "name"),
        ({"name": "A\x00", "tier": 1}, "name"),
        ({"name": "A", "tier": 4}, "tier"),
        ({"name": "A"}, "tier"),
        ({"tier": 1}, ""),
        ({"name": "A", "provider": str(OWNER), "tier": 1}, ""),
        ({"name": "A", "tier": 1, "reach_email": "nobody"}, "reach_email"),
        ({"name": "A", "tier": 1, "reach_phone": "ring me"}, "reach_phone"),
        ({"name": "A", "tier": 1, "state": "done"}, "state"),
        ({"provider": str(OWNER), "service": str(OTHER), "tier": 1}, "service"),
    ],
)
def test_what_cannot_be_begun_is_refused_by_name(hub: House, said: Any, element: str):
    refused = hub.send("POST", AT, said, status=422)
    assert refused["element"].removeprefix("body").removeprefix(".") == element
    assert "nobody" not in refused["detail"]
    assert hub.send("GET", AT)["total_items"] == 0


def test_it_is_for_the_coordinators_of_its_own_hub(hub: House):
    view = begun(hub)
    words = {"words": "x"}
    calls: list[tuple[str, str, Any]] = [
        ("GET", at(view), None),
        ("PUT", at(view), {"tier": 1}),
        ("PUT", at(view, "evidence"), {"evidence": []}),
        ("POST", at(view, "notes"), words),
        ("POST", at(view, "without"), words | {"step": "staff"}),
        ("POST", at(view, "hold"), words),
        ("POST", at(view, "give-up"), words),
        ("POST", at(view, "resume"), None),
        ("POST", at(view, "finish"), None),
    ]
    for method, path, said in calls:
        hub.send(method, path, said, status=404, **LEEDS)
        for role in ("provider", "link-worker", "commissioner"):
            hub.send(method, path, said, status=403, roles=(role,))
        hub.send(method, path, said, status=403, scope="directory.read")
        assert hub.client.request(method, path, json=said).status_code == 401
    assert hub.send("GET", AT, **LEEDS)["total_items"] == 0
    hub.send("POST", AT, HEARD, status=403, **STAFF)
    hub.send("POST", AT, {"provider": str(OWNER), "tier": 1}, status=404, **LEEDS)
    hub.send("GET", f"{AT}/{uuid4()}", status=404)


def test_a_groups_own_staff_see_what_is_missing_and_not_what_the_hub_wrote(hub: House):
    view = of_choir(hub)
    hub.send("POST", at(view, "notes"), {"words": "They are slow"})
    (own,) = hub.send("GET", f"{AT}/own", **STAFF)["contents"]
    assert own["name"] == "Owner"
    assert stands(own)["sharing-agreement"] is False
    assert "acts" not in own
    assert all("by" not in each for each in own["steps"])
    (same,) = hub.send("GET", f"{AT}/own", scope="cases", **STAFF)["contents"]
    assert same == own
    assert hub.send("GET", f"{AT}/own", **STAFF | {"organisation": OTHER})["contents"] == []
    hub.send("GET", f"{AT}/own", status=403)
    hub.send("POST", at(view, "give-up"), {"words": "They closed"})
    assert hub.send("GET", f"{AT}/own", **STAFF)["contents"] == []


def test_whoever_claimed_a_listing_sees_what_is_missing_of_it(hub: House):
    of_choir(hub)
    keeper: dict[str, Any] = {"organisation": key("the group's account"), "roles": ("provider",)}
    said = {"who": "Jo", "evidence": [{"kind": "words", "value": "Ring the hall"}]}
    claim = hub.send("POST", f"/directory/organizations/{OWNER}/claim", said, status=201, **keeper)
    assert hub.send("GET", f"{AT}/own", **keeper)["contents"] == []
    hub.send("POST", f"/directory/claims/{claim['id']}/accept", {"words": "Rang"})
    (own,) = hub.send("GET", f"{AT}/own", **keeper)["contents"]
    assert own["provider"] == str(OWNER)


def test_it_is_kept_for_two_years_after_its_end(hub: House):
    kept = begun(hub)
    ended = begun(hub, name="Closed")
    hub.send("POST", at(ended, "give-up"), {"words": "They closed"})
    expiry = expiries(settings("postgresql://"), hub.engine)[ONBOARDINGS.name]
    assert expiry.run(NOW - timedelta(days=1), "test") == 0
    assert expiry.run(NOW + timedelta(days=1), "test") == 1
    hub.send("GET", at(kept))
    hub.send("GET", at(ended), status=404)
    assert hub.count("onboarding_act") == 1


def test_a_paper_counts_on_its_last_day_and_not_after():
    paper = {"sharing-agreement": Paper(TODAY, TODAY)}
    known = Known(tier=Tier.NAMED_REFERRAL, papers=paper)
    left = [each.kind for each in missing(steps_of(known, TODAY)) if each.step is Step.EVIDENCE]
    assert left == ["privacy-contact", "safeguarding-lead"]
    tomorrow = missing(steps_of(known, TODAY + timedelta(days=1)))
    assert "sharing-agreement" in [each.kind for each in tomorrow]
