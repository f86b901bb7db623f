"""Templates of messages to persons: complete in every language, and refused where they are not."""

import re
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from services.notifications.person.rules import DELAYS, Kind
from services.notifications.person.words import (
    Facts,
    TemplateFault,
    chosen,
    template_of,
    templates,
    written,
)

URL = "https://kersey.example.org/visit/" + "x" * 43
WHOLE = Facts(
    given="Testina",
    service="Clay on Canal Street",
    place="Canal House, Sowerby Bridge",
    starts=datetime(2026, 12, 3, 14, 30, tzinfo=UTC),
    team="Beckside link workers",
    phone="01632 960101",
    reference="KDJ-4F7-X2M",
)
TEMPLATES = files("services.notifications.person") / "templates"
ENGLISH = (TEMPLATES / "en.toml").read_text("utf-8")
EVERY = [(code, kind) for code in sorted(templates()) for kind in Kind]
NAMES = ("Samaritans", WHOLE.reference)
OF_A_PLACE = [each for each in EVERY if each[1] not in DELAYS]
OF_A_DELAY = [each for each in EVERY if each[1] in DELAYS]


def test_the_languages_that_care_names_are_there():
    # Care 18.
    assert set(templates()) == {"en", "en-easy", "pa", "pl", "ur"}
    assert templates()["ur"].direction == "rtl"
    # Nobody who writes code may say of a language that a speaker checked it.
    assert {code for code, each in templates().items() if each.checked_by} == {"en"}


@pytest.mark.parametrize(("code", "kind"), OF_A_PLACE)
def test_every_message_is_whole_in_every_language(code: str, kind: Kind):
    words = written(templates()[code], kind, WHOLE, URL)
    text = "\n".join(words.paragraphs)
    for said in ("Testina", "Clay on Canal Street", "Canal House", "01632 960101"):
        assert said in text
    assert words.brief.count(URL) == 1
    assert "{" not in text + words.brief + words.subject
    assert words.edition == f"{code}/{templates()[code].version}"


@pytest.mark.parametrize(("code", "kind"), OF_A_DELAY)
def test_who_waits_reads_crisis_numbers_first_and_no_day(code: str, kind: Kind):
    # Care 2, 11, 22.
    words = written(templates()[code], kind, WHOLE, "")
    for number in ("999", "111", "116 123"):
        assert number in words.paragraphs[0]
        assert number.replace(" ", "") in words.brief.replace(" ", "")
    text = "\n".join([*words.paragraphs, words.brief, words.subject])
    assert "01632 960101" in text
    assert ("KDJ-4F7-X2M" in text) is (kind is Kind.REFERRER_DELAY)
    assert ("Testina" in text) is (kind is Kind.DELAY)
    assert not re.search(r"Clay|Canal|3 December|https|\{", text)
    assert words.link == ""


@pytest.mark.parametrize(("code", "kind"), EVERY)
def test_a_text_message_tells_no_name_and_no_group_and_costs_little(code: str, kind: Kind):
    brief = written(templates()[code], kind, WHOLE, URL).brief
    for untold in ("Testina", "Clay", "Canal", "Beckside"):
        assert untold not in brief
    plain = brief.isascii()
    assert len(brief) <= (2 * 153 if plain else 4 * 67)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("code", ["en", "en-easy"])
def test_english_is_plain(code: str, kind: Kind):
    # Care 16: reading age 9 to 11; Easy Read has shorter sentences still.
    words = written(templates()[code], kind, WHOLE, URL)
    text = " ".join([words.subject + ".", *words.paragraphs]).replace("Clay on Canal Street", "It")
    sentences = [each.split() for each in re.split(r"[.:?!]\s+", text) if each.split()]
    most = 12 if code == "en-easy" else 22
    assert max(map(len, sentences)) <= most, max(sentences, key=len)
    words_of = [word.strip(",.") for each in sentences for word in each]
    long = [word for word in words_of if len(word) > 9 and word not in NAMES]
    assert long == []


def test_what_is_not_known_is_left_out_and_never_a_gap():
    words = written(templates()["en"], Kind.AGREED, Facts(service="Clay"), URL)
    first, last = words.paragraphs
    assert first == "You asked us to find you something. Clay has a place for you."
    assert last.startswith("Open the page below")


def test_another_language_is_followed_by_the_english():
    words = written(templates()["pl"], Kind.REMINDER, WHOLE, URL)
    assert words.subject == "Wizyta jest jutro"
    assert "czwartek, 3 grudnia" in words.paragraphs[1]
    assert any("tomorrow, Thursday 3 December, at 2:30pm" in each for each in words.paragraphs)


@pytest.mark.parametrize(
    ("language", "easy", "code"),
    [
        ("en", False, "en"),
        ("en", True, "en-easy"),
        ("ur", False, "ur"),
        ("pl", True, "pl"),
        ("ti", False, "en"),
        ("ti", True, "en"),
    ],
)
def test_the_template_follows_the_reader(language: str, easy: bool, code: str):
    assert chosen(language, easy_read=easy).code == code


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("{place}", "{palce}", "may not name palce"),
        ("{url}", "", "brief must name url"),
        ("Where: {place}.", "", "text must name place"),
        ("See where,", "At {service},", "brief may not name service"),
        ("See where,", "{given},", "brief may not name given"),
        ("{given}", "{given.__class__}", "may not name given.__class__"),
        ("{given}", "{0}", "may not name 0"),
        ("{given}", "{given", "expected '}'"),
        ('subject = "You have a place"', 'subject = "{service}"', "subject may not name service"),
        ("[person-reminder]", "[person-nothing]", "person-nothing"),
        ('day = "EEEE d MMMM"', 'day = "{given}"', "day"),
        ("about what you sent us.", "about {given}.", "may not name given"),
        ("is {reference}", "is known", "text must name reference"),
        ("Is somebody in danger now? Call 999.", "Hello.", "must begin with 999"),
        ("In danger now? Call 999.", "Hello.", "must begin with 999"),
        ('link = "See your place"', "", "link must be there"),
        ("version = 2", "version = 0", "version"),
        ('time = "h:mma"', 'time = ""', "time"),
        ('name = "English"', "name = English", "Invalid value"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_and_named(was: str, is_now: str, said: str):
    assert was in ENGLISH
    with pytest.raises(TemplateFault, match=r"en\.toml") as fault:
        template_of("en.toml", ENGLISH.replace(was, is_now))
    assert said in str(fault.value)


def test_what_somebody_is_called_is_never_taken_for_a_template():
    facts = Facts(given="{url}", service="{0.__class__}", place="{")
    words = written(templates()["en"], Kind.AGREED, facts, URL)
    assert words.paragraphs[0] == "Hello {url}."


def test_numbers_in_groups_are_read_in_their_order_where_the_script_runs_from_the_right():
    # 116 123 would be shown as 123 116: Unicode Standard Annex 9.
    words = [written(templates()["ur"], kind, WHOLE, URL) for kind in Kind]
    said = [part for each in words for part in (*each.paragraphs, each.brief)]
    urdu = [each for each in said if re.search("[\u0600-\u06ff]", each)]
    loose = re.compile("(?<!\u200e)(?<![0-9] )\\b[0-9]+ [0-9]")
    assert [each for each in urdu if loose.search(each)] == []
    assert "\u200e116 123" in words[list(Kind).index(Kind.DELAY)].paragraphs[0]
    assert any("\u200e01632 960101\u200e" in each for each in urdu)


def test_a_paragraph_runs_from_the_right_though_it_begins_with_a_foreign_name():
    (named,) = [
        each
        for each in written(templates()["ur"], Kind.MEETING, WHOLE, URL).paragraphs
        if "Clay on Canal Street\u200e " in each
    ]
    assert named.startswith("\u200f\u200eClay on"), "the first strong sign decides (dir=auto)"


def test_a_text_message_carries_no_marks_that_a_telephone_may_show():
    for each in (written(templates()["ur"], kind, WHOLE, URL) for kind in Kind):
        assert not re.search("[\u200e\u200f]", each.brief)


def test_a_template_whose_number_would_turn_round_is_refused():
    urdu = (TEMPLATES / "ur.toml").read_text("utf-8")
    with pytest.raises(TemplateFault, match="a number in groups"):
        template_of("ur.toml", urdu.replace("\\u200e116 123", "116 123"))
