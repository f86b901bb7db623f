"""Days as a letter writes them: 9 March 1948 (NHS digital service manual, content style guide:
numbers, measurements, dates and time)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def day_of(moment: datetime, zone: str) -> str:
    """The day of a moment, in words.

    Args:
        moment: with its zone.
        zone: in which a day is a day.
    """
    return in_words(moment.astimezone(ZoneInfo(zone)).date())


def date_in_words(text: str) -> str:
    """A FHIR date in words, as far as it is known: the year, its month, its day.

    Args:
        text: of the form YYYY, YYYY-MM or YYYY-MM-DD; nothing stays nothing.
    """
    match text.count("-"):
        case 2:
            return in_words(date.fromisoformat(text))
        case 1:
            return f"{date.fromisoformat(f'{text}-01'):%B %Y}"
    return text


def in_words(day: date) -> str:
    """A day in words."""
    return f"{day.day} {day:%B %Y}"
