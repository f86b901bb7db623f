"""A group that chose text messages is rung where nothing is set up that could send them."""

import pytest
from pydantic import SecretStr

from services.notifications.channels.registry import asking
from services.notifications.settings import NotificationsSettings
from shared.messaging.events import ServicePublished
from tests.notifications.conftest import PROVIDER, SERVICE, House


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"notify_key": SecretStr("")})


def test_it_is_rung_and_hears_the_same(house: House):
    asks = {"ask_by": "text", "phone": "07700 900100"}
    listing = {"email": "group@clay.example.org", "kersey": {"referral": asks}}
    house.happens(ServicePublished(service=SERVICE, provider=PROVIDER, listing=listing))
    house.ask()
    assert house.rows("channel", "address") == [("phone", "07700 900100")]


def test_people_carry_out_what_no_program_can():
    assert {word: each.means for word, each in asking(()).items()} == {
        "phone": "phone",
        "text": "phone",
        "sheet": "paper",
        "turn-up": "paper",
    }
    assert asking({"sms"})["text"].means == "sms"
    assert asking({"sms"})["phone"].means == "phone"
