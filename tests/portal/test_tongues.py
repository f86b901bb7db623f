"""What a person's page says: every language says everything, and what nobody checked says so."""

import pytest
from pydantic import ValidationError

from services.notifications.person.words import templates
from services.portal.tongues import Tongue, tongue_of, tongues


def test_there_is_a_page_in_every_language_in_which_messages_go_out():
    written = {code: (each.language, each.direction) for code, each in templates().items()}
    assert {code: (each.language, each.direction) for code, each in tongues().items()} == written
    assert {code for code, each in tongues().items() if each.checked_by} == {"en"}


@pytest.mark.parametrize(
    ("language", "easy_read", "name"),
    [
        ("ur", False, "اردو"),
        ("ur-PK", False, "اردو"),
        ("ur", True, "اردو"),
        ("en", True, "Easy Read"),
        ("so", False, "English"),
        ("so", True, "Easy Read"),
        ("", False, "English"),
    ],
)
def test_without_words_in_a_language_there_is_english(language: str, easy_read: bool, name: str):
    assert tongue_of(language, easy_read=easy_read).name == name


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"stop": None}, "stop"),
        ({"diagnosis": "x"}, "diagnosis"),
        ({"about": "This is about you."}, "about"),
        ({"thanks": "Thank you, {given}"}, "thanks"),
    ],
)
def test_a_language_that_does_not_say_everything_is_refused(change: dict[str, str], fault: str):
    said = tongues()["pl"].model_dump()
    said["words"] = {k: v for k, v in (said["words"] | change).items() if v is not None}
    with pytest.raises(ValidationError, match=fault):
        Tongue.model_validate(said)
