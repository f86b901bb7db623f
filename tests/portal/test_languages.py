"""A language is called by its name."""

import pytest

from services.portal.cases.languages import language_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ur", "Urdu"),
        ("pa", "Punjabi"),
        ("pl", "Polish"),
        ("cy-GB", "Welsh (United Kingdom)"),
        ("Sylheti", "Sylheti"),
        ("xx-nonsense-1", "xx-nonsense-1"),
        ("", ""),
    ],
)
def test_a_code_is_shown_by_its_name_and_anything_else_as_it_is(code: str, name: str):
    assert language_name(code) == name
