"""The administrator of one organisation, by the API: its people, and nothing of anybody else's."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from services.identity.clients import ClientSpec, register_client
from services.identity.people import accounts, roles
from services.identity.tables import Membership
from services.identity.tables.people import membership
from shared.database import UnitOfWork
from tests.identity.people import House, Person, Visit, returned, session_of

PATH = "/identity/people"
ROLE = roles.ORGANISATION_ADMINISTRATOR
Json = dict[str, Any]


def token_of(house: House, person: Person, organisation: UUID) -> str:
    """An access token of somebody who acts for an organisation."""
    visit = house.visit()
    name = house.app.state.front.cookie_name
    visit.http.cookies.set(name, session_of(house.engine, house.settings, person))
    answer = visit.authorize(scope=None)
    if answer.status_code == 200:
        answer = visit.send(answer, "/sign-in/organisation", organisation=str(organisation))
    return str(visit.exchange(returned(answer)["code"]).json()["access_token"])


@dataclass
class Group:
    """An organisation with an administrator, who is at its desk."""

    house: House
    id: UUID
    name: str
    chief: Person
    headers: dict[str, str]
    http: httpx.Client

    def person(self, *role: str, state: str = "active", also: Any = ()) -> Person:
        """One of its people, and of others' where `also` says so."""
        places = [(self.id, self.name, role), *also]
        return self.house.person(places=places, state=state)

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(f"{PATH}{path}", params=params, headers=self.headers)

    def post(self, path: str, body: Json | None = None) -> httpx.Response:
        return self.http.post(f"{PATH}{path}", json=body, headers=self.headers)

    def put(self, person: UUID, *role: str, at: UUID | None = None) -> httpx.Response:
        """Say what somebody is to this organisation, or to another."""
        body = {"organisation_name": "Another name", "roles": role}
        path = f"{PATH}/{person}/organisations/{at or self.id}"
        return self.http.put(path, json=body, headers=self.headers)

    def newcomer(self, *role: str, **more: Any) -> Json:
        return {
            "email": f"{uuid4().hex}@weavers.example",
            "name": "Bo Li",
            "organisation": str(self.id),
            "organisation_name": self.name,
            "roles": role,
        } | more

    def seen(self) -> list[str]:
        """The ids of all whom its administrator sees."""
        return [each["id"] for each in self.get("").json()["people"]]


def group_of(house: House, name: str, *role: str) -> Group:
    """A new organisation; its administrator has these roles besides."""
    key = uuid4()
    chief = house.person(places=[(key, name, (ROLE, *role))])
    headers = {"Authorization": f"Bearer {token_of(house, chief, key)}"}
    return Group(house, key, name, chief, headers, house.browser())


@pytest.fixture(scope="module")
def everybody(house: House) -> dict[str, str]:
    """The administrator of all accounts, at work."""
    return {"Authorization": f"Bearer {house.token('administrator')}"}


@pytest.fixture
def weavers(house: House) -> Group:
    return group_of(house, "Weavers", "provider-manager")


@pytest.fixture
def dyers(house: House) -> Group:
    return group_of(house, "Dyers", "provider-manager")


def test_an_administrator_sees_the_people_of_their_own_organisation_alone(
    weavers: Group, dyers: Group
):
    own = weavers.person("provider-staff")
    waits = weavers.person("provider-staff", state="invited")
    other = dyers.person("provider-staff")
    expected = {str(own.id), str(waits.id), str(weavers.chief.id)}
    assert set(weavers.seen()) == expected
    page = weavers.get("/page").json()["people"]
    assert {each["id"] for each in page} == expected
    (invited,) = weavers.get("/page", state="invited").json()["people"]
    assert invited["id"] == str(waits.id)
    found = weavers.post("/search", {"words": "amina"}).json()["people"]
    assert {each["id"] for each in found} == expected
    nobody = weavers.post("/search", {"words": other.email}).json()["people"]
    assert nobody == []
    named = weavers.get("/organisations").json()["organisations"]
    assert named == [{"id": str(weavers.id), "name": "Weavers"}]


def test_whoever_is_of_another_organisation_is_not_there(weavers: Group, dyers: Group):
    other = dyers.person("provider-staff")
    for known, answer in (
        ("account", weavers.get(f"/{other.id}")),
        ("account", weavers.put(other.id, "provider-staff")),
        ("account", weavers.put(other.id, "provider-staff", at=dyers.id)),
        ("account", weavers.get("/page", behind=str(other.id))),
        ("account", weavers.post(f"/{other.id}/invitation")),
        ("account", weavers.post(f"/{other.id}/disable")),
        ("account", weavers.post(f"/{other.id}/enable")),
        ("account", weavers.post(f"/{other.id}/sign-out")),
        ("organisation", weavers.get("/page", organisation=str(dyers.id))),
        ("organisation", weavers.put(weavers.person("link-worker").id, at=dyers.id)),
        ("organisation", weavers.post("", weavers.newcomer("x", organisation=str(dyers.id)))),
    ):
        assert answer.status_code == 404, answer.text
        assert answer.json()["title"] == f"No such {known}"
    unknown = weavers.get(f"/{uuid4()}")
    assert weavers.get(f"/{other.id}").json()["detail"] == unknown.json()["detail"]
    assert dyers.get(f"/{other.id}").json()["state"] == "active"
    assert dyers.get(f"/{other.id}").json()["acts"] == []


def test_they_invite_and_change_what_their_people_are(weavers: Group, house: House):
    told = weavers.post("", weavers.newcomer("provider-staff", organisation_name="Dyers"))
    assert told.status_code == 201, told.text
    (place,) = told.json()["organisations"]
    assert place["name"] == "Weavers", "nobody gives their organisation another's name"
    assert "/identity/invitation/" in house.mails()[-1]
    at = UUID(told.json()["id"])
    changed = weavers.put(at, "provider-manager", ROLE)
    (place,) = changed.json()["organisations"]
    assert place == {
        "organisation": str(weavers.id),
        "name": "Weavers",
        "roles": [ROLE, "provider-manager"],
        "locked": False,
    }
    assert weavers.post(f"/{at}/invitation").status_code == 204
    told = weavers.get(f"/{at}").json()
    assert {each["act"] for each in told["acts"]} == {"invited", "invited-again", "roles"}
    assert weavers.post(f"/{at}/sign-out").status_code == 204


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        ("provider-staff", {"provider-staff", "provider-manager"}),
        ("team-lead", {"link-worker", "team-lead"}),
        ("hub-coordinator", {"hub-coordinator"}),
        ("duty-lead", set()),
        ("care-navigator", {"care-navigator"}),
        ("commissioner", set()),
        ("researcher", set()),
        ("lived-experience-partner", {"lived-experience-partner"}),
    ],
)
def test_they_give_the_roles_of_their_kind_of_organisation_and_no_other(
    house: House, kind: str, may: set[str]
):
    group = group_of(house, "Weavers")
    assert [each["name"] for each in group.get("/roles").json()["roles"]] == [ROLE]
    person = group.person(kind)
    told = {each["name"] for each in group.get("/roles").json()["roles"]}
    assert told == may | {ROLE}
    for role in roles.ROLES:
        given = group.put(group.person(kind).id, kind, role).status_code
        assert given == (200 if role in told | {kind} else 422), role
        invited = group.post("", group.newcomer(role))
        assert invited.status_code == (201 if role in told else 422), role
    refused = group.put(person.id, "administrator")
    assert refused.json()["element"] == "roles"
    assert "you may not give the role 'administrator'" in refused.json()["detail"]
    assert accounts.memberships(house.engine, [person.id])[person.id][0].role == kind


def test_they_take_away_what_another_gave_and_cannot_give_it_back(house: House):
    hub = group_of(house, "Bradford hub", "hub-coordinator")
    lead = hub.person("duty-lead", "hub-coordinator")
    assert hub.put(lead.id, "duty-lead").status_code == 200, "left to them"
    assert hub.put(lead.id, "hub-coordinator").status_code == 200
    assert hub.put(lead.id, "hub-coordinator", "duty-lead").status_code == 422
    gone = hub.put(lead.id)
    assert gone.json()["organisations"] == []
    assert hub.get(f"/{lead.id}").status_code == 404


def test_what_somebody_is_elsewhere_is_not_told_and_not_touched(
    weavers: Group, dyers: Group, house: House, everybody: dict[str, str]
):
    both = weavers.person("provider-staff", also=[(dyers.id, "Dyers", ("provider-staff",))])
    dyers.put(both.id, "provider-manager")
    visit = house.visit()
    name = house.app.state.front.cookie_name
    visit.http.cookies.set(name, session_of(house.engine, house.settings, both))
    there, here = token_of(house, both, dyers.id), token_of(house, both, weavers.id)
    told = weavers.get(f"/{both.id}").json()
    assert [each["name"] for each in told["organisations"]] == ["Weavers"]
    assert (told["acts"], told["sign_ins"]) == ([], [])
    refused = weavers.post(f"/{both.id}/invitation")
    assert (refused.status_code, refused.json()["element"]) == (422, "account")
    assert weavers.post(f"/{both.id}/disable").status_code == 204
    assert not visit.active(here)
    assert visit.active(there), "what they do for another goes on"
    assert weavers.get(f"/{both.id}").json()["state"] == "disabled"
    assert dyers.get(f"/{both.id}").json()["state"] == "active"
    assert [each["act"] for each in weavers.get(f"/{both.id}").json()["acts"]] == ["disabled-at"]
    assert [each["act"] for each in dyers.get(f"/{both.id}").json()["acts"]] == ["roles"]
    at = f"{PATH}/{both.id}"
    places = weavers.http.get(at, headers=everybody).json()["organisations"]
    assert {each["name"]: each["locked"] for each in places} == {"Weavers": True, "Dyers": False}


def test_whoever_is_locked_for_an_organisation_does_not_come_in_for_it(
    weavers: Group, house: House, everybody: dict[str, str]
):
    person = weavers.person("provider-staff")
    hub = {"Authorization": f"Bearer {house.token('hub-coordinator')}"}
    counted = f"{PATH}/organisations/{weavers.id}"
    before = weavers.http.get(counted, headers=hub).json()["active"]
    weavers.post(f"/{person.id}/disable")
    visit: Visit = house.visit()
    name = house.app.state.front.cookie_name
    visit.http.cookies.set(name, session_of(house.engine, house.settings, person))
    assert returned(visit.authorize(scope=None))["error"] == "access_denied"
    assert weavers.http.get(counted, headers=hub).json()["active"] == before - 1
    assert [each["id"] for each in weavers.get("/page", state="disabled").json()["people"]] == [
        str(person.id)
    ]
    active = weavers.get("/page", state="active").json()["people"]
    assert str(person.id) not in [each["id"] for each in active]
    assert weavers.put(person.id, "provider-manager").json()["state"] == "disabled", "still"
    assert weavers.post(f"/{person.id}/invitation").json()["element"] == "state"
    assert weavers.post(f"/{person.id}/enable").status_code == 204
    assert token_of(house, person, weavers.id)
    weavers.post(f"/{person.id}/disable")
    whole = weavers.http.post(f"{PATH}/{person.id}/enable", headers=everybody)
    assert whole.status_code == 204
    assert token_of(house, person, weavers.id), "whoever keeps all accounts lifts it too"


def test_a_lock_holds_also_for_a_sign_in_that_began_in_the_same_moment(
    weavers: Group, house: House
):
    """One that was not there yet when the lock ended all that were."""
    person = weavers.person("provider-staff")
    token = token_of(house, person, weavers.id)
    assert house.visit().active(token)
    locked = update(Membership).where(membership.c.account == person.id).values(locked=True)
    with UnitOfWork(house.engine) as uow:
        uow.session.connection().execute(locked)
        uow.commit()
    assert not house.visit().active(token)


def test_what_the_administrator_of_all_locked_is_not_theirs_to_unlock(
    weavers: Group, everybody: dict[str, str]
):
    person = weavers.person("provider-staff")
    assert weavers.http.post(f"{PATH}/{person.id}/disable", headers=everybody).status_code == 204
    refused = weavers.post(f"/{person.id}/enable")
    assert (refused.status_code, refused.json()["element"]) == (422, "state")
    assert weavers.get(f"/{person.id}").json()["state"] == "disabled"


def test_an_administrator_of_all_accounts_is_nobodys_people(weavers: Group):
    above = weavers.person("administrator")
    assert str(above.id) not in weavers.seen()
    for path in ("disable", "sign-out", "invitation"):
        assert weavers.post(f"/{above.id}/{path}").status_code == 404
    assert weavers.put(above.id).status_code == 404


def test_an_address_that_another_has_makes_nobody_one_of_theirs(weavers: Group, dyers: Group):
    other = dyers.person("provider-staff")
    body = weavers.newcomer("provider-staff", email=other.email.upper())
    refused = weavers.post("", body)
    assert (refused.status_code, refused.json()["element"]) == (422, "email")
    assert "Amina" not in refused.text
    assert str(other.id) not in weavers.seen()


def test_they_do_not_shut_themselves_out(weavers: Group):
    own = weavers.chief.id
    assert weavers.post(f"/{own}/disable").json()["element"] == "state"
    assert weavers.put(own, "provider-manager").json()["element"] == "roles"
    assert weavers.get(f"/{own}").json()["state"] == "active"


def test_they_register_no_system(weavers: Group):
    answer = weavers.http.get("/identity/clients", headers=weavers.headers)
    assert answer.status_code == 403


def test_who_also_works_for_another_has_their_desk_for_one_alone(house: House, dyers: Group):
    """The token says for which organisation they act; being an administrator stays there."""
    key = uuid4()
    chief = house.person(
        places=[(key, "Weavers", (ROLE,)), (dyers.id, "Dyers", ("provider-staff",))]
    )
    at_dyers = {"Authorization": f"Bearer {token_of(house, chief, dyers.id)}"}
    assert dyers.http.get(PATH, headers=at_dyers).status_code == 403
    at_weavers = {"Authorization": f"Bearer {token_of(house, chief, key)}"}
    people = dyers.http.get(PATH, headers=at_weavers).json()["people"]
    assert [each["id"] for each in people] == [str(chief.id)]


def test_a_system_may_keep_the_accounts_of_its_own_organisation(house: House, weavers: Group):
    spec: Json = {
        "client_id": f"hr-{uuid4()}",
        "name": "the weavers' staff system",
        "organisation": weavers.id,
        "scopes": ("people.organisation",),
    }
    with UnitOfWork(house.engine) as uow:
        secret = register_client(uow, ClientSpec(**spec))
        uow.commit()
    assert secret is not None
    form = {"grant_type": "client_credentials", "scope": "people.organisation"}
    got = weavers.http.post("/identity/token", auth=(spec["client_id"], secret), data=form)
    headers = {"Authorization": f"Bearer {got.json()['access_token']}"}
    told = weavers.http.get(PATH, headers=headers).json()["people"]
    assert [each["id"] for each in told] == [str(weavers.chief.id)]
