"""A message to staff in words, in the language and format in which its contact wishes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from babel.dates import format_date

from services.notifications.announcements.news import News
from services.notifications.channels import Worded
from services.notifications.domain import Kind
from services.notifications.languages.reading import Translation, translations
from services.notifications.notice import Notice
from services.notifications.wishes.rules import OPTIONAL, Language, Wishes
from services.notifications.words import (
    DIGEST,
    HOPED,
    SIGN_IN,
    WORDS,
    Hoped,
    Words,
    said_words,
)
from shared.limits import URGENT
from shared.short_names import reference
from shared.tongues import IN_ENGLISH

_ENGLISH = "en_GB"

MOST_NAMED = 20
"""References of one kind that a digest names; beyond that it says how many there are."""


@dataclass(frozen=True)
class Hope:
    """By when an answer is hoped for.

    Attributes:
        by: the day.
        urgent: whether the request runs on the shorter clock.
    """

    by: date
    urgent: bool

    def said(self, hoped: Hoped, locale: str) -> str:
        """As a message says it, in the words of a language."""
        day = format_date(self.by, "EEEE d MMMM", locale=locale)
        return (hoped.urgent if self.urgent else hoped.usual).format(by=day)

    def brief(self, hoped: Hoped, locale: str) -> str:
        """As a text message says it."""
        day = format_date(self.by, "EEE d MMM", locale=locale)
        return (hoped.urgent_brief if self.urgent else hoped.usual_brief).format(by=day)


def worded(
    notice: Notice,
    wishes: Wishes,
    *,
    url: str,
    code: str,
    minutes: int,
    mute: str,
    by: date | None = None,
) -> Worded:
    """One message.

    Args:
        notice: what it is about.
        wishes: of its contact.
        url: where it leads: the answer link, or the page for whoever signs in; empty if nowhere.
        code: the one-time code, likewise.
        minutes: for which a code works.
        mute: where its reader says that they want no more of its kind, if they may.
        by: by when an answer is hoped for, where a request is made.
    """
    hope = Hope(by, notice.priority in URGENT) if by else None
    about = _referred_to(notice.task or notice.case, wishes.language)
    values = {
        "reference": about,
        "code": code,
        "minutes": minutes,
        "said": said_words(notice.said),
    }
    words = in_language(notice.kind, wishes.language, hope, notice.day)
    brief = f"{words.subject}. {_briefly(notice.task or notice.case, wishes.language)}."
    if notice.day:
        brief = f"{brief} {_day(notice.day, _hoped_in(wishes.language)[1])}."
    if hope:
        brief = f"{brief} {hope.brief(*_hoped_in(wishes.language))}"
    return Worded(
        subject=words.subject,
        paragraphs=words.paragraphs(**values),
        # Whoever signs in has the address of the page; in a text message it would fill half of it.
        brief=f"{brief} {url}" if url and words.link else brief,
        link=words.link or (SIGN_IN if url else None),
        url=url or None,
        look=wishes.look,
        mute=mute if notice.kind in OPTIONAL else None,
        lang=words.lang,
        english=words.english,
    )


def gathered(
    notices: Sequence[Notice], wishes: Wishes, *, mute: str, news: Sequence[News] = ()
) -> Worded:
    """Several in one message: what happened and to which requests, and what the hub announces.

    Args:
        notices: what happened, oldest first.
        wishes: of their contact.
        mute: where its reader says that they want no more of it.
        news: what the hub announces, in its own words.
    """
    if not notices:
        return _of_news(news, wishes, mute)
    words = in_language(DIGEST, wishes.language)
    first, *last = words.paragraphs()
    lines = [
        f"{_subject(kind, wishes.language)}: {_named(references, wishes.language)}"
        for kind, references in _by_kind(notices).items()
    ]
    said = _news(news)
    return Worded(
        subject=words.subject,
        paragraphs=[first, *lines, *last, *said],
        brief=f"{words.subject}: {len(notices) + len(news)}.",
        look=wishes.look,
        mute=mute,
        lang=words.lang,
        english=words.english + len(said),
    )


def announced(news: News, wishes: Wishes, *, url: str) -> Worded:
    """One urgent announcement; a text message has its heading, and where to read it.

    Args:
        news: what it says.
        wishes: of its contact.
        url: where it is read.
    """
    words = in_language(Kind.ANNOUNCEMENT, wishes.language)
    paragraphs, english = _around(words, [news])
    return Worded(
        subject=words.subject,
        paragraphs=paragraphs,
        brief=f"{words.subject}: {news.title}. {url}",
        link=words.link,
        url=url,
        look=wishes.look,
        lang=words.lang,
        english=english,
    )


def _of_news(news: Sequence[News], wishes: Wishes, mute: str) -> Worded:
    """A message of the day in which there is nothing but announcements."""
    words = in_language(Kind.ANNOUNCEMENT, wishes.language)
    paragraphs, english = _around(words, news)
    titles = "; ".join(each.title for each in news)
    return Worded(
        subject=words.subject,
        paragraphs=paragraphs,
        brief=f"{words.subject}: {titles}.",
        look=wishes.look,
        mute=mute,
        lang=words.lang,
        english=english,
    )


def _around(words: Words, news: Sequence[News]) -> tuple[list[str], int]:
    """What a hub wrote, with our words; and how many of the last paragraphs are in English.

    A hub writes in English. To a reader of another language our words in it come first, so that
    they see what this is before they read, or are read, what they may not understand.
    """
    ours, said = words.paragraphs(), _told(news)
    if words.lang == IN_ENGLISH:
        return [*said, *ours], 0
    theirs = len(ours) - words.english
    return [*ours[:theirs], *said, *ours[theirs:]], len(said) + words.english


def _news(news: Sequence[News]) -> list[str]:
    """What stands of announcements below what happened: in English, as their hub wrote it."""
    if not news:
        return []
    return [WORDS[Kind.ANNOUNCEMENT].subject, *_told(news)]


def _told(news: Sequence[News]) -> list[str]:
    return [part for each in news for part in (each.title, *each.paragraphs)]


def in_language(
    what: Kind | Words, language: Language, hope: Hope | None = None, day: date | None = None
) -> Words:
    """The words of a kind, or of a digest, in a language.

    A language is followed by the English, so that somebody who is asked can help; Easy Read stands
    alone. What there is not in it comes in English, and says so.

    Args:
        what: a kind, or `DIGEST`.
        language: the contact's.
        hope: by when an answer is hoped for, where a request is made.
        day: what is said of it, where the message is about one; each language names it itself.
    """
    english = WORDS[what] if isinstance(what, Kind) else what
    english = english.hoping(hope.said(HOPED, _ENGLISH) if hope else "").of(_day(day, _ENGLISH))
    translation = translations().get(language)
    if translation is None:
        return english
    words = _found(translation, what)
    if words is None:
        return Words(english.subject, f"{translation.untranslated}\n\n{english.text}", english.link)
    hoped, locale = _hoped_in(language)
    words = words.hoping(hope.said(hoped, locale) if hope else "").of(_day(day, locale))
    if translation.easy_read:
        return words
    below = len([each for each in english.text.split("\n\n") if each.strip()])
    text = f"{words.text}\n\n{english.text}"
    return Words(words.subject, text, words.link, translation.lang, below)


def _day(day: date | None, locale: str) -> str:
    return format_date(day, "EEEE d MMMM", locale=locale) if day else ""


def _hoped_in(language: Language) -> tuple[Hoped, str]:
    """What is said of when an answer is hoped for, and how that language writes days."""
    translation = translations().get(language)
    if translation is None or translation.easy_read:
        return translation.hoped if translation else HOPED, _ENGLISH
    return translation.hoped, translation.language


def _found(translation: Translation, what: Kind | Words) -> Words | None:
    return translation.words.get(what) if isinstance(what, Kind) else translation.of_digest


def _subject(kind: Kind, language: Language) -> str:
    translation = translations().get(language)
    words = translation.words.get(kind) if translation else None
    return (words or WORDS[kind]).subject


def _by_kind(notices: Iterable[Notice]) -> Mapping[Kind, list[UUID]]:
    found: dict[Kind, list[UUID]] = {}
    for each in notices:
        found.setdefault(each.kind, []).append(each.task or each.case)
    return found


def _named(references: Sequence[UUID], language: Language) -> str:
    named = ", ".join(_referred_to(each, language) for each in references[:MOST_NAMED])
    more = len(references) - MOST_NAMED
    return f"{named} + {more}" if more > 0 else named


def _referred_to(about: UUID, language: Language) -> str:
    """The reference as it stands in a sentence of the language."""
    translation = translations().get(language)
    return translation.in_line(reference(about)) if translation else reference(about)


def _briefly(about: UUID, language: Language) -> str:
    """The same in a text message, which carries no marks of direction: Latin letters before a
    number make it run from the left, too."""
    translation = translations().get(language)
    from_right = translation is not None and translation.direction == "rtl"
    return f"No. {reference(about)}" if from_right else reference(about)
