"""One organisation in two sources: how it is noticed, made one, and two again."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.providers.matches.likeness import (
    PROPOSED,
    Features,
    likeness,
    plain_name,
    plain_phone,
    register_number,
)
from tests.providers.conftest import House
from tests.providers.importing.conftest import Importer, told
from tests.providers.importing.feeds import key, organization, service
from tests.providers.listings import OWNER

COUNCIL, CHARITY = "Hebble Arts", "The Hebble Arts Ltd"
NUMBER = {"identifier_type": "Charity number", "identifier": "01122334"}


def features(name: str, **more: Any) -> Features:
    sets = {each: frozenset(value) for each, value in more.items()}
    return Features(id=uuid4(), name=plain_name(name), **sets)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (features("Hebble Arts"), features("The Hebble Arts Ltd"), True),
        (features("Arts Hebble"), features("Hebble Arts", phones=["1422000000"]), False),
        (
            features("Hebble Art", phones=["1422000000"], hosts=["h.example"]),
            features("Hebble Arts", phones=["1422000000"], hosts=["h.example"]),
            True,
        ),
        (features("Choir"), features("Choir"), False),
        (features("Choir", postcodes=["HX11AA"]), features("Choir", postcodes=["HX11AA"]), True),
        (features("Age Concern"), features("Age UK"), False),
        (
            features("One", numbers=["charity number 1"]),
            features("Two", numbers=["charity number 1"]),
            True,
        ),
        (
            features("Hebble Arts", numbers=["charity number 1"]),
            features("Hebble Arts", numbers=["charity number 2"]),
            False,
        ),
        (
            features("Hebble Arts", numbers=["charity number 1"]),
            features("Hebble Arts", numbers=["company number 2"]),
            True,
        ),
    ],
)
def test_what_is_alike_enough(one: Features, other: Features, alike: bool):
    assert (likeness(one, other).score >= PROPOSED) is alike
    assert likeness(one, other) == likeness(other, one)


def test_numbers_and_telephones_are_compared_as_people_write_them():
    assert register_number("GB-COH Company number", "01234567") == "company number 1234567"
    assert register_number("Company", "1234567") == "company number 1234567"
    assert register_number("GB-CHC", "1122334-1") == "charity number 11223341"
    for same in ("GB-CHC-1122334", "gb-chc-01122334", "Registered charity no. 1122334"):
        assert register_number("Charity number", same) == "charity number 1122334"
    assert register_number("Number", "GB-COH-SC123456") == "company number SC123456"
    assert register_number("Charity", "NO") is None
    assert register_number("ODS code", "x0 1") == "ods number X01"
    assert register_number("Charity", "n/a!") == "charity number NA"
    assert register_number("Charity", "000") is None
    assert plain_phone("+44 (0)1422 000 000") == plain_phone("01422 000000") == "1422000000"
    assert plain_phone("999") is None


@pytest.fixture
def both(importer: Importer) -> House:
    """The council lists an organisation with two services, a charity the same one with another."""
    council = organization(COUNCIL, organization_identifiers=[NUMBER], email="a@council.example")
    importer.file(
        [service(name, COUNCIL, organization=council) for name in ("Choir", "Chess")],
        source="council",
    )
    room = {"location": {"name": "Hall", "latitude": 53.72, "longitude": -1.86}}
    charity = organization(
        CHARITY, organization_identifiers=[NUMBER | {"identifier": "1122334"}],
        email="b@charity.example", website="https://charity.example",
    )  # fmt: skip
    importer.file(
        [
            service("Knitting", CHARITY, organization=charity, service_at_locations=[room]),
            {"id": key("nobody"), "name": "Somebody else", "description": "x"},
        ],
        source="charity",
    )
    return importer.house


def proposal(both: House) -> Any:
    (found,) = both.send("GET", "/directory/matches")["contents"]
    return found


def owners(both: House) -> dict[str, str]:
    """Whose each service is."""
    found = both.get("/directory/services", per_page=500)["contents"]
    return {each["name"]: each["organization"]["name"] for each in found}


def test_the_same_organisation_in_two_sources_is_proposed_with_what_differs(both: House):
    found = proposal(both)
    assert {found["one"]["name"], found["other"]["name"]} == {COUNCIL, CHARITY}
    assert found["likeness"] == 1.0
    assert found["evidence"] == ["the same charity number 1122334"]
    assert [each["field"] for each in found["conflicts"]] == ["description", "email", "name"]
    theirs = next(each for each in found["conflicts"] if each["field"] == "email")
    assert {theirs["one"], theirs["other"]} == {"a@council.example", "b@charity.example"}


def test_accepted_one_is_kept_with_what_the_other_has_beside_it(both: House):
    start = both.position()
    said = {"keep": key(COUNCIL), "fields": {"email": key(CHARITY)}}
    answer = both.send("POST", f"/directory/matches/{proposal(both)['id']}/accept", said)
    assert answer["kept"] == key(COUNCIL)
    assert owners(both) == dict.fromkeys(("Choir", "Chess", "Knitting"), COUNCIL)
    kept = both.get(f"/directory/organizations/{key(COUNCIL)}")
    assert (kept["name"], kept["email"]) == (COUNCIL, "b@charity.example")
    assert kept["website"] == "https://charity.example"
    names = [each["name"] for each in both.get("/directory/organizations")["contents"]]
    assert COUNCIL in names
    assert CHARITY not in names
    moved = [each for each in both.events(after=start) if each["data"].get("service")]
    assert {each["data"]["provider"] for each in moved} == {key(COUNCIL)}
    assert key("service Knitting") in {each["data"]["service"] for each in moved}
    assert both.names("/directory/services", search="Ltd") == []


def test_what_the_other_source_says_next_is_said_of_the_kept_one(both: House, importer: Importer):
    said = {"keep": key(COUNCIL)}
    both.send("POST", f"/directory/matches/{proposal(both)['id']}/accept", said)
    charity = organization(CHARITY, website="https://new.example", email="b@charity.example")
    importer.file(
        [
            service("Knitting", CHARITY, organization=charity, description="With wool"),
            service("Weaving", CHARITY, organization=charity),
        ],
        source="charity",
    )
    assert owners(both) == dict.fromkeys(("Choir", "Chess", "Knitting", "Weaving"), COUNCIL)
    kept = both.get(f"/directory/organizations/{key(COUNCIL)}")
    assert (kept["website"], kept["email"]) == ("https://new.example", "a@council.example")


def test_whoever_names_the_one_that_went_means_the_kept_one(both: House, importer: Importer):
    said = {"keep": key(COUNCIL)}
    both.send("POST", f"/directory/matches/{proposal(both)['id']}/accept", said)
    weaving, felting = (service(name, CHARITY) for name in ("Weaving", "Felting"))
    del weaving["organization"], felting["organization"]
    importer.file([weaving, felting], source="a third")
    assert set(owners(both).values()) == {COUNCIL}


def test_undone_both_are_as_they_were(both: House):
    before = {
        name: both.get(f"/directory/organizations/{key(name)}") for name in (COUNCIL, CHARITY)
    }
    path = f"/directory/matches/{proposal(both)['id']}"
    both.send("POST", f"{path}/accept", {"keep": key(COUNCIL), "fields": {"name": key(CHARITY)}})
    assert set(owners(both).values()) == {CHARITY}
    both.send("POST", f"{path}/undo")
    assert owners(both) == {"Choir": COUNCIL, "Chess": COUNCIL, "Knitting": CHARITY}
    for name, listed in before.items():
        assert both.get(f"/directory/organizations/{key(name)}") == listed
    assert both.names("/directory/services", search="Ltd") == ["Knitting"]
    assert both.send("POST", f"{path}/undo", status=409)["element"] == "id"


def test_the_history_says_who_made_them_one_and_two_again(both: House):
    path = f"/directory/matches/{proposal(both)['id']}"
    both.send("POST", f"{path}/accept", {"keep": key(COUNCIL)})
    both.send("POST", f"{path}/undo")
    for listed in (
        f"organizations/{key(COUNCIL)}",
        f"organizations/{key(CHARITY)}",
        f"services/{key('service Knitting')}",
    ):
        acts = both.send("GET", f"/directory/{listed}/versions")["acts"]
        assert [(each["what"], each["by"], each["why"]) for each in acts] == [
            ("parted", "tester", f"'{CHARITY}' stands by itself again."),
            ("merged", "tester", f"'{CHARITY}' stands in '{COUNCIL}'."),
        ]
    newest = both.send("GET", f"/directory/organizations/{key(COUNCIL)}/versions")["versions"][0]
    assert newest["written_by"] == "tester"


def test_what_was_written_since_stays_when_it_is_undone(both: House):
    path = f"/directory/matches/{proposal(both)['id']}"
    both.send("POST", f"{path}/accept", {"keep": key(COUNCIL)})
    kept = {"name": COUNCIL, "description": "By hand", "website": "https://hand.example"}
    both.send("PUT", f"/directory/organizations/{key(COUNCIL)}", kept)
    both.send("POST", f"{path}/undo")
    listed = both.get(f"/directory/organizations/{key(COUNCIL)}")
    assert (listed["description"], listed["website"]) == ("By hand", "https://hand.example")


def test_what_a_source_brought_since_goes_back_to_its_own_organisation(
    both: House, importer: Importer
):
    """Left with the other, its next change would be refused as of somebody else's service."""
    path = f"/directory/matches/{proposal(both)['id']}"
    both.send("POST", f"{path}/accept", {"keep": key(COUNCIL)})
    room = {"location": {"id": key("shed"), "name": "Shed"}}
    charity = organization(
        CHARITY, organization_identifiers=[NUMBER | {"identifier": "1122334"}],
        email="b@charity.example", website="https://charity.example",
    )  # fmt: skip
    baking = service("Baking", CHARITY, organization=charity, service_at_locations=[room])
    knitting = service("Knitting", CHARITY, organization=charity)
    council = {"id": key(COUNCIL), "name": COUNCIL}
    importer.file(
        [service(each, COUNCIL, organization=council) for each in ("Choir", "Chess", "Cards")],
        source="council",
    )
    importer.file([knitting, baking], source="charity")
    assert owners(both)["Baking"] == COUNCIL
    both.send("POST", f"{path}/undo")
    assert owners(both) == {
        "Choir": COUNCIL, "Chess": COUNCIL, "Cards": COUNCIL, "Knitting": CHARITY,
        "Baking": CHARITY,
    }  # fmt: skip
    report = importer.file([knitting, baking | {"fees": "Free"}], source="charity")
    assert told(report, "outcome", "given") == []
    assert both.get(f"/directory/services/{key('service Baking')}")["fees"] == "Free"


def test_what_a_source_said_of_it_meanwhile_is_taken_when_they_are_parted(
    both: House, importer: Importer
):
    """It says the same as yesterday: nothing else would bring it in."""
    path = f"/directory/matches/{proposal(both)['id']}"
    both.send("POST", f"{path}/accept", {"keep": key(COUNCIL)})
    newer = organization(
        CHARITY, organization_identifiers=[NUMBER | {"identifier": "1122334"}],
        email="b@charity.example", website="https://charity.example", description="Newer words",
    )  # fmt: skip
    said = [service("Knitting", CHARITY, organization=newer)]
    importer.file(said, source="charity", whole=False)
    both.send("POST", f"{path}/undo")
    assert both.get(f"/directory/organizations/{key(CHARITY)}")["description"] == "Newer words"
    assert "Newer" not in both.get(f"/directory/organizations/{key(COUNCIL)}")["description"]
    at = both.position()
    assert importer.file(said, source="charity").counts["unchanged"] == 2
    assert both.position() == at, "nothing is left to come"
    history = both.send("GET", f"/directory/organizations/{key(CHARITY)}/versions")["versions"]
    assert history[0]["why"] == history[-1]["why"], "its source's words, and so the history says"


def test_of_what_was_said_meanwhile_all_stays_that_somebody_wrote_here(
    both: House, importer: Importer
):
    own = {"name": CHARITY, "description": "By hand", "email": "b@charity.example"}
    both.send("PUT", f"/directory/organizations/{key(CHARITY)}", own)
    path = f"/directory/matches/{proposal(both)['id']}"
    both.send("POST", f"{path}/accept", {"keep": key(COUNCIL)})
    newer = organization(
        CHARITY, organization_identifiers=[NUMBER | {"identifier": "1122334"}],
        email="new@charity.example", website="https://charity.example", description="Newer words",
    )  # fmt: skip
    importer.file([service("Knitting", CHARITY, organization=newer)], source="charity")
    both.send("POST", f"{path}/undo")
    listed = both.get(f"/directory/organizations/{key(CHARITY)}")
    assert (listed["description"], listed["email"]) == ("By hand", "new@charity.example")


def test_refused_they_are_not_proposed_again(both: House, importer: Importer):
    both.send("POST", f"/directory/matches/{proposal(both)['id']}/refuse")
    charity = organization(CHARITY, organization_identifiers=[NUMBER], email="c@charity.example")
    importer.file([service("Knitting", CHARITY, organization=charity)], source="charity")
    assert both.send("GET", "/directory/matches")["contents"] == []
    (refused,) = both.send("GET", "/directory/matches?state=refused")["contents"]
    problem = both.send("POST", f"/directory/matches/{refused['id']}/accept", {}, status=409)
    assert problem["detail"] == "The proposal is refused."


def test_a_source_that_lists_both_says_that_they_are_two(importer: Importer):
    importer.file([organization("Hebble Arts"), organization("The Hebble Arts")])
    assert importer.house.send("GET", "/directory/matches")["contents"] == []


def test_the_same_id_under_another_hub_is_proposed(importer: Importer):
    importer.file([organization("One"), organization("Two")], source="here")
    importer.file([organization("One") | {"name": "Uno"}, organization("Four")], source="there",
                  hub="leeds")  # fmt: skip
    found = proposal(importer.house)
    assert found["evidence"] == ["the same id in its source"]
    path = f"/directory/matches/{found['id']}"
    shown = importer.house.send("GET", path)
    assert shown["yours"] is False
    assert {shown[side]["listing"]["name"] for side in ("one", "other")} == {"One", "Uno"}
    importer.house.send("POST", f"{path}/accept", {}, status=403)


def test_only_coordinators_of_both_decide(both: House):
    path = f"/directory/matches/{proposal(both)['id']}"
    other: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",), "status": 403}
    both.send("GET", "/directory/matches", **other)
    both.send("POST", f"{path}/accept", {}, **other)
    elsewhere: dict[str, Any] = {"organisation": uuid4()}
    assert both.send("GET", "/directory/matches", **elsewhere)["contents"] == []
    both.send("GET", path, status=404, **elsewhere)
    both.send("POST", f"{path}/accept", {}, status=404, **elsewhere)
    both.send("POST", f"/directory/matches/{uuid4()}/accept", {}, status=404)
    problem = both.send("POST", f"{path}/accept", {"keep": str(uuid4())}, status=422)
    assert problem["element"] == "keep"


def test_each_field_says_who_said_it_and_who_says_otherwise(both: House, importer: Importer):
    path = f"/directory/services/{key('service Choir')}"
    theirs = [service("Choir", COUNCIL, fees="1 pound", email="x@y.example"), service("Z", COUNCIL)]
    importer.file(theirs, source="another")
    both.send(
        "PUT",
        path,
        {
            "organization_id": key(COUNCIL),
            "name": "Choir",
            "fees": "2 pounds",
            "email": "x@y.example",
        },
    )
    told = both.send("GET", f"{path}/sources")
    assert [each["source"] for each in told["sources"]] == ["another", "council"]
    fields = {each.pop("field"): each for each in told["fields"]}
    assert fields["name"] == {"said_by": ["another", "council"], "value": "Choir"}
    assert fields["email"] == {"said_by": ["another"], "value": "x@y.example"}
    assert fields["fees"] == {
        "said_by": ["here"],
        "value": "2 pounds",
        "otherwise": [{"source": "another", "value": "1 pound"}],
    }
    both.send("GET", f"/directory/services/{UUID(int=1)}/sources", status=404)


def test_one_that_somebody_claimed_is_the_one_that_is_kept(both: House):
    staff: dict[str, Any] = {"organisation": uuid4(), "roles": ("provider",)}
    evidence = {"who": "Jo", "evidence": [{"kind": "words", "value": "Ring us"}]}
    at = f"/directory/organizations/{key(CHARITY)}/claim"
    claim = both.send("POST", at, evidence, status=201, **staff)
    both.send("POST", f"/directory/claims/{claim['id']}/accept", {"words": "Rang"})
    found = proposal(both)
    accept = f"/directory/matches/{found['id']}/accept"
    refused = both.send("POST", accept, {"keep": key(COUNCIL)}, status=422)
    assert (refused["element"], "claimed" in refused["detail"]) == ("keep", True)
    assert both.send("POST", accept, {})["kept"] == key(CHARITY)
    gone = f"/directory/organizations/{key(COUNCIL)}/claim"
    assert "one with another" in both.send("POST", gone, evidence, status=409, **staff)["detail"]
