"""The weekly message: one mail for each contact, four links for each service, each good once."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.notifications.directory import Directory
from services.notifications.listings.answers import ANSWERS, CODES
from services.notifications.listings.capacity_links import CapacityLinks
from shared.messaging.events import CapacityAsked, ServicePublished
from tests.notifications.conftest import PROVIDER, SERVICE

CHOIR = UUID("22222222-2222-4222-8222-2222222222cc")
LINK = re.compile(r"https://kersey.example.org/capacity/([A-Za-z0-9_-]+)")


def listed(house, service, name):
    listing = {"name": name, "kersey": {"referral": {"ask_by": "turn-up"}}}
    house.happens(ServicePublished(service=service, provider=PROVIDER, listing=listing))


def asks(house, *services):
    event = CapacityAsked(
        listing=PROVIDER, provider=PROVIDER, hub="calder", services=services or (SERVICE,)
    )
    return house.happens(event)


def tokens(mail):
    """The links of a mail, in order."""
    return LINK.findall(mail.get_body(("plain",)).get_content().replace("=\n", ""))


@pytest.fixture
def mailed(house):
    """The four links of one service."""
    house.contact()
    listed(house, SERVICE, "Clay on Canal Street")
    asks(house)
    house.send_about_listings()
    (mail,) = house.mails()
    return dict(zip(CODES, tokens(mail), strict=True))


def look(client, token, status=200):
    answer = client.post("/notifications/capacity-links/look", json={"token": token})
    assert answer.status_code == status, answer.text
    return answer.json()


def say(client, token, status=200):
    answer = client.post("/notifications/capacity-links/answer", json={"token": token})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_each_contact_gets_one_mail_with_four_links_for_each_of_its_services(house):
    house.contact()
    house.contact(service=CHOIR, address="choir@clay.example.org")
    house.contact(means="phone", address="01422 496 0123")
    listed(house, SERVICE, "Clay on <Canal> Street")
    listed(house, CHOIR, "Choir")
    envelope = asks(house, SERVICE, CHOIR)
    house.consume(envelope)
    house.execute("delete from inbox")
    house.consume(envelope)
    assert house.send_about_listings() == 2
    mails = {mail["To"]: mail for mail in house.mails()}
    assert {to: len(tokens(mail)) for to, mail in mails.items()} == {
        "desk@clay.example.org": 8, "choir@clay.example.org": 4,
    }  # fmt: skip
    text = mails["desk@clay.example.org"].get_body(("plain",)).get_content()
    assert "Clay on <Canal> Street" in text
    assert all(words in text for words in ANSWERS.values())
    html = mails["desk@clay.example.org"].get_body(("html",)).get_content()
    assert "Clay on &lt;Canal&gt; Street" in html
    assert len(set(LINK.findall(html))) == 8


def test_what_was_asked_and_not_sent_yet_gives_way_to_the_next_week(house):
    house.contact()
    asks(house)
    asks(house)
    assert house.send_about_listings() == 1
    assert house.about_listings("state", "last_error") == [
        ("superseded", "asked-anew"), ("delivered", None),
    ]  # fmt: skip


def test_nobody_to_mail_is_nothing_to_do(house):
    house.contact(means="phone", address="01422 496 0123")
    asks(house)
    assert house.about_listings() == []


def test_looking_changes_nothing_and_saying_is_passed_on(mailed, client, referrals):
    for _ in range(3):
        assert look(client, mailed["full"])["words"] == "No, we are full"
    assert [each for each in referrals.requests if each.path.startswith("/directory")] == []
    told = say(client, mailed["full"])
    assert told["service"] == {"id": str(SERVICE), "name": "Clay on Canal Street"}
    (passed,) = [each for each in referrals.requests if each.path.startswith("/directory")]
    assert passed.path == f"/directory/services/{SERVICE}/capacity-answers"
    assert (passed.json["provider"], passed.json["state"]) == (str(PROVIDER), "full")


@pytest.mark.parametrize("code", CODES)
def test_each_link_says_its_own_answer(mailed, client, referrals, code):
    say(client, mailed[code])
    assert referrals.requests[-1].json["state"] == code


def test_a_link_is_good_once_and_another_puts_it_right(mailed, client):
    say(client, mailed["full"])
    assert look(client, mailed["full"], 409)["reason"] == "used-answer"
    assert say(client, mailed["full"], 409)["reason"] == "used-answer"
    say(client, mailed["taking"])
    assert look(client, mailed["taking"], 409)["reason"] == "used-answer"
    say(client, mailed["full"])


def test_a_link_ends_with_its_time(house, mailed, client):
    house.execute("update listing_delivery set created = now() - interval '14 days'")
    assert look(client, mailed["full"], 410)["reason"] == "old-answer"
    assert say(client, mailed["full"], 410)["reason"] == "old-answer"


def test_a_link_to_an_address_that_changed_or_is_gone_says_nothing(house, mailed, client):
    house.execute("update contact set address = 'new@clay.example.org'")
    assert say(client, mailed["full"], 410)["reason"] == "closed-answer"
    house.execute("update contact set address = 'desk@clay.example.org', active = false")
    assert look(client, mailed["full"], 410)["reason"] == "closed-answer"


def test_a_link_whose_delivery_is_kept_no_more_is_old(house, mailed, client):
    house.execute("delete from listing_delivery")
    assert look(client, mailed["full"], 410)["reason"] == "old-answer"


@pytest.mark.parametrize("status", [404, 410])
def test_a_service_that_is_not_listed_any_more_is_said_so(mailed, client, referrals, status):
    referrals.refusal = (status, {"title": "Gone"})
    assert say(client, mailed["full"], 410)["reason"] == "closed-answer"


def test_a_directory_that_is_away_leaves_the_link_good(mailed, client, referrals):
    referrals.refusal = (500, {})
    say(client, mailed["full"], 503)
    referrals.refusal = None
    say(client, mailed["full"])


def test_no_link_can_be_made_up_or_bent(house, mailed, client):
    token = mailed["full"]
    bent = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    forged = [bent, token[:-1], token + "A", "", "x" * 68, "ü" * 68, "A" * 200]
    forged += [house.keys.answer_token(uuid4()), house.keys.capacity_token(uuid4(), 0, 9)]
    for each in forged:
        assert look(client, each, 404)["reason"] == "unknown-link"
    delivery = house.about_listings("id")[0][0]
    for number in (1, 65535):
        beyond = house.keys.capacity_token(delivery, number, 0)
        assert look(client, beyond, 404)["reason"] == "unknown-link"
    assert look(client, "x" * 201, 422)["element"] == "body.token"


def test_a_link_works_after_the_key_was_changed(house, mailed):
    from pydantic import SecretStr

    from services.notifications.keys import Keys

    changed = Keys(SecretStr("n" * 40 + "," + "k" * 40))
    assert changed.read_capacity(mailed["full"]) == house.keys.read_capacity(mailed["full"])
    assert Keys(SecretStr("n" * 40)).read_capacity(mailed["full"]) is None


def test_a_link_lasts_as_long_as_the_operator_says(house, mailed):
    class Nothing(Directory):
        def __init__(self) -> None:
            pass

    soon = datetime.now(UTC) + timedelta(days=29)
    links = CapacityLinks(house.engine, house.keys, Nothing(), days=30, clock=lambda: soon)
    assert links.look(mailed["full"]).state == "full"
