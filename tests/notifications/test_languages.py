"""What contacts read: their language, Easy Read, large print; what there is not, in English."""

from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifications.channels.registry import made as channels
from services.notifications.domain import TO_PROVIDERS, Kind
from services.notifications.languages.reading import (
    TranslationFault,
    translation_of,
    translations,
)
from services.notifications.wishes.rules import Language, Wishes
from services.notifications.wording import worded
from services.notifications.words import WORDS, Hoped
from shared.mail import Look
from tests.notifications.conftest import HUB, PROVIDER, House
from tests.notifications.test_channels import about, letter

OTHERS = [each for each in Language if each is not Language.ENGLISH]


@pytest.mark.parametrize("language", OTHERS)
def test_a_provider_hears_all_in_its_language_and_none_of_it_counts_as_checked(language: Language):
    found = translations()[language]
    assert set(found.messages) >= TO_PROVIDERS | {Kind.IDENTITY_CODE}
    assert found.of_digest
    assert found.checked_by == "", "say here which speaker checked it"


def test_each_language_that_can_be_wished_has_a_file_and_no_other_does():
    assert set(translations()) == set(OTHERS)


def mailed(house: House, **wishes: Any) -> Any:
    house.contact(wishes={"zone": "Europe/London"} | wishes)
    house.ask()
    house.send()
    (mail,) = house.mails()
    return mail


def test_a_contact_is_written_to_in_its_language_with_the_english_below(house: House):
    mail = mailed(house, language="pl")
    assert mail["Subject"] == "Czeka na Ciebie nowe zgłoszenie"
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert text.index("Ktoś chciałby przyjść") < text.index("Someone would like to come")
    assert "/answer/" in text


def test_a_mail_says_in_which_language_each_part_is_read_aloud(house: House):
    html = mailed(house, language="pl").get_body(("html",)).get_content()
    assert '<html lang="pl">' in html
    own, below = html.index("Ktoś chciałby przyjść"), html.index("Someone would like to come")
    assert html[:own].endswith('<p dir="auto">')
    assert html[:below].endswith('<p lang="en-GB" dir="ltr">')
    assert '<p lang="en-GB" dir="ltr">If the link does not open' in html
    assert html.count('lang="en-GB"') == len(WORDS[Kind.REQUEST].text.split("\n\n")) + 1


def test_an_english_mail_is_english(house: House):
    html = mailed(house).get_body(("html",)).get_content()
    assert html.count("lang=") == 1
    assert '<html lang="en-GB">' in html


def test_easy_read_stands_alone(house: House):
    text = mailed(house, language="en-easy").get_body(("plain",)).get_content()
    assert "Someone would like to come to your group." in text
    assert "put them on your" not in text


def test_what_there_is_not_in_a_language_comes_in_english_and_says_so():
    untranslated = next(kind for kind in Kind if kind not in translations()["ur"].messages)
    words = letter(untranslated, wishes=Wishes(language=Language.URDU)).words
    assert words.subject == WORDS[untranslated].subject
    assert words.paragraphs[0] == "یہ پیغام ابھی اردو میں نہیں ہے۔ یہ انگریزی میں ہے۔"


def test_a_text_message_is_in_the_language_too():
    words = letter(wishes=Wishes(language=Language.PUNJABI), url="https://k.example/a").words
    assert words.brief.startswith("ਇੱਕ ਨਵੀਂ ਬੇਨਤੀ")
    assert words.brief.endswith("https://k.example/a")


def test_a_reference_is_read_in_its_order_where_the_script_runs_from_the_right():
    # 4712 3388 would be shown as 3388 4712.
    notice = about(letter()).model_copy(update={"task": UUID(int=0x47123388 << 96)})
    wishes = Wishes(language=Language.URDU)
    words = worded(notice, wishes, url="", code="", minutes=10, mute="")
    assert "\u200e4712 3388\u200e" in words.paragraphs[0]
    assert " No. 4712 3388." in words.brief


@pytest.mark.parametrize(
    ("language", "day"),
    [
        (Language.POLISH, "czwartek 3 grudnia"),
        (Language.URDU, "جمعرات 3 دسمبر"),
        (Language.PUNJABI, "ਵੀਰਵਾਰ 3 ਦਸੰਬਰ"),
        (Language.EASY_READ, "Thursday 3 December"),
        (Language.ENGLISH, "Thursday 3 December"),
    ],
)
def test_a_day_is_named_in_the_language_and_below_in_english(language: Language, day: str):
    notice = about(letter(Kind.NOT_THIS_TIME)).model_copy(update={"day": date(2026, 12, 3)})
    words = worded(notice, Wishes(language=language), url="", code="", minutes=10, mute="")
    text = "\n".join(words.paragraphs)
    assert text.count(day) == 1
    assert "Thursday 3 December" in text
    assert words.brief.endswith(f" {day}.")


def test_large_print_is_larger_and_plain_text_has_no_html(house: House):
    large = mailed(house, look=Look.LARGE).get_body(("html",)).get_content()
    assert "font:26px" in large
    plain = channels(house.settings, house.engine)["email"].message(  # type: ignore[attr-defined]
        letter(wishes=Wishes(look=Look.PLAIN)), "desk@clay.example.org"
    )
    assert plain.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('subject = "x"\ntext = ["Nothing."]\nlink = "y"', "reference"),
        ('subject = "x"\ntext = ["{reference} {hoped} {name}"]\nlink = "y"', "name"),
        ('subject = "{reference}"\ntext = ["{reference} {hoped}"]\nlink = "y"', "subject"),
        ('subject = "x"\ntext = ["{reference} {hoped}"]', "link"),
        ('subject = "x"\ntext = ["{reference"]\nlink = "y"', "expected '}'"),
        ("subject = ", "xx.toml"),
    ],
)
def test_a_file_that_leaves_out_or_adds_something_is_refused(broken: str, said: str):
    head = 'language = "xx"\nname = "x"\ndirection = "ltr"\nversion = 1\nuntranslated = "x"\n'
    head += "[hoped]\n" + "".join(f'{each.name} = "{{by}}"\n' for each in fields(Hoped))
    with pytest.raises(TranslationFault, match=said) as met:
        translation_of("xx.toml", f"{head}[request]\n{broken}")
    assert str(met.value).startswith("xx.toml: ")


def test_over_http_only_a_language_that_there_is(house: House, client: Any):
    who = house.verifier.add(
        "c", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    at = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = {"means": "email", "address": "desk@clay.example.org"}
    kept = client.put(at, json=body | {"wishes": {"language": "pl", "look": "large"}}, headers=who)
    assert kept.json()["wishes"] | {"language": "pl", "look": "large"} == kept.json()["wishes"]
    refused = client.put(at, json=body | {"wishes": {"language": "fr"}}, headers=who)
    assert refused.status_code == 422
    assert "wishes.language" in refused.text
