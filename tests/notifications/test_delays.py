"""Whoever asked for help and waits too long hears it once, as was agreed (care 2, 12, 22)."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from services.notifications.app import persons_client
from services.notifications.domain import Role
from services.notifications.person.asking import Persons
from services.notifications.settings import NotificationsSettings
from shared.messaging.events import (
    CaseEvent,
    NotificationDelivered,
    NotificationFailed,
    PersonDied,
    PersonKeptWaiting,
    PersonNotToContact,
    PersonRestricted,
    ReferralClosed,
    ReferrerKeptWaiting,
    TriageEvent,
)
from tests.notifications.conftest import HUB, TEAM, House, Referrals
from tests.notifications.test_api import ALL
from tests.notifications.test_person_messages import ALWAYS, Told


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"person_hours": ALWAYS})


@pytest.fixture
def persons(settings: NotificationsSettings) -> Iterator[Persons]:
    client = persons_client(settings)
    yield Persons(client)
    client.close()


class Waiting(Told):
    """A case that nobody has looked at."""

    def late(self, what: type[TriageEvent] = PersonKeptWaiting, times: int = 1) -> None:
        heard = self.house.happens(what(**self.of_case(), task=self.task), sequence=2)
        for _ in range(times - 1):
            self.house.consume(heard)

    def ends(self, end: type[CaseEvent]) -> None:
        ids = {"case": self.case, "person": uuid4(), "outcome": "completed"}
        fields = {name: ids[name] for name in end.model_fields if name in ids}
        self.house.happens(end(**fields), sequence=3)

    def of_case(self) -> dict[str, object]:
        return {"case": self.case, "team": TEAM}

    def hub_hears(self) -> list[str]:
        """The kinds of message that went to the hub, once all that is due has gone."""
        self.house.worker().deliver_due()
        return self.house.rows("kind", party="calder")

    def states(self) -> list[tuple[str, str | None]]:
        return self.rows("state", "last_error")


@pytest.fixture
def waiting(house: House, referrals: Referrals, persons: Persons) -> Waiting:
    return Waiting(house, referrals, persons)


def test_the_person_hears_once_with_crisis_numbers_first_and_no_link(waiting: Waiting):
    waiting.late(times=2)
    waiting.send()
    assert waiting.rows("kind", "state", "channel") == [("person-delay", "delivered", "email")]
    mail = waiting.house.mails()[-1]
    assert mail["To"] == "testina@mail.example"
    assert waiting.mail.index("999") < waiting.mail.index("Hello Testina.")
    assert "01632 960101" in waiting.mail
    assert "/visit/" not in waiting.mail
    assert isinstance(waiting.house.told()[-1], NotificationDelivered)


def test_a_referrer_reads_their_number_and_nothing_of_the_person(waiting: Waiting):
    waiting.referrals.person = {
        "way": {"channel": "email", "address": "ward@hospital.example"},
        "reference": "KDJ-4F7-X2M",
    }
    waiting.late(ReferrerKeptWaiting, times=2)
    waiting.send()
    assert waiting.rows("kind", "state") == [("referrer-delay", "delivered")]
    assert waiting.house.mails()[-1]["To"] == "ward@hospital.example"
    assert "KDJ-4F7-X2M" in waiting.mail
    for untold in ("Testina", "Clay on", "Canal", "/visit/"):
        assert untold not in waiting.mail


@pytest.mark.parametrize("what", [PersonKeptWaiting, ReferrerKeptWaiting])
@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"stops": ["died"]}, "died"),
        ({"stops": ["do-not-contact"]}, "do-not-contact"),
        ({"ended": True}, "ended"),
        ({"way": None, "instead": "ask-first"}, "ask-first"),
        ({"way": None, "instead": "by-team"}, "by-team"),
        ({"way": None, "instead": "nothing"}, "nothing"),
    ],
)
def test_what_stands_when_it_would_go_keeps_it_back(
    waiting: Waiting, what: type[TriageEvent], now: dict[str, object], why: str
):
    before = len(waiting.team_hears())
    waiting.referrals.person = now
    waiting.late(what)
    waiting.send()
    assert waiting.states() == [("superseded", why)]
    assert len(waiting.team_hears()) == before, "the team was told before that they wait"


@pytest.mark.parametrize("end", [PersonDied, PersonNotToContact, PersonRestricted, ReferralClosed])
def test_what_is_queued_does_not_go_after_an_end(waiting: Waiting, end: type[CaseEvent]):
    waiting.late()
    waiting.ends(end)
    waiting.send()
    assert [state for state, _ in waiting.states()] == ["superseded"]


def test_one_that_fails_shows_and_the_team_is_not_asked_to_do_it_twice(waiting: Waiting):
    waiting.referrals.person = {"way": {"channel": "email", "address": "no address"}}
    waiting.late(ReferrerKeptWaiting)
    waiting.send()
    assert waiting.states() == [("failed", "address-malformed")]
    assert isinstance(waiting.house.told()[-1], NotificationFailed)
    assert "tell-person" not in waiting.team_hears()


@pytest.fixture
def hub(house: House) -> None:
    house.contact(party="calder", role=Role.COORDINATOR.value, address="hub@calder.example.org")


@pytest.mark.usefixtures("hub")
def test_the_hub_is_asked_once_to_ring_a_referrer_who_left_a_number_alone(waiting: Waiting):
    waiting.referrals.person = {"way": None, "instead": "by-hub"}
    waiting.late(ReferrerKeptWaiting, times=2)
    waiting.send()
    assert waiting.states() == [("superseded", "by-hub")]
    assert waiting.hub_hears() == ["ring-referrer", "ring-referrer"]
    assert sorted(waiting.house.rows("channel", party="calder")) == ["email", "phone"]
    mail = waiting.house.mails()[-1]
    assert mail["To"] == "hub@calder.example.org"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Please ring them." in text
    assert "Testina" not in text
    assert "Clay on" not in text


@pytest.mark.usefixtures("hub")
def test_the_hub_rings_whom_a_message_did_not_reach(waiting: Waiting):
    waiting.referrals.person = {"way": {"channel": "email", "address": "no address"}}
    waiting.late(ReferrerKeptWaiting)
    waiting.send()
    assert waiting.states() == [("failed", "address-malformed")]
    assert waiting.hub_hears() == ["ring-referrer", "ring-referrer"]


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("end", [PersonDied, PersonNotToContact, PersonRestricted, ReferralClosed])
def test_nobody_is_asked_to_ring_after_an_end(waiting: Waiting, end: type[CaseEvent]):
    waiting.referrals.person = {"way": None, "instead": "by-hub"}
    waiting.late(ReferrerKeptWaiting)
    waiting.send()
    waiting.ends(end)
    assert waiting.hub_hears() == ["ring-referrer", "ring-referrer"]
    assert waiting.house.rows("state", party="calder") == ["superseded", "superseded"]


@pytest.mark.usefixtures("hub")
def test_the_hub_has_it_among_its_calls_and_ticks_it_off(waiting: Waiting, client: httpx.Client):
    waiting.referrals.person = {"way": None, "instead": "by-hub"}
    waiting.late(ReferrerKeptWaiting, times=2)
    waiting.send()
    hub = waiting.house.verifier.add("hub", roles="coordinator", scopes=ALL, organisation=HUB)
    (call,) = client.get("/notifications/calls", headers=hub).json()["calls"]
    assert (call["to"], call["kind"], call["means"]) == ("referrer", "ring-referrer", "phone")
    assert call["case"] == str(waiting.case)
    assert (call["number"], call["label"]) == (None, ""), "who it is stands with the case alone"
    assert "You do not have to send it again." in call["say"]
    assert "not their name" in call["do_not_say"]
    at = f"/notifications/calls/{call['id']}"
    assert client.get(at, headers=hub).json() == call
    assert client.post(f"{at}/done", headers=hub).status_code == 200
    assert client.get("/notifications/calls", headers=hub).json()["calls"] == []
    waiting.hub_hears()
    assert waiting.house.rows("state", party="calder") == ["delivered", "delivered"]


def test_a_hub_that_is_itself_rung_has_one_call_and_not_two(waiting: Waiting):
    number = {"means": "phone", "address": "01632 960777"}
    waiting.house.contact(party="calder", role=Role.COORDINATOR.value, **number)
    waiting.referrals.person = {"way": None, "instead": "by-hub"}
    waiting.late(ReferrerKeptWaiting)
    waiting.send()
    assert waiting.hub_hears() == ["ring-referrer"]
    assert waiting.house.rows("address", party="calder") == [""]
