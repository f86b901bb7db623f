"""Accounts of people by the API: for administrators, in the words of RFC 9457."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.identity.app import create_app
from services.identity.people import accounts
from shared.delivery import Receipt, Temporary
from tests.identity.people import HUB, House

PATH = "/identity/people"


@pytest.fixture(scope="module")
def admin(house: House) -> dict[str, str]:
    return {"Authorization": f"Bearer {house.token('administrator')}"}


def newcomer(**more: Any) -> dict[str, Any]:
    return {
        "email": f"{uuid4().hex}@team.example",
        "name": "Bo Li",
        "organisation": str(HUB),
        "organisation_name": "Bradford hub",
        "roles": ["link-worker"],
    } | more


def test_an_administrator_invites_and_the_person_gets_a_mail(house: House, admin: dict[str, str]):
    http = house.browser()
    body = newcomer()
    answer = http.post(PATH, json=body, headers=admin)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["state"], told["organisations"][0]["roles"]) == ("invited", ["link-worker"])
    link = re.search(r"https://kersey.example(/identity/invitation/\S+)", house.mails()[-1])
    assert link is not None
    assert http.get(link[1]).status_code == 303
    assert body["name"] not in house.mails()[-1]
    shown = http.get(f"{PATH}/{told['id']}", headers=admin).json()
    assert [each["act"] for each in shown["acts"]] == ["invited"]
    again = http.post(f"{PATH}/{told['id']}/invitation", headers=admin)
    assert again.status_code == 204
    assert house.browser().get(link[1]).status_code == 410, "only the newest works"
    page = http.get(PATH, params={"count": 1}, headers=admin).json()["people"]
    rest = http.get(PATH, params={"after": page[0]["email"]}, headers=admin).json()["people"]
    assert page[0]["email"] not in [each["email"] for each in rest]


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"roles": ["king"]}, "roles"),
        ({"roles": ["administrator", "link-worker"]}, "roles"),
        ({"email": "nobody"}, "email"),
        ({"name": "\n"}, "name"),
        ({"organisation": "hub"}, "body.organisation"),
        ({"password": "mine"}, "body.password"),
        ({"roles": []}, "body.roles"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    house: House, admin: dict[str, str], change: dict[str, Any], element: str
):
    body = newcomer(**change)
    answer = house.browser().post(PATH, json=body, headers=admin)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["element"] == element
    with pytest.raises(accounts.NoSuchAccount):
        accounts.found(house.engine, str(body["email"]))


def test_nobody_else_may(house: House, admin: dict[str, str]):
    http = house.browser()
    person = house.person()
    worker = {"Authorization": f"Bearer {house.token('hub-coordinator')}"}
    for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 401), (worker, 403)):
        for answer in (
            http.get(PATH, headers=headers),
            http.get(f"{PATH}/{person.id}", headers=headers),
            http.post(PATH, json=newcomer(), headers=headers),
            http.post(f"{PATH}/{person.id}/disable", headers=headers),
            http.post(f"{PATH}/{person.id}/invitation", headers=headers),
            http.put(
                f"{PATH}/{person.id}/organisations/{HUB}", json={"roles": []}, headers=headers
            ),
        ):
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"


def test_an_administrator_who_was_signed_out_may_nothing_more(house: House):
    visit, person = house.visit(), house.person("administrator")
    token = visit.tokens(person, scope=None)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert visit.http.get(PATH, headers=headers).status_code == 200
    assert visit.http.post(f"{PATH}/{person.id}/sign-out", headers=headers).status_code == 204
    assert visit.http.get(PATH, headers=headers).status_code == 401


def test_roles_change_and_accounts_end(house: House, admin: dict[str, str]):
    http, person = house.browser(), house.person()
    at = f"{PATH}/{person.id}"
    other = uuid4()
    given = {"organisation_name": "Slow Stitch", "roles": ["provider-staff"]}
    told = http.put(f"{at}/organisations/{other}", json=given, headers=admin).json()
    assert {each["name"] for each in told["organisations"]} == {"Bradford hub", "Slow Stitch"}
    told = http.put(f"{at}/organisations/{HUB}", json={"roles": []}, headers=admin).json()
    assert [each["organisation"] for each in told["organisations"]] == [str(other)]
    assert http.post(f"{at}/disable", headers=admin).status_code == 204
    assert http.get(at, headers=admin).json()["state"] == "disabled"
    assert http.post(f"{at}/invitation", headers=admin).json()["element"] == "state"
    assert http.post(f"{at}/enable", headers=admin).status_code == 204
    assert http.get(at, headers=admin).json()["state"] == "active"
    assert http.post(f"{PATH}/{uuid4()}/disable", headers=admin).status_code == 404


def test_whoever_is_signed_in_learns_the_names_of_colleagues(house: House):
    headers = {"Authorization": f"Bearer {house.token('link-worker')}"}
    person = house.person()
    http = house.browser()
    asked = {"id": [str(person.id), str(uuid4())]}
    answer = http.get(f"{PATH}/names", params=asked, headers=headers)
    assert answer.json() == {"names": {str(person.id): "Amina Khan"}}
    assert http.get(f"{PATH}/names", params=asked).status_code == 401


def test_whoever_is_signed_in_learns_who_acts_for_their_own_organisation(house: House):
    visit, person = house.visit(), house.person("team-lead")
    invited = house.person("link-worker")
    token = visit.tokens(person, scope=None)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    told = visit.http.get(f"{PATH}/colleagues", headers=headers).json()["colleagues"]
    by_id = {each["id"]: each for each in told}
    assert by_id[str(person.id)]["roles"] == ["team-lead"]
    assert str(invited.id) in by_id
    assert house.browser().get(f"{PATH}/colleagues").status_code == 401


class Silent:
    """A mail server that is away."""

    def post(self, sender: str, recipient: str, message: bytes) -> Receipt:
        raise Temporary("smtp-unreachable")

    def rest(self) -> None:
        """Nothing is kept open."""


def test_a_mail_server_that_is_away_is_told_and_the_account_is_there(house: House):
    app = create_app(house.settings, engine=house.engine, post=Silent())
    away = House(app, house.engine, house.settings, house.client, house.maildir)
    headers = {"Authorization": f"Bearer {away.token('administrator')}"}
    body = newcomer()
    answer: httpx.Response = away.browser().post(PATH, json=body, headers=headers)
    assert answer.status_code == 502
    assert "invite it again" in answer.json()["detail"]
    found = accounts.found(house.engine, body["email"])
    assert answer.json()["account"] == str(found.id)


def test_a_coordinator_learns_how_many_can_sign_in_and_not_who(house: House, admin: dict[str, str]):
    http, group = house.browser(), uuid4()
    at = f"{PATH}/organisations/{group}"
    hub = {"Authorization": f"Bearer {house.token('hub-coordinator')}"}
    assert http.get(at, headers=hub).json() == {"active": 0, "invited": 0, "since": None}
    body = newcomer(organisation=str(group), roles=["provider-staff"])
    invited = http.post(PATH, json=body, headers=admin).json()
    found = http.get(at, headers=hub)
    assert found.headers["cache-control"] == "no-store"
    assert (found.json()["active"], found.json()["invited"]) == (0, 1)
    assert found.json()["since"].startswith(invited["created"][:10])
    assert invited["email"] not in found.text
    http.post(f"{PATH}/{invited['id']}/disable", headers=admin)
    assert http.get(at, headers=hub).json() == {"active": 0, "invited": 0, "since": None}
    for role in ("link-worker", "provider-manager", "administrator"):
        other = {"Authorization": f"Bearer {house.token(role)}"}
        assert http.get(at, headers=other).status_code == 403
    assert http.get(at).status_code == 401


def test_accounts_are_looked_through_without_an_address_anywhere(
    house: House, admin: dict[str, str]
):
    http, group = house.browser(), uuid4()
    made = [
        http.post(
            PATH,
            json=newcomer(
                organisation=str(group), organisation_name="Weavers", name=f"Ida {number}"
            ),
            headers=admin,
        ).json()
        for number in range(3)
    ]
    asked = {"organisation": str(group), "state": "invited"}
    rows = http.get(f"{PATH}/page", params=asked, headers=admin).json()["people"]
    assert [each["email"] for each in rows] == sorted(each["email"] for each in made)
    assert all(each["invitation_ends"] for each in rows)
    behind = {"behind": rows[0]["id"], "count": 1}
    rest = http.get(f"{PATH}/page", params=asked | behind, headers=admin).json()["people"]
    assert rest == rows[1:2]
    http.post(f"{PATH}/{rows[0]['id']}/disable", headers=admin)
    left = http.get(f"{PATH}/page", params=asked, headers=admin).json()["people"]
    assert left == rows[1:]
    gone = {"organisation": str(group), "state": "disabled"}
    (locked,) = http.get(f"{PATH}/page", params=gone, headers=admin).json()["people"]
    assert (locked["id"], locked["invitation_ends"]) == (rows[0]["id"], None)
    named = http.get(f"{PATH}/organisations", headers=admin).json()["organisations"]
    assert {"id": str(group), "name": "Weavers"} in named
    for params, status in (({"behind": str(uuid4())}, 404), ({"state": "dead"}, 422)):
        assert http.get(f"{PATH}/page", params=params, headers=admin).status_code == status


@pytest.mark.parametrize("words", ["{0}", "ozolins {0}", "OZOLINS", "@weavers.example ozolins"])
def test_somebody_is_found_by_parts_of_their_name_and_address(
    house: House, admin: dict[str, str], words: str
):
    http, part = house.browser(), uuid4().hex
    body = newcomer(name="Ilze Ozolins", email=f"{part}@weavers.example")
    http.post(PATH, json=body, headers=admin)
    asked = {"words": words.format(part[:12])}
    found = http.post(f"{PATH}/search", json=asked, headers=admin).json()["people"]
    assert body["email"] in [each["email"] for each in found]
    for nobody in ("%%", "__", "o%s", f"{part[:12]} nobody"):
        rows = http.post(f"{PATH}/search", json={"words": nobody}, headers=admin).json()["people"]
        assert rows == []


def test_nobody_shuts_themselves_out(house: House):
    visit, person = house.visit(), house.person("administrator")
    token = visit.tokens(person, scope=None)["access_token"]
    headers, at = {"Authorization": f"Bearer {token}"}, f"{PATH}/{person.id}"
    refused = visit.http.post(f"{at}/disable", headers=headers)
    assert (refused.status_code, refused.json()["element"]) == (422, "state")
    own = f"{at}/organisations/{HUB}"
    given = {"organisation_name": "Bradford hub", "roles": []}
    refused = visit.http.put(own, json=given, headers=headers)
    assert (refused.status_code, refused.json()["element"]) == (422, "roles")
    assert visit.http.get(at, headers=headers).json()["state"] == "active"


def test_what_administrators_look_through_is_for_nobody_else(house: House):
    http = house.browser()
    worker = {"Authorization": f"Bearer {house.token('hub-coordinator')}"}
    for path in ("page", "organisations", "roles"):
        assert http.get(f"{PATH}/{path}", headers=worker).status_code == 403
        assert http.get(f"{PATH}/{path}").status_code == 401
    assert http.post(f"{PATH}/search", json={"words": "am"}, headers=worker).status_code == 403
