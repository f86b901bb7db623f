"""Translations of messages to staff, read and checked when the service starts.

English (`words`) is the source: a file that names what the English does not, or leaves out a
reference or a code that the English has, is refused there and not when somebody should be told. A
file need not have every message: what it has not comes in English, and says so.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.notifications.domain import Kind
from services.notifications.words import DIGEST, WORDS, Hoped, Words
from shared.tongues import InLanguage

DIGEST_IS = "digest"
"""What the digest is called in a file."""


class TranslationFault(Exception):
    """A translation that cannot be used; says which, and what is wrong with it."""


class Said(BaseModel):
    """One message.

    Attributes:
        subject: its subject line.
        text: paragraphs.
        link: what the link is called, where the English has one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(min_length=1, max_length=120)
    text: tuple[str, ...] = Field(min_length=1)
    link: str | None = None

    @property
    def words(self) -> Words:
        """The same as the program's own."""
        return Words(self.subject, "\n\n".join(self.text), self.link)


class Translation(InLanguage):
    """Messages in one language and format.

    Attributes:
        version: rises with every change of the words.
        untranslated: said above what comes in English.
        messages: by kind.
        digest: what stands around several messages in one.
        hoped: how urgent a request is, and by when its answer is hoped for.
    """

    version: int = Field(ge=1)
    untranslated: str = Field(min_length=1)
    messages: Mapping[Kind, Said]
    digest: Said | None = None
    hoped: Hoped

    @cached_property
    def words(self) -> Mapping[Kind, Words]:
        """By kind, as the program's own."""
        return {kind: each.words for kind, each in self.messages.items()}

    @cached_property
    def of_digest(self) -> Words | None:
        """What stands around several messages in one."""
        return self.digest.words if self.digest else None


def translation_of(name: str, content: str) -> Translation:
    """A translation of a file's content, checked.

    Args:
        name: of the file, to be said in a fault.
        content: TOML.

    Raises:
        TranslationFault: it cannot be used.
    """
    try:
        told: dict[str, Any] = tomllib.loads(content)
        messages = {kind: told.pop(kind.value) for kind in Kind if kind.value in told}
        found = Translation.model_validate({**told, "messages": messages})
        for kind, words in found.words.items():
            _check(kind.value, words, WORDS[kind])
        _check_hoped(found.hoped)
        if found.of_digest:
            _check(DIGEST_IS, found.of_digest, DIGEST)
    except (tomllib.TOMLDecodeError, ValidationError, ValueError) as error:
        raise TranslationFault(f"{name}: {error}") from error
    return found


def _check(what: str, words: Words, english: Words) -> None:
    named, wanted = _names(words.text), _names(english.text)
    if named != wanted:
        of = ", ".join(sorted(named ^ wanted))
        raise ValueError(f"{what}.text must name what the English does; that differs in {of}")
    if _names(words.subject):
        raise ValueError(f"{what}.subject may name nothing")
    if bool(words.link) != bool(english.link):
        raise ValueError(f"{what}.link must be there where the English has one, and only there")


def _check_hoped(hoped: Hoped) -> None:
    for name, sentence in asdict(hoped).items():
        if _names(sentence) != {"by"}:
            raise ValueError(f"hoped.{name} must name by, and nothing else")


def _names(text: str) -> set[str]:
    """The names in braces.

    Raises:
        ValueError: the braces do not match.
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@cache
def translations() -> Mapping[str, Translation]:
    """Every translation by its short name, read and checked at the first call.

    Raises:
        TranslationFault: one cannot be used.
    """
    folder = files(__package__)
    found = [
        translation_of(each.name, each.read_text(encoding="utf-8"))
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if each.name.endswith(".toml")
    ]
    return {each.code: each for each in found}
