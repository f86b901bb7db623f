"""Every message that goes out, to be looked at before anybody gets one: for administrators."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.notifications import words
from services.notifications.languages.reading import DIGEST_IS, Translation, translations
from services.notifications.listings import words as listings
from services.notifications.person.rules import DELAYS
from services.notifications.person.rules import Kind as PersonKind
from services.notifications.person.words import EXAMPLE, Template, templates, written
from services.notifications.reach import words as reach
from shared.tongues import ENGLISH


@dataclass(frozen=True)
class Previewed:
    """One message in one language and format.

    Attributes:
        kind: what it says.
        reader: who gets it: `person`, `referrer`, or `staff` for providers, teams and hubs.
        language: its short name, such as `pl` or `en-easy`.
        version: of the words; None where they are part of the program.
        checked_by: which speaker or reader checked them; empty where nobody has.
        subject: its subject line.
        paragraphs: its text.
        brief: as a text message; empty where that is only the subject and a link.
    """

    kind: str
    reader: str
    language: str
    version: int | None
    checked_by: str
    subject: str
    paragraphs: Sequence[str]
    brief: str = ""


def messages(*, filled: bool) -> Iterator[Previewed]:
    """Every message.

    Args:
        filled: with an example in the place of what is filled in; else as the template is, which
            only messages to persons have.
    """
    for template in templates().values():
        for kind in PersonKind:
            yield _of_person(template, kind, filled=filled)
    for translation in translations().values():
        for each, said in translation.words.items():
            yield _translated(translation, each.value, said)
        if translation.of_digest:
            yield _translated(translation, DIGEST_IS, translation.of_digest)
    yield _of_staff(DIGEST_IS, words.DIGEST)
    for declared in (words.WORDS, listings.WORDS, reach.WORDS):
        for code, said in declared.items():
            yield _of_staff(str(code), said)


def _of_staff(kind: str, said: words.Words, hoped: words.Hoped = words.HOPED) -> Previewed:
    text = said.hoping(f"{hoped.usual}\n\n{hoped.urgent}").text
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    return Previewed(kind, "staff", ENGLISH, None, "written in English", said.subject, paragraphs)


def _translated(translation: Translation, kind: str, said: words.Words) -> Previewed:
    return replace(
        _of_staff(kind, said, translation.hoped),
        language=translation.code,
        version=translation.version,
        checked_by=translation.checked_by,
    )


def _of_person(template: Template, kind: PersonKind, *, filled: bool) -> Previewed:
    message = template.messages[kind]
    subject, paragraphs, brief = message.subject, message.text, message.brief
    if filled:
        out = written(template, kind, EXAMPLE, "https://kersey.example/visit/...")
        subject, paragraphs, brief = out.subject, tuple(out.paragraphs), out.brief
    return Previewed(
        kind=kind.value,
        reader=DELAYS.get(kind, "person"),
        language=template.code,
        version=template.version,
        checked_by=template.checked_by,
        subject=subject,
        paragraphs=paragraphs,
        brief=brief,
    )
