"""What a hub announces: written, published and ended by it alone, read by those it is for, told to
groups in their message of the day, or at once."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from services.notifications.announcements.rules import fault_of, shows
from services.notifications.announcements.sending import AnnouncementSender
from services.notifications.channels.registry import made as channels
from services.notifications.domain import Kind, Role, Source
from services.notifications.handlers.hubs import DECLARED, belongs
from services.notifications.languages.reading import translations
from services.notifications.retention import ANNOUNCEMENTS, expiries
from services.notifications.tables import announcement_deliveries
from services.notifications.words import WORDS
from shared.database import UnitOfWork
from shared.delivery import Receipt, Temporary
from tests.infrastructure.midnight import today
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER, SERVICE, TEAM, House
from tests.notifications.test_digests import declined, its_hour, words

AT = "/notifications/announcements"
ELSEWHERE = uuid4()
"""An organisation of another hub's place."""


def said() -> dict[str, Any]:
    """What a hub writes today."""
    return {
        "title": "The ring road is closed",
        "text": "Buses go round by the mill.\n\nSee https://roads.example.org/mill for when.",
        "first_day": today().isoformat(),
        "last_day": (today() + timedelta(days=7)).isoformat(),
        "audience": "everybody",
    }


@pytest.fixture
def hub(house: House) -> Any:
    """A coordinator of the hub."""
    scopes = "notifications.write notifications.notices"
    return house.verifier.add("coordinator", roles="coordinator", scopes=scopes, organisation=HUB)


def staff(house: House, role: str, organisation: UUID, name: str = "") -> Any:
    return house.verifier.add(
        name or f"{role} {organisation}", roles=role, scopes="notifications.notices",
        organisation=organisation,
    )  # fmt: skip


def written(client: httpx.Client, hub: Any, **more: Any) -> str:
    at = f"{AT}/{uuid4()}"
    answer = client.put(at, json=said() | more, headers=hub)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "draft"
    return at


def published(client: httpx.Client, hub: Any, **more: Any) -> str:
    at = written(client, hub, **more)
    answer = client.post(f"{at}/publish", headers=hub)
    assert answer.status_code == 200, answer.text
    return at


def there(client: httpx.Client, who: Any) -> list[str]:
    found = client.get(f"{AT}/current", headers=who).json()["announcements"]
    return [each["title"] for each in found]


def told(house: House, *columns: str) -> list[Any]:
    row = announcement_deliveries.delivery.c
    wanted = [row[name] for name in columns or ("state", "last_error")]
    with house.engine.connect() as connection:
        found = connection.execute(select(*wanted).order_by(row.position))
        return [tuple(each) for each in found]


def send(house: House) -> int:
    sender = AnnouncementSender(
        house.engine, channels(house.settings, house.engine), house.settings.public_url,
        ZoneInfo(house.settings.timezone),
    )  # fmt: skip
    return house.worker(
        name="notifications.announcements", tables=announcement_deliveries, send=sender,
        rest=sender.rest, on_delivered=lambda *_: None, on_failed=lambda *_: None,
        judged=lambda uow, delivery, met: met, lock_first=lambda *_: None,
    ).deliver_due()  # fmt: skip


def test_it_is_written_published_changed_and_ended_with_who_did_what(
    house: House, client: httpx.Client, hub: Any
):
    worker = staff(house, "link-worker", TEAM)
    at = written(client, hub)
    assert there(client, worker) == [], "a draft is its hub's"
    client.post(f"{at}/publish", headers=hub)
    assert there(client, worker) == ["The ring road is closed"]
    change = said() | {"title": "The ring road is open", "after": 2}
    assert client.put(at, json=change, headers=hub).status_code == 200
    assert there(client, worker) == ["The ring road is open"]
    found = client.post(f"{at}/end", headers=hub).json()
    assert there(client, worker) == []
    assert [(each["what"], each["by"]) for each in found["history"]] == [
        (what, "coordinator") for what in ("ended", "changed", "published", "written")
    ]
    assert found["history"][2]["said"]["title"] == "The ring road is closed"
    for what in ("publish", "end"):
        answer = client.post(f"{at}/{what}", headers=hub)
        assert answer.status_code == (409 if what == "publish" else 200)


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        ("link-workers", {"link-worker"}),
        ("providers", {"provider"}),
        ("everybody", {"link-worker", "provider"}),
    ],
)
def test_it_is_read_by_those_it_is_for_of_its_own_place(
    house: House, client: httpx.Client, hub: Any, audience: str, readers: set[str]
):
    published(client, hub, audience=audience)
    for role, organisation in (("link-worker", TEAM), ("provider", PROVIDER)):
        seen = there(client, staff(house, role, organisation))
        assert bool(seen) is (role in readers), role
        assert there(client, staff(house, role, uuid4(), "elsewhere")) == []
    assert there(client, hub) != [], "its own hub sees what others see"
    for place, reads in ((HUB, "link-worker" in readers), (OTHER_HUB, False)):
        duty = house.verifier.add(
            f"duty {place}", roles="duty-lead", scopes="cases.break-glass", organisation=place
        )
        assert bool(there(client, duty)) is reads, "whoever leads is told what workers are told"
    assert there(client, staff(house, "coordinator", OTHER_HUB)) == []


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        ("everybody", {"navigator", "partner", "payer", "researcher", "accounts"}),
        ("practices", {"navigator"}),
        ("partners", {"partner", "payer", "researcher"}),
        ("link-workers", set()),
        ("providers", set()),
    ],
)
def test_whoever_works_in_no_place_hears_of_every_hub_and_one_in_a_place_of_its_own(
    house: House, client: httpx.Client, hub: Any, audience: str, readers: set[str]
):
    published(client, hub, audience=audience)
    for name, role, scope in (
        ("navigator", "care-navigator", "referrals.practice"),
        ("partner", "lived-experience-partner", "wordings.read"),
        ("payer", "commissioner", "figures.read"),
        ("researcher", "researcher", "figures.read"),
        ("accounts", "administrator", "people.read"),
    ):
        who = house.verifier.add(name, roles=role, scopes=scope, organisation=uuid4())
        assert bool(there(client, who)) is (name in readers), name
    with UnitOfWork(house.engine) as uow:
        belongs(uow, ELSEWHERE, "aire", said_by=DECLARED)
        uow.commit()
    placed = house.verifier.add(
        "placed", roles="care-navigator", scopes="referrals.practice", organisation=ELSEWHERE
    )
    assert there(client, placed) == []


def test_nobody_reads_them_whose_role_and_scope_say_nothing_of_it(
    house: House, client: httpx.Client, hub: Any
):
    published(client, hub)
    for role in ("provider", "referral-sender", "service"):
        who = house.verifier.add(role, roles=role, scopes="cases", organisation=PROVIDER)
        answer = client.get(f"{AT}/current", headers=who)
        assert answer.status_code == 403, role


def test_it_is_there_from_its_first_day_to_its_last(house: House, client: httpx.Client, hub: Any):
    worker = staff(house, "link-worker", TEAM)
    tomorrow = (today() + timedelta(days=1)).isoformat()
    at = published(client, hub, first_day=tomorrow)
    assert there(client, worker) == []
    assert client.post(f"{at}/read", headers=worker).status_code == 404
    house.execute("update announcement set first_day = first_day - 1")
    assert there(client, worker) != []
    house.execute("update announcement set last_day = current_date - 1")
    assert there(client, worker) == []
    assert shows("published", today(), today(), today())
    assert not shows("draft", today(), today(), today())


def test_each_reads_for_themself_and_again_once_its_words_changed(
    house: House, client: httpx.Client, hub: Any
):
    anna, ben = (staff(house, "provider", PROVIDER, name) for name in ("anna", "ben"))
    at = published(client, hub)

    def read(who: Any) -> bool:
        (found,) = client.get(f"{AT}/current", headers=who).json()["announcements"]
        return bool(found["read"])

    for _ in range(2):
        assert client.post(f"{at}/read", headers=anna).status_code == 204
    assert (read(anna), read(ben)) == (True, False)
    change = said() | {"after": 2, "last_day": (today() + timedelta(days=9)).isoformat()}
    client.put(at, json=change, headers=hub)
    assert read(anna), "another last day is nothing new to read"
    client.put(at, json=change | {"after": 3, "text": "Open again."}, headers=hub)
    assert not read(anna)


def test_the_urgent_comes_first(house: House, client: httpx.Client, hub: Any):
    published(client, hub, title="Urgent", urgent=True)
    published(client, hub, title="Newer")
    assert there(client, staff(house, "link-worker", TEAM)) == ["Urgent", "Newer"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ring about 943 476 5919.", "NHS number"),
        ("9434765919", "NHS number"),
        ("943-476-5919", "NHS number"),
        ("943/476/5919", "NHS number"),
        ("943 4765 919", "NHS number"),
        ("943\u200b476\u200b5919", "NHS number"),
        ("943\u00a0476\u00a05919", "NHS number"),
        ("943\u2011476\u20115919", "NHS number"),
        ("\uff19\uff14\uff13 476 5919", "NHS number"),
        ("https://x.example/943.476.5919", "NHS number"),
        ("See http://roads.example.org", "https"),
        ("FTP://roads.example.org", "https"),
        ("javascript:alert(1)", "https"),
        ("data : text/html", "https"),
        ("Ring 01632 960 417, or 07700 900123", ""),
        ("Ring +44 7700 900123", ""),
        ("See https://roads.example.org/2026-11-29 <b>", ""),
        ("At 10:30: bring tea. The data shows it", ""),
    ],
)
def test_what_may_not_stand_in_one(text: str, words: str):
    assert words in (fault_of(text) or "")
    assert bool(words) is bool(fault_of(text))


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "Two\nlines"}, "title"),
        ({"title": "943 476 5919"}, "title"),
        ({"text": "  "}, "text"),
        ({"text": "a\x00"}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "943 476 5919"}, "text"),
        ({"audience": "persons"}, "audience"),
        ({"first_day": "soon"}, "first_day"),
        ({"last_day": "2020-01-01"}, "body"),
        ({"last_day": "2099-01-01"}, "body"),
        ({"urgent": "yes"}, "urgent"),
        ({"state": "published"}, "state"),
        ({"after": -1}, "after"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_told_to_nobody(
    house: House, client: httpx.Client, hub: Any, change: dict[str, Any], element: str
):
    at = f"{AT}/{uuid4()}"
    answer = client.put(at, json=said() | change, headers=hub)
    assert answer.status_code == 422, answer.text
    assert answer.json()["element"].removeprefix("body.") == element
    assert "943" not in answer.text
    assert client.get(at, headers=hub).status_code == 404


def test_nobody_but_the_coordinators_of_its_hub_has_it(
    house: House, client: httpx.Client, hub: Any
):
    at = written(client, hub)
    calls: list[tuple[str, str, Any]] = [
        ("GET", at, None), ("PUT", at, said() | {"title": "Mine now", "after": 1}),
        ("POST", f"{at}/publish", None), ("POST", f"{at}/end", None),
    ]  # fmt: skip
    write = "notifications.write notifications.notices"
    other = house.verifier.add("o", roles="coordinator", scopes=write, organisation=OTHER_HUB)
    for method, path, body in calls:
        assert client.request(method, path, json=body, headers=other).status_code == 404
        for role, organisation in (("provider", PROVIDER), ("link-worker", TEAM)):
            who = house.verifier.add(role, roles=role, scopes=write, organisation=organisation)
            assert client.request(method, path, json=body, headers=who).status_code == 403
        less = house.verifier.add(
            "l", roles="coordinator", scopes="notifications.notices", organisation=HUB
        )
        assert client.request(method, path, json=body, headers=less).status_code == 403
        assert client.request(method, path, json=body).status_code == 401
    assert client.get(AT, headers=other).json() == {"announcements": []}
    taken = client.put(f"{AT}/{uuid4()}", json=said() | {"hub": "calder"}, headers=other)
    assert taken.status_code == 403
    assert client.post(f"{at}/read", headers=hub).status_code == 404, "a draft is not read"


def test_the_same_twice_is_once_and_who_was_overtaken_is_told(
    house: House, client: httpx.Client, hub: Any
):
    house.contact()
    at = written(client, hub)
    assert client.put(at, json=said(), headers=hub).json()["version"] == 1
    for _ in range(2):
        assert client.post(f"{at}/publish", headers=hub).status_code == 200
    assert len(told(house)) == 1
    mine = client.put(at, json=said() | {"title": "A", "after": 2}, headers=hub)
    assert mine.status_code == 200
    late = client.put(at, json=said() | {"title": "B", "after": 2}, headers=hub)
    assert (late.status_code, late.json()["element"]) == (409, "after")
    first = (today() + timedelta(days=1)).isoformat()
    moved = client.put(
        at, json=said() | {"title": "A", "first_day": first, "after": 3}, headers=hub
    )
    assert (moved.status_code, moved.json()["element"]) == (409, "first_day")


def test_written_by_two_at_once_it_is_one(house: House, client: httpx.Client, hub: Any):
    at, together, answers = f"{AT}/{uuid4()}", Barrier(4), []

    def write() -> None:
        together.wait()
        answers.append(client.put(at, json=said(), headers=hub).status_code)

    threads = [Thread(target=write) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == [200] * 4
    assert len(client.get(at, headers=hub).json()["history"]) == 1


# --- told ------------------------------------------------------------------------------------


def test_a_group_reads_it_in_its_message_of_the_day(house: House, client: httpx.Client, hub: Any):
    house.contact(wishes={"gathered_at": 9, "zone": "Europe/London"})
    published(client, hub)
    assert told(house) == [("queued", "gathered")]
    assert send(house) == 0
    assert house.send_digests() == 0, "it is not its hour"
    its_hour(house)
    (mail,) = house.mails()
    assert mail["Subject"] == "News from your hub"
    text = words(mail)
    assert "The ring road is closed" in text
    assert "https://roads.example.org/mill" in text
    assert told(house) == [("delivered", None)]
    assert house.told() == [], "no event tells of it"


@pytest.mark.parametrize("urgent", [False, True])
def test_words_in_another_language_stand_before_what_the_hub_wrote_in_english(
    house: House, client: httpx.Client, hub: Any, *, urgent: bool
):
    house.contact(wishes={"gathered_at": 9, "zone": "Europe/London", "language": "pl"})
    published(client, hub, urgent=urgent)
    send(house)
    its_hour(house)
    (mail,) = house.mails()
    polish = translations()["pl"].words[Kind.ANNOUNCEMENT]
    assert mail["Subject"] == polish.subject
    part = mail.get_body(("html",))
    assert part is not None
    html = part.get_content()
    assert '<html lang="pl">' in html
    for each in polish.paragraphs():
        assert f'<p dir="auto">{each}</p>' in html
    for english in ("The ring road is closed", WORDS[Kind.ANNOUNCEMENT].paragraphs()[0]):
        assert html[: html.index(english)].endswith('<p lang="en-GB" dir="ltr">')


def test_it_goes_with_what_else_is_told_once_a_day(house: House, client: httpx.Client, hub: Any):
    wishes = {"gathered": ["declined"], "gathered_at": 9, "zone": "Europe/London"}
    house.contact(party=str(TEAM), role=Role.TEAM.value, wishes=wishes)
    house.contact(wishes=wishes)
    declined(house)
    published(client, hub)
    its_hour(house)
    assert len(house.mails()) == 2, "a team has no announcement by mail"
    assert sum("ring road" in words(each) for each in house.mails()) == 1


def test_it_says_what_it_says_when_the_message_goes(house: House, client: httpx.Client, hub: Any):
    house.contact()
    at = published(client, hub)
    client.put(at, json=said() | {"title": "It is open", "after": 2}, headers=hub)
    its_hour(house)
    (mail,) = house.mails()
    assert "It is open" in words(mail)


@pytest.mark.parametrize("how", ["ended", "for-others", "over", "muted"])
def test_what_need_not_be_told_any_more_leaves_the_message(
    house: House, client: httpx.Client, hub: Any, how: str
):
    house.contact()
    at = published(client, hub)
    if how == "ended":
        client.post(f"{at}/end", headers=hub)
    elif how == "for-others":
        change = said() | {"audience": "link-workers", "after": 2}
        client.put(at, json=change, headers=hub)
    elif how == "over":
        house.execute(
            "update announcement set last_day = current_date - 1, first_day = '2020-01-01'"
        )
    else:
        house.execute("""update contact set wishes = '{"muted": ["announcement"]}'""")
    its_hour(house)
    assert house.mails() == []
    assert [state for state, _ in told(house)] == ["superseded"]
    assert house.scalar("select state from digest_delivery") == "superseded"


def test_who_muted_news_gets_none_but_the_urgent_at_once(
    house: House, client: httpx.Client, hub: Any
):
    house.contact(wishes={"muted": ["announcement"], "zone": "UTC"})
    at = published(client, hub)
    assert told(house) == [("superseded", "muted")]
    client.put(at, json=said() | {"urgent": True, "after": 2}, headers=hub)
    assert send(house) == 1
    (mail,) = house.mails()
    assert "ring road" in words(mail)
    assert "List-Unsubscribe" not in mail
    assert told(house) == [("delivered", None)]
    published(client, hub, urgent=True, title="Another")
    assert send(house) == 1


def test_what_becomes_urgent_leaves_the_message_of_the_day(
    house: House, client: httpx.Client, hub: Any
):
    house.contact()
    at = published(client, hub)
    client.put(at, json=said() | {"urgent": True, "after": 2}, headers=hub)
    assert send(house) == 1
    its_hour(house)
    assert len(house.mails()) == 1


def test_the_urgent_of_a_later_day_waits_for_its_morning(
    house: House, client: httpx.Client, hub: Any
):
    house.contact()
    first = today() + timedelta(days=2)
    published(client, hub, urgent=True, first_day=first.isoformat())
    assert send(house) == 0
    due = house.scalar("select due from announcement_delivery")
    local = due.astimezone(ZoneInfo("Europe/London"))
    assert (local.date(), local.hour) == (first, 8)


def test_a_text_message_has_its_heading_and_where_to_read_it(
    house: House, client: httpx.Client, hub: Any
):
    letters: list[Any] = []

    class Sink:
        def send(self, letter: Any) -> Receipt:
            letters.append(letter)
            return Receipt("taken")

        def rest(self) -> None:
            pass

        def fault(self, address: str) -> str | None:
            return None

    house.contact(means="sms", address="07700 900123")
    published(client, hub, urgent=True)
    sender = AnnouncementSender(
        house.engine, {"sms": Sink()}, "https://kersey.example.org", ZoneInfo("UTC")
    )
    house.worker(
        tables=announcement_deliveries, send=sender, on_delivered=lambda *_: None,
        judged=lambda uow, delivery, met: met, lock_first=lambda *_: None,
    ).deliver_due()  # fmt: skip
    (letter,) = letters
    assert "The ring road is closed" in letter.words.brief
    assert "https://kersey.example.org/announcements" in letter.words.brief
    assert "Buses" not in letter.words.brief


def test_only_groups_of_the_place_that_have_messages_are_told(
    house: House, client: httpx.Client, hub: Any
):
    house.contact(address="a@clay.example.org")
    house.contact(address="a@clay.example.org", service=SERVICE)
    house.contact(address="listed@clay.example.org", source=Source.LISTING.value)
    house.contact(address="gone@clay.example.org", active=False)
    house.contact(means="phone", address="01632 960101")
    house.contact(means="inbox", address="pages")
    house.webhook("https://hook.example.org", "s")
    house.contact(party=str(TEAM), role=Role.TEAM.value, address="team@team.example.org")
    house.contact(party=str(uuid4()), address="elsewhere@x.example.org")
    published(client, hub)
    assert told(house, "address") == [("a@clay.example.org",)]


def test_link_workers_alone_means_no_message_to_a_group(
    house: House, client: httpx.Client, hub: Any
):
    house.contact()
    published(client, hub, audience="link-workers")
    assert told(house) == []


def test_what_a_message_of_the_day_meets_its_announcements_meet(
    house: House, client: httpx.Client, hub: Any
):
    house.contact()
    published(client, hub)

    class Away:
        def send(self, letter: Any) -> Receipt:
            raise Temporary("smtp-unreachable")

        def rest(self) -> None:
            pass

    house.execute("update digest_delivery set due = now()")
    house.send_digests(send=house.of_the_day({"email": Away()}))  # type: ignore[dict-item]
    assert told(house) == [("queued", "gathered")]
    its_hour(house)
    assert told(house) == [("delivered", None)]


def test_one_click_in_the_message_mutes_news(house: House, client: httpx.Client, hub: Any):
    house.contact()
    published(client, hub)
    its_hour(house)
    (mail,) = house.mails()
    token = str(mail["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    found = client.post("/notifications/mute-links/mute", json={"token": token}).json()
    assert found == {
        "kinds": [{"kind": "announcement", "about": "News from your hub"}], "muted": True,
    }  # fmt: skip
    published(client, hub, title="Another")
    assert told(house)[-1] == ("superseded", "muted")


def test_the_hub_sees_how_many_were_told(house: House, client: httpx.Client, hub: Any):
    house.contact()
    at = published(client, hub)
    assert client.get(at, headers=hub).json()["told"] == {"queued": 1}
    its_hour(house)
    assert client.get(at, headers=hub).json()["told"] == {"delivered": 1}


def test_the_hubs_list_has_its_own_by_where_they_stand(
    house: House, client: httpx.Client, hub: Any
):
    written(client, hub, title="Draft")
    published(client, hub, title="Now")
    client.post(f"{published(client, hub, title='Over')}/end", headers=hub)
    for show, title in (("draft", "Draft"), ("current", "Now"), ("over", "Over")):
        found = client.get(AT, params={"show": show}, headers=hub).json()["announcements"]
        assert [each["title"] for each in found] == [title]
    assert client.get(AT, params={"show": "all"}, headers=hub).status_code == 422


def test_it_is_kept_for_two_years_after_its_last_day(house: House, client: httpx.Client, hub: Any):
    house.contact()
    at = published(client, hub)
    client.post(f"{at}/read", headers=hub)
    its_hour(house)
    expiry = expiries(house.settings, house.engine)[ANNOUNCEMENTS.name]
    last = datetime.combine(date.fromisoformat(said()["last_day"]), datetime.min.time(), UTC)
    assert expiry.run(last - timedelta(days=1), "test") == 0
    assert expiry.run(last + relativedelta(days=2), "test") == 1
    assert house.scalar("select count(*) from announcement_delivery") == 0
    assert house.scalar("select count(*) from announcement_read") == 0
