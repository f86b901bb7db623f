"""Whoever is asked hears how urgent it is, and by when the hub's clock hopes for an answer."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date

from services.notifications.domain import Kind
from services.notifications.languages.reading import TranslationFault, translation_of, translations
from services.notifications.notice import Notice
from services.notifications.wishes.rules import Language, Wishes
from services.notifications.wording import worded
from services.notifications.words import HOPED
from shared.limits import defaults
from shared.messaging.events import ProviderChanged
from shared.short_names import reference
from shared.working_days import WorkingDays
from tests.notifications.conftest import PROVIDER
from tests.notifications.test_escalating import limits

WORKING = WorkingDays(ZoneInfo("Europe/London"))
ROUTINE, URGENT = defaults().routine.nudge, defaults().urgent.nudge


def day(days, locale="en_GB", pattern="EEEE d MMMM", working=WORKING):
    """The working day so many days from now."""
    due = working.after(datetime.now(UTC), days).astimezone(WORKING.zone).date()
    return format_date(due, pattern, locale=locale)


def said(house):
    """What the last mail says, as plain text and as HTML, each on one line."""
    house.send()
    mail = house.mails()[-1]
    return [" ".join(mail.get_body((kind,)).get_content().split()) for kind in ("plain", "html")]


@pytest.mark.parametrize(
    ("priority", "days", "words"),
    [
        ("routine", ROUTINE, "This request is not urgent. We hope to hear from you by"),
        ("urgent", URGENT, "This request is urgent. Please answer by"),
        ("asap", URGENT, "This request is urgent. Please answer by"),
    ],
)
def test_a_mail_says_how_urgent_it_is_and_by_when(house, priority, days, words):
    house.contact()
    house.ask(priority=priority)
    for text in said(house):
        assert f"{words} {day(days)}" in text


def test_the_day_is_by_the_clock_of_the_cases_hub_and_passes_over_closing_days(house):
    house.contact()
    house.happens(limits(nudge=5, second_nudge=7, help_call=9))
    house.ask()
    house.execute("update case_order set hub = 'bradford'")
    assert f"by {day(5)}" in said(house)[0]
    today = datetime.now(WORKING.zone).date()
    away = [today + timedelta(days=each) for each in range(21)]
    closed = [{"starts": str(away[0]), "ends": str(away[-1]), "why": "Holiday"}]
    listing = {"name": "Clay Shed", "kersey": {"closed": closed}}
    house.happens(ProviderChanged(provider=PROVIDER, listing=listing))
    house.ask()
    assert f"by {day(ROUTINE, working=WORKING.without(away))}" in said(house)[0]


@pytest.mark.parametrize("code", ["ur", "pa", "pl", "en-easy"])
@pytest.mark.parametrize("urgent", [True, False])
def test_each_language_says_it_in_its_own_words_and_days(house, code, urgent):
    house.contact(wishes={"language": code})
    house.ask(priority="urgent" if urgent else "routine")
    hoped, days = translations()[code].hoped, URGENT if urgent else ROUTINE
    own = "en_GB" if code == "en-easy" else code
    text = said(house)[0]
    assert (hoped.urgent if urgent else hoped.usual).format(by=day(days, own)) in text
    english = (HOPED.urgent if urgent else HOPED.usual).format(by=day(days))
    assert (english in text) == (code != "en-easy"), "Easy Read stands alone"


@pytest.mark.parametrize(
    ("language", "priority", "short"),
    [
        (Language.ENGLISH, "urgent", "Urgent: please answer by Thu 3 Dec."),
        (Language.ENGLISH, "routine", "Please answer by Thu 3 Dec."),
        (Language.POLISH, "urgent", "Pilne! Prosimy o odpowiedź do dnia: czw. 3 gru."),
        (Language.EASY_READ, "urgent", "Urgent. Please answer by Thu 3 Dec."),
    ],
)
def test_a_text_message_says_it_in_short(language, priority, short):
    task = uuid4()
    notice = Notice(
        kind=Kind.REQUEST,
        event=uuid4(),
        type="kersey.referral.requested.v1",
        time=datetime(2026, 11, 30, 9, 30, tzinfo=UTC),
        case=uuid4(),
        task=task,
        priority=priority,
    )
    words = worded(
        notice, Wishes(language=language), url="https://kersey.example.org/answer/token", code="",
        minutes=10, mute="", by=date(2026, 12, 3),
    )  # fmt: skip
    assert words.brief.endswith(f"{reference(task)}. {short} {words.url}")


@pytest.mark.parametrize("wrong", ["Please answer.", "By {by}, {day}.", "By {by"])
def test_a_translation_that_does_not_say_by_when_is_refused(wrong):
    source = files("services.notifications.languages").joinpath("pl.toml").read_text("utf-8")
    usual = translations()["pl"].hoped.usual
    assert usual in source
    with pytest.raises(TranslationFault, match=r"hoped\.usual|expected"):
        translation_of("pl.toml", source.replace(f'usual = "{usual}"', f'usual = "{wrong}"'))
