"""The person is told what was agreed: by a safe way, the least needed, nothing after an end."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text, update

from deploy.demo.notify.serving import demo_stand_in, environment
from deploy.demo.notify.stand_in import stand_in
from services.notifications.app import persons_client
from services.notifications.channels.email import EmailChannel
from services.notifications.domain import Role
from services.notifications.handlers import erasing
from services.notifications.hours import hours_of
from services.notifications.person.asking import Persons
from services.notifications.person.rules import reminder
from services.notifications.person.sending import PersonSender
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import person_delivery
from shared.delivery.ledger import Ledger
from shared.messaging.events import (
    NotificationDelivered,
    NotificationFailed,
    PersonDied,
    PersonNotToContact,
    PersonRestricted,
    PersonSaid,
    ReferralAccepted,
    ReferralCancelled,
    ReferralChosen,
    ReferralClosed,
    ReferralOffered,
    ReferralStarted,
    ReferralVisitCalledOff,
    ReferralVisitSet,
    ReferralWithdrawn,
)
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM, House, Referrals
from tests.notifications.serving import serving
from tests.notifications.test_erasing import erased

ALWAYS = "00:00-23:59"
NUMBER = "07700 900123"


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"person_hours": ALWAYS})


@pytest.fixture
def persons(settings: NotificationsSettings) -> Iterator[Persons]:
    client = persons_client(settings)
    yield Persons(client)
    client.close()


class Told:
    """A case with a place, and what its person was told."""

    def __init__(self, house: House, referrals: Referrals, persons: Persons) -> None:
        self.house, self.referrals, self.persons = house, referrals, persons
        self.asked = house.ask()
        self.case, self.task = self.asked.case, self.asked.task
        self.said = 10
        house.contact(party=str(TEAM), role=Role.TEAM.value, address="team@hub.example.org")

    def about(self) -> dict[str, Any]:
        ids = {"case": self.case, "task": self.task, "team": TEAM}
        return ids | {"service": SERVICE, "provider": PROVIDER}

    def agree(self, what: type[ReferralAccepted | ReferralChosen] = ReferralAccepted) -> None:
        self.house.happens(what(**self.about()), sequence=2)

    def meets(self, starts: datetime) -> None:
        self.said += 1
        event = ReferralVisitSet(**self.about(), starts=starts)
        self.house.happens(event, sequence=self.said)

    def send(self) -> None:
        self.house.send_to_persons(self.persons)

    def rows(self, *columns: str) -> list[Any]:
        wanted = [person_delivery.c[name] for name in columns or ("kind", "state", "last_error")]
        with self.house.engine.connect() as connection:
            rows = connection.execute(select(*wanted).order_by(person_delivery.c.position))
            return [row[0] if len(row) == 1 else tuple(row) for row in rows]

    def tomorrow(self) -> None:
        """Let what is due later be due now."""
        with self.house.engine.begin() as connection:
            connection.execute(
                update(person_delivery)
                .where(person_delivery.c.due.is_not(None))
                .values(due=text("now()"))
            )

    def team_hears(self) -> list[str]:
        return self.house.rows("kind", party=str(TEAM))

    @property
    def mail(self) -> str:
        body = self.house.mails()[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def token(self) -> str:
        line = next(each for each in self.mail.splitlines() if "/visit/" in each)
        return line.rpartition("/")[2]


@pytest.fixture
def told(house: House, referrals: Referrals, persons: Persons) -> Told:
    return Told(house, referrals, persons)


def in_days(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


class Killed(BaseException):
    """A worker is killed here."""


def killed(told: Told, monkeypatch: pytest.MonkeyPatch, where: type, name: str) -> None:
    """A worker is killed as it calls something, and its lease runs out."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(where, name, die)
        with pytest.raises(Killed):
            told.send()
    told.tomorrow()


# --- a worker that is killed ---------------------------------------------------------------------

NO_WAY = {"way": None, "instead": "ask-first"}


def test_what_a_worker_was_killed_with_before_anything_was_sent_never_left(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    told.agree()
    killed(told, monkeypatch, PersonSender, "_begin")
    told.referrals.person = NO_WAY
    told.send()
    assert told.rows("state", "last_error", "cut_off") == [("superseded", "ask-first", 1)]
    assert told.team_hears() == ["ask-person"]


def test_what_a_worker_was_killed_with_after_that_may_have_arrived(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    told.agree()
    killed(told, monkeypatch, EmailChannel, "send")
    told.referrals.person = NO_WAY
    told.send()
    assert told.rows("state", "last_error", "cut_off") == [("unknown", "ask-first", 1)]


def test_a_worker_that_comes_back_late_sends_nothing_of_what_another_ended(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    told.agree()
    begin = PersonSender._begin

    def late(*asked: Any) -> None:
        """Its lease runs out here, and another worker finds that no way is safe."""
        monkeypatch.setattr(PersonSender, "_begin", begin)
        told.tomorrow()
        told.referrals.person = NO_WAY
        told.send()
        begin(*asked)

    monkeypatch.setattr(PersonSender, "_begin", late)
    told.send()
    assert told.rows("state", "last_error") == [("superseded", "ask-first")]
    assert [each["To"] for each in told.house.mails()] == []


def test_the_team_hears_one_thing_of_a_message_whose_worker_is_killed_before_it_is_recorded(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    told.referrals.person = NO_WAY
    told.agree()
    for _ in range(2):
        killed(told, monkeypatch, Ledger, "_no_longer_wanted")
    assert told.team_hears() == []
    told.send()
    assert told.rows("state", "last_error") == [("failed", "cut-off")]
    assert told.team_hears() == ["tell-person"]


# --- what they are told --------------------------------------------------------------------------


def test_the_person_hears_what_was_agreed_and_where(told: Told):
    told.agree()
    told.send()
    assert told.rows("kind", "state", "channel", "template") == [
        ("person-agreed", "delivered", "email", "en/2")
    ]
    mail = told.house.mails()[-1]
    assert mail["To"] == "testina@mail.example"
    assert mail["Subject"] == "You have a place"
    for said in ("Hello Testina.", "Clay on Canal Street", "Sowerby Bridge", "01632 960101"):
        assert said in told.mail
    assert "first visit" not in told.mail  # nobody has said when
    event = told.house.told()[-1]
    assert isinstance(event, NotificationDelivered)
    assert (event.kind, event.case, event.task) == ("person-agreed", told.case, told.task)


def test_an_offer_is_no_place_and_the_choice_makes_it_one(told: Told):
    told.house.happens(ReferralOffered(**told.about()), sequence=2)
    told.send()
    assert told.rows() == []
    told.agree(ReferralChosen)
    told.send()
    assert told.rows("kind", "state") == [("person-agreed", "delivered")]


def test_no_row_holds_anything_of_the_person(told: Told):
    told.agree()
    told.send()
    with told.house.engine.connect() as connection:
        everything = [
            str(row)
            for table in ("person_delivery", "person_delivery_attempt", "person_link", "outbox")
            for row in connection.execute(text(f"select * from {table}"))
        ]
    assert len(everything) >= 4
    for row in everything:
        assert "Testina" not in row
        assert "mail.example" not in row
        assert told.token not in row


def test_a_first_visit_is_told_and_reminded_of_the_day_before(told: Told):
    told.agree()
    told.meets(in_days(5))
    told.send()
    assert told.rows("kind", "state") == [
        ("person-agreed", "delivered"),
        ("person-meeting", "delivered"),
        ("person-reminder", "queued"),
    ]
    starts, due = in_days(5), told.rows("due")[-1]
    assert timedelta(hours=0) < starts - due < timedelta(hours=48)
    zone = told.house.settings.hours.zone
    assert due.astimezone(zone).date() == (starts.astimezone(zone) - timedelta(days=1)).date()
    told.tomorrow()
    told.send()
    assert told.rows("state")[-1] == "delivered"
    assert told.house.mails()[-1]["Subject"] == "Your visit is tomorrow"


def test_another_time_takes_the_place_of_the_one_before(told: Told):
    told.agree()
    told.meets(in_days(5))
    told.meets(in_days(5))  # the same again says nothing new
    told.meets(in_days(9))
    assert told.rows("kind", "last_error") == [
        ("person-agreed", None),
        ("person-meeting", "another-time"),
        ("person-reminder", "another-time"),
        ("person-meeting", None),
        ("person-reminder", None),
    ]


def test_a_reminder_of_what_has_begun_is_not_sent(told: Told):
    told.agree()
    told.meets(in_days(5))
    told.send()
    told.house.happens(ReferralStarted(**told.about()), sequence=3)
    told.tomorrow()
    told.send()
    assert told.rows()[-1] == ("person-reminder", "superseded", "started")


def test_what_comes_too_late_is_not_sent(told: Told):
    told.agree()
    told.meets(in_days(0.02))
    told.house.execute(
        'update person_delivery set payload = replace(payload, \'"starts"\', \'"starts":'
        ' "2020-01-01T10:00:00Z", "was"\') where kind = \'person-meeting\''
    )
    told.send()
    assert told.rows()[-1] == ("person-meeting", "superseded", "too-late")


def test_nobody_is_written_to_at_night(told: Told):
    hours = hours_of("09:00-20:00", "Europe/London")
    night = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
    assert hours.next(night) == datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert hours.next(night.replace(hour=3)) == datetime(2026, 11, 29, 9, tzinfo=UTC)
    noon = night.replace(hour=12)
    assert hours.next(noon) == noon
    visit = datetime(2026, 12, 3, 14, tzinfo=UTC)
    assert reminder(visit, hours) == datetime(2026, 12, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize("hours", ["", "9-20", "20:00-09:00", "09:00", "25:00-26:00"])
def test_hours_that_are_none_are_refused_at_start(settings: NotificationsSettings, hours: str):
    with pytest.raises(ValueError, match="person_hours"):
        NotificationsSettings(**settings.model_dump() | {"person_hours": hours})


# --- by which way --------------------------------------------------------------------------------


@pytest.fixture
def by_text(told: Told) -> Iterator[Callable[[], list[Any]]]:
    """Send by GOV.UK Notify's stand-in; what it was given."""
    notify = demo_stand_in()
    with serving(stand_in(notify)) as url:
        said = dict(line.removeprefix("KERSEY_").split("=", 1) for line in environment(url))
        told.house.settings = told.house.settings.model_copy(
            update={"notify_url": said["NOTIFY_URL"]}
        )

        def send() -> list[Any]:
            told.send()
            return notify.sent

        yield send


def test_a_text_message_says_no_name_no_group_and_no_place(told: Told, by_text):
    told.referrals.person = {"way": {"channel": "text", "address": NUMBER}}
    told.agree()
    told.meets(in_days(5))
    sent = by_text()
    assert told.rows("state", "channel")[:2] == [("delivered", "sms")] * 2
    for each in sent:
        message = each["personalisation"]["message"]
        assert "/visit/" in message
        for untold in ("Testina", "Clay", "Canal", "Sowerby", "Beckside"):
            assert untold not in message


def test_a_letter_is_addressed_to_the_first_name(told: Told, by_text):
    address = "12 Canal Street, Sowerby Bridge, HX6 2AB"
    told.referrals.person = {"way": {"channel": "post", "address": address}}
    told.agree()
    (letter,) = by_text()
    assert letter["personalisation"]["address_line_1"] == "Testina"
    assert letter["personalisation"]["address_line_4"] == "HX6 2AB"


def test_a_reminder_never_goes_by_letter(told: Told, by_text):
    told.referrals.person = {"way": {"channel": "post", "address": "1 Road, Leeds, LS1 1AA"}}
    told.agree()
    told.meets(in_days(9))
    told.tomorrow()
    by_text()
    assert told.rows("state", "last_error") == [
        ("delivered", None), ("delivered", None), ("superseded", "by-team"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("instead", "heard"),
    [("by-team", ["tell-person"]), ("ask-first", ["ask-person"]), ("nothing", [])],
)
def test_where_no_way_is_safe_the_team_hears_once(told: Told, instead: str, heard: list[str]):
    told.referrals.person = {"way": None, "instead": instead}
    told.agree()
    told.send()
    assert told.rows() == [("person-agreed", "superseded", instead)]
    assert told.team_hears() == heard
    assert told.house.mails() == []
    told.house.send()
    assert [each["To"] for each in told.house.mails()] == ["team@hub.example.org"] * len(heard)
    assert all("Testina" not in each.as_string() for each in told.house.mails())


def test_a_message_that_fails_for_good_is_told_to_the_team(told: Told):
    told.referrals.person = {"way": {"channel": "email", "address": "no address at all"}}
    told.agree()
    told.send()
    assert told.rows() == [("person-agreed", "failed", "address-malformed")]
    assert isinstance(told.house.told()[-1], NotificationFailed)
    assert told.team_hears() == ["tell-person"]


def test_while_referrals_cannot_be_asked_it_waits(told: Told):
    told.agree()
    told.referrals.refusal = (500, {})
    told.send()
    assert told.rows() == [("person-agreed", "queued", "referrals-503")]
    told.referrals.refusal = None
    told.tomorrow()
    told.send()
    assert told.rows("state") == ["delivered"]


def test_of_a_place_that_is_not_there_nothing_is_said(told: Told):
    told.agree()
    told.referrals.refusal = (404, {})
    told.send()
    assert told.rows() == [("person-agreed", "superseded", "not-there")]


# --- nothing after -------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", ["died", "restricted", "do-not-contact"])
def test_who_knows_is_asked_at_the_moment_of_sending(told: Told, stop: str):
    told.agree()  # and the event of the stop has not come yet
    told.referrals.person = {"stops": [stop], "way": None}
    told.send()
    assert told.rows() == [("person-agreed", "superseded", stop)]
    assert (told.house.mails(), told.team_hears()) == ([], [])


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (PersonDied, "died"),
        (PersonNotToContact, "do-not-contact"),
        (PersonRestricted, "restricted"),
    ],
)
def test_a_stop_takes_what_is_queued_and_closes_the_links(
    told: Told, client: httpx.Client, end: Any, code: str
):
    told.agree()
    told.send()
    told.meets(in_days(5))
    told.house.happens(end(case=told.case, person=uuid4()), sequence=3)
    assert told.rows("state", "last_error")[1:] == [("superseded", code)] * 2
    refused = client.post("/notifications/visit-links/exchange", json={"token": told.token})
    assert (refused.status_code, refused.json()["reason"]) == (410, "closed-visit")


@pytest.mark.parametrize("which", ["cancelled", "withdrawn", "closed"])
def test_an_end_takes_what_is_queued(told: Told, which: str):
    told.agree()
    about = {"case": told.case, "team": TEAM}
    event = {
        "cancelled": lambda: ReferralCancelled(**told.about(), reason="other"),
        "withdrawn": lambda: ReferralWithdrawn(**about, by="gp"),
        "closed": lambda: ReferralClosed(**about, outcome="completed"),
    }[which]()
    told.house.happens(event, sequence=3)
    told.send()
    assert told.rows() == [("person-agreed", "superseded", which)]
    assert told.house.mails() == []


def test_an_end_that_came_before_the_place_makes_no_message(told: Told):
    told.house.happens(ReferralCancelled(**told.about(), reason="other"), sequence=3)
    told.agree()
    assert told.rows() == []


def test_a_mail_that_comes_back_is_left_to_the_team(told: Told):
    told.agree()
    told.send()
    message_id = told.house.mails()[-1]["Message-ID"]
    report = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nno\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; x@y.example\nAction: failed\n"
        f"Status: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n"
        "--b--\n"
    )
    assert told.house.app.state.bounces.take(report.encode()) == "taken"
    assert told.rows() == [("person-agreed", "bounced", "bounce-5.1.1")]
    assert told.team_hears() == ["tell-person"]
    assert told.house.app.state.bounces.take(report.encode()) == "repeated"
    assert told.team_hears() == ["tell-person"]


def test_an_erasure_takes_what_was_written_to_the_person_from_the_folder_of_mails(told: Told):
    told.house.contact()
    told.house.ask()
    told.agree()
    told.meets(in_days(5))
    told.send()
    told.house.send()
    written = [str(each["To"]) for each in told.house.mails()]
    assert written.count("testina@mail.example") == 2
    erased(told.house, told.case)
    left = [str(each["To"]) for each in told.house.mails()]
    assert left == [each for each in written if each != "testina@mail.example"]
    assert left
    assert told.rows() == []


def test_an_erasure_waits_for_what_is_being_sent_at_that_moment(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    told.agree()
    begin, leaving = PersonSender._begin, erasing.leaving
    seen = threading.Event()

    def looked(*about: Any) -> bool:
        found = leaving(*about)
        if found:
            seen.set()
        return found

    def begun(*of: Any) -> None:
        begin(*of)
        erasure.start()
        assert seen.wait(20), "the erasure does not see what is on its way"

    monkeypatch.setattr(erasing, "leaving", looked)
    monkeypatch.setattr(PersonSender, "_begin", begun)
    erasure = threading.Thread(target=erased, args=(told.house, told.case))
    told.send()
    erasure.join(60)
    assert not erasure.is_alive()
    assert told.house.mails() == []
    assert told.rows() == []


# --- what they say -------------------------------------------------------------------------------


def visiting(client: httpx.Client, told: Told) -> dict[str, str]:
    opened = client.post("/notifications/visit-links/exchange", json={"token": told.token})
    return {"Kersey-Visit-Session": opened.json()["session"]}


def test_the_link_shows_what_was_agreed_and_no_name(told: Told, client: httpx.Client):
    told.agree()
    told.send()
    told.meets(in_days(5))
    seen = client.get("/notifications/visit", headers=visiting(client, told))
    assert seen.status_code == 200
    shown = seen.json()
    assert shown["service"] == "Clay on Canal Street"
    away = datetime.fromisoformat(shown["starts"]) - in_days(5)
    assert abs(away) < timedelta(minutes=1)
    assert (shown["sharing"], shown["may"]) == (["name", "phone"], ["cancel", "stop-sharing"])
    assert "Testina" not in seen.text
    assert "mail.example" not in seen.text
    (asked,) = (each for each in told.referrals.requests[-1:] if "/person" in each.path)
    assert "by=" not in asked.path  # no address was asked for


@pytest.mark.parametrize("said", ["cancel", "call-me", "stop-sharing", "change-sharing"])
def test_what_the_person_says_is_passed_on(told: Told, client: httpx.Client, said: str):
    told.agree()
    told.send()
    session = visiting(client, told)
    assert told.referrals.said == []  # looking says nothing
    answer = client.post("/notifications/visit", headers=session, json={"said": said})
    assert answer.status_code == 204
    assert told.referrals.said == [said]


@pytest.mark.parametrize(
    ("said", "words"),
    [("call-me", "would like you to call"), ("cancel", "cannot come"), ("new-code", "hear from")],
)
def test_the_team_hears_what_the_person_said(told: Told, said: str, words: str):
    event = PersonSaid(case=told.case, team=TEAM, task=told.task, said=said)
    told.house.happens(event, sequence=3)
    told.house.send()
    assert told.team_hears() == ["person-said"]
    assert words in told.mail


def test_one_link_opens_one_place_and_no_answer(told: Told, client: httpx.Client):
    told.house.contact()
    other = told.house.ask()
    told.house.send()
    told.agree()
    told.send()
    answer_token = told.house.keys.answer_token(
        told.house.scalar("select id from delivery where task = :task", task=other.task)
    )
    for path, token in (("visit-links", answer_token), ("answer-links", told.token)):
        refused = client.post(f"/notifications/{path}/exchange", json={"token": token})
        assert (refused.status_code, refused.json()["reason"]) == (404, "unknown-link")
    refused = client.get("/notifications/visit", headers={"Kersey-Visit-Session": "x"})
    assert (refused.status_code, refused.json()["reason"]) == (401, "no-session")


# --- who says when -------------------------------------------------------------------------------


def test_a_team_sees_what_was_told_of_its_own_cases_alone(told: Told, client: httpx.Client):
    told.agree()
    told.meets(in_days(5))
    ours = told.house.verifier.add(
        "ours", roles="link-worker", scopes="notifications.write", organisation=TEAM
    )
    theirs = told.house.verifier.add("theirs", roles="link-worker", scopes="notifications.write")
    shown = client.get(f"/notifications/deliveries?case={told.case}", headers=ours).json()
    assert [each["kind"] for each in shown["to_person"]] == [
        "person-agreed", "person-meeting", "person-reminder",
    ]  # fmt: skip
    none = client.get(f"/notifications/deliveries?case={told.case}", headers=theirs).json()
    assert none["to_person"] == []


def test_a_time_that_was_said_before_does_not_come_back(told: Told):
    told.agree()
    told.meets(in_days(9))
    earlier = ReferralVisitSet(**told.about(), starts=in_days(5))
    told.house.happens(earlier, sequence=3)
    kept = told.house.scalar("select starts from first_meeting")
    assert kept == in_days(9).replace(second=kept.second)
    assert told.rows("kind", "last_error")[1:] == [
        ("person-meeting", None), ("person-reminder", None),
    ]  # fmt: skip


def test_a_time_that_is_told_again_is_kept_and_tells_nobody(told: Told):
    told.agree()
    event = ReferralVisitSet(**told.about(), starts=in_days(5))
    told.house.happens(event, sequence=20, replay=True)
    assert told.house.scalar("select count(*) from first_meeting") == 1
    assert told.rows("kind") == ["person-agreed"]


def test_of_a_visit_that_is_called_off_nobody_is_reminded_and_another_day_counts(
    told: Told, client: httpx.Client
):
    told.agree()
    told.meets(in_days(5))
    for days, ended in ((4, None), (5, "called-off")):
        off = ReferralVisitCalledOff(**told.about(), day=in_days(days).date())
        told.said += 1
        told.house.happens(off, sequence=told.said)
        assert told.rows("kind", "last_error")[1:] == [
            ("person-meeting", ended), ("person-reminder", ended),
        ]  # fmt: skip
    told.meets(in_days(5))
    assert told.rows("kind", "last_error")[3:] == [
        ("person-meeting", None), ("person-reminder", None),
    ], "they come on that day all the same"  # fmt: skip


def test_a_visit_that_was_called_off_before_it_was_heard_of_is_not_told(told: Told):
    told.agree()
    off = ReferralVisitCalledOff(**told.about(), day=in_days(5).date())
    told.house.happens(off, sequence=20)
    told.house.happens(ReferralVisitSet(**told.about(), starts=in_days(5)), sequence=19)
    assert told.rows("kind") == ["person-agreed"]


def test_the_provider_hears_on_which_day_somebody_does_not_come(told: Told):
    told.house.contact()
    off = ReferralVisitCalledOff(**told.about(), day=date(2027, 3, 4))
    for _ in range(2):
        told.house.happens(off, sequence=9)
    assert told.house.send() == 2
    mail = told.house.mails()[-1]
    body = mail.get_body(("plain",))
    assert mail["subject"] == "Somebody cannot come one time"
    assert body is not None
    assert "cannot come on Thursday 4 March." in " ".join(body.get_content().split())


def test_of_a_time_that_has_passed_or_a_place_that_is_gone_nobody_is_told(told: Told):
    told.agree()
    told.meets(in_days(-1))
    told.house.happens(ReferralCancelled(**told.about(), reason="other"), sequence=11)
    told.meets(in_days(5))
    assert told.rows("kind") == ["person-agreed"]


def test_a_provider_says_when_by_its_answer_link(told: Told, client: httpx.Client):
    told.house.contact()
    asked = told.house.ask()
    told.house.send()
    token = told.mail.rpartition("/answer/")[2].split()[0]
    opened = client.post("/notifications/answer-links/exchange", json={"token": token})
    session = {"Kersey-Answer-Session": opened.json()["session"]}
    at, body = "/notifications/answer/meeting", {"starts": in_days(5).isoformat()}
    assert client.put(at, headers=session, json=body).status_code == 409
    client.post("/notifications/answer", headers=session, json={"decision": "accept"})
    told.house.happens(
        ReferralAccepted(
            case=asked.case, task=asked.task, team=TEAM, service=SERVICE, provider=PROVIDER
        ),
        sequence=2,
    )
    assert client.put(at, headers=session, json=body).status_code == 204
    (said,) = told.referrals.asked("first-visit")[1:]
    assert said.json["starts"] == in_days(5).isoformat()[:16] + said.json["starts"][16:]
    assert set(said.json["said_by"]) == {"contact", "via"}
    assert said.json["said_by"]["via"] == "answer-link"


@pytest.mark.parametrize(("days", "hears"), [(3, "team"), (20, "message")])
def test_the_answer_page_promises_no_letter_that_would_come_too_late(
    told: Told, client: httpx.Client, days: int, hears: str
):
    told.house.contact()
    asked = told.house.ask()
    told.house.send()
    token = told.mail.rpartition("/answer/")[2].split()[0]
    opened = client.post("/notifications/answer-links/exchange", json={"token": token})
    session = {"Kersey-Answer-Session": opened.json()["session"]}
    assert "person_hears" not in client.get("/notifications/answer", headers=session).json()
    told.referrals.person = {"way": {"channel": "post", "address": "1 Mill Row, Saltaire"}}
    told.referrals.views[str(asked.task)] |= {
        "business_status": "selected",
        "first_visit": {"starts": in_days(days).isoformat(), "status": "booked"},
    }
    shown = client.get("/notifications/answer", headers=session)
    assert shown.json()["person_hears"] == hears
    assert "Mill Row" not in shown.text
