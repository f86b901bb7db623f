"""A date of birth is read however somebody in the UK writes it, and nothing else is."""

from datetime import date

import pytest

from services.portal.birthdays import birthday
from services.portal.typed import Mistyped

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    "typed",
    [
        "3/4/1958",
        "03/04/1958",
        "03.04.1958",
        "3-4-58",
        "3 4 58",
        " 3 April 1958 ",
        "3rd April 1958.",
        "3rd of April, 1958",
        "03-APR-1958",
        "3 Apr 58",
        "03041958",
        "03Apr1958",
        "030458",
        "1958-04-03",
        "3\u20134\u20131958",
    ],
)
def test_the_day_comes_first_in_any_writing(typed: str):
    assert birthday(typed, TODAY) == date(1958, 4, 3)


def test_two_digits_of_a_year_mean_the_last_one_that_was():
    assert birthday("30/11/26", TODAY) == date(2026, 11, 30)
    assert birthday("1/12/26", TODAY) == date(1926, 12, 1)
    assert birthday("29 2 00", TODAY) == date(2000, 2, 29)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1958", "Type the day, the month and the year"),
        ("April 1958", "Type the day, the month and the year"),
        ("07700 900123", "Type the day, the month and the year"),
        ("\u0663/4/1958", "Type the day, the month and the year"),
        ("\U0001f382", "Type the day, the month and the year"),
        ("4/13/1958", "There is no such day"),
        ("31 June 1958", "There is no such day"),
        ("3 Quux 1958", "There is no such day"),
        ("29/2/1900", "There is no such day"),
        ("1 1 0000", "There is no such day"),
        ("1/12/2026", "in the future"),
        ("1/1/1858", "too long ago"),
    ],
)
def test_what_is_none_is_said_to_be_none(typed: str, said: str):
    with pytest.raises(Mistyped, match=said):
        birthday(typed, TODAY)
