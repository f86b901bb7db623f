"""What messages to a person say: templates as data, one file for each language and format.

Every template is read and checked when the service starts: one that names what there is not, that
leaves out what its message is for, or whose text message tells more than it may, is refused there
and not when somebody should be told.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.notifications.person.rules import Kind
from shared.tongues import ENGLISH, FROM_LEFT, WithMoments

FACTS = frozenset({"given", "service", "place", "day", "time", "team", "phone"})
"""All that a mail or a letter may say: the first name at most, no need, no diagnosis (care 16)."""
FACTS_OF_DELAY: Mapping[Kind, frozenset[str]] = {
    Kind.DELAY: frozenset({"given", "team", "phone"}),
    Kind.REFERRER_DELAY: frozenset({"reference", "team", "phone"}),
}
"""All that these may say instead: whoever referred another reads nothing of the person."""
CRISIS = ("999", "111", "116 123")
"""What a message about a delay begins with: it is read by somebody whom we let wait."""
BRIEF_FACTS_OF_DELAY: Mapping[Kind, frozenset[str]] = {
    Kind.DELAY: frozenset(),
    Kind.REFERRER_DELAY: frozenset({"reference"}),
}
BRIEF_FACTS = frozenset({"day", "time", "url"})
"""All that a text message may say. A group's name can tell why somebody goes there, and a text
stands on a locked screen."""
NEEDED: Mapping[Kind, frozenset[str]] = {
    Kind.AGREED: frozenset({"service", "place", "day", "time"}),
    Kind.MEETING: frozenset({"service", "place", "day", "time"}),
    Kind.REMINDER: frozenset({"service", "place", "day", "time"}),
    Kind.DELAY: frozenset({"phone"}),
    Kind.REFERRER_DELAY: frozenset({"phone", "reference"}),
}
"""What a message is for: a template that does not name it is refused."""
NEEDED_IN_BRIEF: Mapping[Kind, frozenset[str]] = {
    Kind.AGREED: frozenset({"url"}),
    Kind.MEETING: frozenset({"day", "time", "url"}),
    Kind.REMINDER: frozenset({"day", "time", "url"}),
    Kind.DELAY: frozenset(),
    Kind.REFERRER_DELAY: frozenset({"reference"}),
}


class TemplateFault(Exception):
    """A template that cannot be used; says which, and what is wrong with it."""


class Message(BaseModel):
    """One message in one language.

    Attributes:
        subject: of a mail or a letter; says nothing that a passer-by must not read.
        text: paragraphs; one that names what is not known is left out.
        link: what the link is called; empty where the message leads nowhere.
        brief: the text message.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(min_length=1, max_length=120)
    text: tuple[str, ...] = Field(min_length=1)
    link: str = Field(default="", max_length=80)
    brief: str = Field(min_length=1, max_length=300)


class Template(WithMoments):
    """Every message in one language and format.

    Attributes:
        version: rises with every change of the words; noted with each message.
        messages: by kind.
    """

    version: int = Field(ge=1)
    messages: Mapping[Kind, Message]

    @property
    def edition(self) -> str:
        """Its short name with the version, to be noted with a message."""
        return f"{self.code}/{self.version}"


@dataclass(frozen=True)
class Facts:
    """What is known when a message is written; what is not known is empty.

    Attributes:
        given: the first name.
        service: what the service is called.
        place: where it is.
        starts: when the first visit is, in local time.
        team: what the link workers' team is called.
        phone: its number.
        reference: the number on the receipt of whoever referred.
    """

    given: str = ""
    service: str = ""
    place: str = ""
    starts: datetime | None = None
    team: str = ""
    phone: str = ""
    reference: str = ""


EXAMPLE = Facts(
    given="Kath",
    service="Sampler Sundays",
    place="Victoria Hall, Victoria Road, Saltaire, BD18 3JS",
    starts=datetime(2027, 3, 4, 14, 30, tzinfo=ZoneInfo("Europe/London")),
    team="Beckside link workers",
    phone="01632 960101",
    reference="KDJ-4F7-X2M",
)
"""Nobody, for whoever wants to see a message before anybody gets one."""


@dataclass(frozen=True)
class PersonWords:
    """A message as it goes out.

    Attributes:
        subject: of a mail or a letter.
        paragraphs: their text.
        link: what the link is called.
        brief: the text message, which holds the link.
        edition: which template in which version.
        lang: its language, as a page names it.
        english: how many of the last paragraphs are in English, where the others are not.
    """

    subject: str
    paragraphs: Sequence[str]
    link: str
    brief: str
    edition: str
    lang: str
    english: int


def written(template: Template, kind: Kind, facts: Facts, url: str) -> PersonWords:
    """A message in words.

    In another language it is followed by the English, so that somebody whom the person shows it to
    can help; Easy Read stands alone.
    """
    english = templates()[ENGLISH]
    message = template.messages[kind]
    paragraphs = list(_paragraphs(template, message, facts))
    below: list[str] = []
    if template.language != ENGLISH:
        below += _paragraphs(english, english.messages[kind], facts)
    brief = message.brief.format(**_values(template, facts, marked=False), url=url)
    return PersonWords(
        message.subject,
        [*paragraphs, *below],
        message.link,
        brief,
        template.edition,
        template.lang,
        len(below),
    )


def chosen(language: str, *, easy_read: bool) -> Template:
    """The template for a reader: Easy Read where they need it, else their language, else English.

    Args:
        language: BCP 47; one for which there is no template is written to in English.
        easy_read: whether they read Easy Read.
    """
    known = templates()
    codes = [f"{language}-easy", language] if easy_read else [language]
    fallback = f"{ENGLISH}-easy" if easy_read and language == ENGLISH else ENGLISH
    return known[next((each for each in codes if each in known), fallback)]


def _paragraphs(template: Template, message: Message, facts: Facts) -> Iterator[str]:
    values = _values(template, facts)
    for each in message.text:
        if all(values[name] for name in _names(each)):
            yield template.paragraph(each.format(**values))


def _values(template: Template, facts: Facts, *, marked: bool = True) -> dict[str, str]:
    """What is filled in; `marked` but for text messages, which carry no marks of direction."""
    starts = facts.starts
    foreign = {
        "given": facts.given,
        "service": facts.service,
        "place": facts.place,
        "team": facts.team,
        "phone": facts.phone,
        "reference": facts.reference,
    }
    if marked:
        foreign = {name: template.in_line(value) for name, value in foreign.items()}
    return foreign | {
        "day": template.on(starts) if starts else "",
        "time": template.at(starts) if starts else "",
    }


def _names(text: str) -> set[str]:
    """The names in braces.

    Raises:
        ValueError: the braces do not match.
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def template_of(name: str, content: str) -> Template:
    """A template of a file's content, checked.

    Args:
        name: of the file, to be said in a fault.
        content: TOML.

    Raises:
        TemplateFault: it cannot be used.
    """
    try:
        told: dict[str, Any] = tomllib.loads(content)
        messages = {kind: told.pop(kind.value) for kind in Kind if kind.value in told}
        template = Template.model_validate({**told, "messages": messages})
        _check(template)
    except (tomllib.TOMLDecodeError, ValidationError, ValueError, LookupError) as error:
        raise TemplateFault(f"{name}: {error}") from error
    return template


def _check(template: Template) -> None:
    for kind in Kind:
        if kind not in template.messages:
            raise ValueError(f"{kind} is missing")
        message = template.messages[kind]
        named: set[str] = set().union(*(_names(each) for each in message.text))
        of_delay = FACTS_OF_DELAY.get(kind)
        _only(f"{kind}.text", named, of_delay or FACTS)
        of_brief = BRIEF_FACTS_OF_DELAY.get(kind, BRIEF_FACTS)
        _only(f"{kind}.brief", _names(message.brief), of_brief)
        _only(f"{kind}.subject", _names(message.subject), set())
        _only(f"{kind}.link", _names(message.link), set())
        _needed(f"{kind}.text", named, NEEDED[kind])
        _needed(f"{kind}.brief", _names(message.brief), NEEDED_IN_BRIEF[kind])
        if bool(message.link) == bool(of_delay):
            raise ValueError(f"{kind}.link must be there where the message leads somewhere")
        if any(template.turns_round(each) for each in (*message.text, message.brief)):
            raise ValueError(f"{kind}: a number in groups must have {FROM_LEFT!a} before it")
        for first in (message.text[0], message.brief) if of_delay else ():
            together = first.replace(" ", "")  # as a text message has it
            if not all(number.replace(" ", "") in together for number in CRISIS):
                raise ValueError(f"{kind} must begin with {', '.join(CRISIS)}")


def _only(where: str, named: set[str], allowed: set[str] | frozenset[str]) -> None:
    strange = sorted(named - allowed)
    if strange:
        raise ValueError(f"{where} may not name {', '.join(strange)}")


def _needed(where: str, named: set[str], needed: frozenset[str]) -> None:
    missing = sorted(needed - named)
    if missing:
        raise ValueError(f"{where} must name {', '.join(missing)}")


@cache
def templates() -> Mapping[str, Template]:
    """Every template by its short name, read and checked at the first call.

    Raises:
        TemplateFault: one cannot be used.
    """
    folder = files(__package__) / "templates"
    found = [
        template_of(each.name, each.read_text(encoding="utf-8"))
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if each.name.endswith(".toml")
    ]
    return {each.code: each for each in found}
