"""'No more messages of this kind': one click ends a kind for its contact, and what must be heard
has no such link."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.notifications.domain import Kind, Role
from services.notifications.keys import Keys
from services.notifications.wishes.rules import MANDATORY, OPTIONAL
from shared.messaging.events import ReferralDeclined
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM, House
from tests.notifications.test_channels import MUTE, channel, letter


def declined(house: House) -> None:
    house.happens(
        ReferralDeclined(
            case=uuid4(), task=uuid4(), service=SERVICE, provider=PROVIDER, team=TEAM, reason="full"
        )
    )


@pytest.fixture
def team(house: House) -> UUID:
    return house.contact(party=str(TEAM), role=Role.TEAM.value, address="team@team.example.org")


@pytest.fixture
def token(house: House, team: UUID) -> str:
    """That of the link in a mail to the team."""
    declined(house)
    house.send()
    (mail,) = house.mails()
    at = mail["List-Unsubscribe"].strip("<>")
    assert at.startswith("https://kersey.example.org/no-more/")
    return str(at.rpartition("/")[2])


def muted(house: House) -> Any:
    return house.scalar("select wishes -> 'muted' from contact")


def ask(client: Any, step: str, token: str) -> Any:
    return client.post(f"/notifications/mute-links/{step}", json={"token": token})


@pytest.mark.parametrize("kind", sorted(MANDATORY))
def test_what_must_be_heard_has_no_such_link(kind: Kind):
    message = channel(None).message(letter(kind), "desk@clay.example.org")
    assert "List-Unsubscribe" not in message
    assert "no-more" not in message.as_string()


@pytest.mark.parametrize("kind", sorted(OPTIONAL))
def test_what_need_not_be_heard_has_it_in_its_head_and_in_its_words(kind: Kind):
    message = channel(None).message(letter(kind), "desk@clay.example.org")
    assert message["List-Unsubscribe"] == f"<{MUTE}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for form in ("plain", "html"):
        part = message.get_body((form,))
        assert part is not None
        assert MUTE in part.get_content()


def test_one_click_ends_this_kind_for_this_contact_and_nothing_else(
    house: House, client: Any, token: str
):
    other = house.contact(party=str(TEAM), role=Role.TEAM.value, address="more@team.example.org")
    answer = ask(client, "mute", token)
    assert answer.status_code == 200, answer.text
    assert answer.json()["kinds"][0]["kind"] == "declined"
    assert answer.json()["muted"]
    declined(house)
    house.send()
    assert house.rows("state", "last_error", contact=other) == [("delivered", None)]
    assert len(house.mails()) == 2, "the one before, and the other contact's"
    assert ask(client, "mute", token).json() == answer.json(), "twice is once"


def test_looking_changes_nothing(house: House, client: Any, token: str):
    assert ask(client, "look", token).json() == {
        "kinds": [{"kind": "declined", "about": "A provider said no to one of your requests"}],
        "muted": False,
    }
    assert muted(house) is None


def test_other_wishes_stay_and_what_came_once_a_day_comes_no_more(
    house: House, client: Any, token: str
):
    house.execute(
        'update contact set wishes = \'{"language": "pl", "zone": "Europe/London",'
        ' "gathered": ["declined", "no-response"], "weekdays": [1, 2]}\''
    )
    ask(client, "mute", token)
    wishes = house.scalar("select wishes from contact")
    assert wishes["language"] == "pl"
    assert wishes["zone"] == "Europe/London"
    assert wishes["weekdays"] == [1, 2]
    assert wishes["gathered"] == ["no-response"]
    assert wishes["muted"] == ["declined"]


def test_a_message_of_the_day_ends_all_that_it_held(house: House, client: Any, team: UUID):
    house.execute('update contact set wishes = \'{"gathered": ["declined"]}\'')
    declined(house)
    house.execute("update digest_delivery set due = now()")
    house.send_digests()
    (mail,) = house.mails()
    ask(client, "mute", mail["List-Unsubscribe"].strip("<>").rpartition("/")[2])
    assert muted(house) == ["declined"]


def test_whoever_had_the_address_before_ends_nothing(house: House, client: Any, token: str):
    house.execute("update contact set address = 'new@team.example.org'")
    for step in ("look", "mute"):
        answer = ask(client, step, token)
        assert (answer.status_code, answer.json()["reason"]) == (410, "closed-mute")
    assert muted(house) is None


def test_the_id_of_a_message_that_must_be_heard_ends_nothing(house: House, client: Any):
    house.contact()
    house.ask()
    key = house.scalar("select id from delivery")
    answer = ask(client, "mute", house.keys.mute_token(key))
    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown-link")
    assert muted(house) is None


def test_a_link_that_was_made_up_or_bent_ends_nothing(house: House, client: Any, token: str):
    for bent in (token[:-1], token[::-1], "x" * 64, "", "é" * 10):
        answer = ask(client, "mute", bent)
        assert (answer.status_code, answer.json()["reason"]) == (404, "unknown-link")
    assert ask(client, "mute", "x" * 201).status_code == 422
    assert muted(house) is None


KEYS = Keys(SecretStr("k" * 40))


@given(st.uuids(), st.text(max_size=90))
def test_only_what_our_key_signed_is_read(message: UUID, text: str):
    assert KEYS.read_mute(KEYS.mute_token(message)) == message
    assert KEYS.read_mute(text) is None
    assert KEYS.read_capacity(KEYS.mute_token(message)) is None
