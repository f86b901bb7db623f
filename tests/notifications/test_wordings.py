"""What messages to a person say can be read by those who live with it, and nobody is in it."""

import json

import pytest

from services.notifications.person.words import EXAMPLE

AT = "/notifications/wordings"


@pytest.fixture
def partner(house):
    return house.verifier.add(
        "partner", roles="lived-experience-partner", scopes="wordings.read", organisation=None
    )


def test_every_message_is_there_in_every_language(client, partner):
    first = client.get(AT, headers=partner).json()
    kinds = [each["kind"] for each in first["messages"]]
    assert kinds == [
        "person-agreed", "person-meeting", "person-reminder", "person-delay", "referrer-delay"
    ]  # fmt: skip
    codes = {each["code"] for each in first["languages"]}
    assert codes >= {"en", "en-easy", "pl", "ur", "pa"}
    for code in codes:
        found = client.get(AT, params={"language": code}, headers=partner).json()
        assert (found["language"], [each["kind"] for each in found["messages"]]) == (code, kinds)
        for each in found["messages"]:
            assert each["subject"]
            assert each["paragraphs"]
            leads = "https://kersey.example/visit/..." in each["brief"]
            assert leads is not each["kind"].endswith("-delay")
        assert EXAMPLE.given in json.dumps(found)


def test_it_is_for_whoever_reads_along(client, house, partner):
    assert client.get(AT).status_code == 401
    for scopes in ("notifications.read", "notifications.notices", "cases"):
        other = house.verifier.add(scopes, roles="provider", scopes=scopes, organisation=None)
        assert client.get(AT, headers=other).status_code == 403, scopes
    assert client.get("/notifications/deliveries", headers=partner).status_code == 403
    assert client.get(AT, params={"language": "fr"}, headers=partner).status_code == 404
    assert client.get(AT, params={"language": "../x"}, headers=partner).status_code == 422
