"""What the page of a person says, in their language and format: data, one file for each.

Each is read and checked before the first page is shown: one that lacks a word, or names what there
is not, is met at the start and not by a person. What no speaker has checked says so, on the page.
"""

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import model_validator

from shared.tongues import ENGLISH, FROM_LEFT, WithMoments

ITEMS = frozenset(
    {"name", "phone", "email", "address", "birth-date", "language", "access-needs", "carer"}
)
"""What a service may know of a person."""

COMPANY = frozenset({"link-worker", "volunteer", "known"})
"""Who may go along to a first visit."""

WORDS = frozenset(
    "title_visit title_place with day time where no_day talk talk_more call_me or_call us cannot"
    " cannot_more cannot_button know know_these know_nothing change stop danger about sure_cancel"
    " sure_stop_title sure_stop go_back thanks said_cancel said_call_me said_stop said_change"
    " close_page your_page skip foot once once_more once_button once_which once_wrong said_once"
    " month year goes_along meet".split()
)
"""Everything that the page says."""

FILLED: Mapping[str, frozenset[str]] = {
    "or_call": frozenset({"team"}),
    "about": frozenset({"service"}),
}
"""What is filled in, and where; nothing anywhere else."""


class Tongue(WithMoments):
    """The page in one language and format.

    Attributes:
        words: by what they say.
        items: what a service may know, by its code.
        company: who goes along, by its code.

    Raises:
        pydantic.ValidationError: a word or an item is missing or too many, or is filled with what
            there is not.
    """

    words: Mapping[str, str]
    items: Mapping[str, str]
    company: Mapping[str, str]

    @model_validator(mode="after")
    def _says_everything(self) -> "Tongue":
        lacks = (WORDS ^ self.words.keys()) | (ITEMS ^ self.items.keys())
        lacks |= COMPANY ^ self.company.keys()
        if lacks:
            raise ValueError(f"has other words than the page: {', '.join(sorted(lacks))}")
        for name, words in self.words.items():
            filled = {field for _, field, *_ in string.Formatter().parse(words) if field}
            if filled != FILLED.get(name, frozenset()):
                raise ValueError(f"'{name}' is filled in with other things than the page has")
            if self.turns_round(words):
                raise ValueError(
                    f"a number in groups in '{name}' must have {FROM_LEFT!a} before it"
                )
        return self


@cache
def tongues() -> Mapping[str, Tongue]:
    """Every language and format, by its short name."""
    found = {}
    for file in files(__package__).iterdir():
        if file.name.endswith(".toml"):
            code = file.name.removesuffix(".toml")
            found[code] = Tongue.model_validate(tomllib.loads(file.read_text("utf-8")))
    return found


def tongue_of(language: str, *, easy_read: bool = False) -> Tongue:
    """In which words somebody reads their page: English where there are none in their language.

    Args:
        language: BCP 47, as their record has it.
        easy_read: whether they read Easy Read.
    """
    known = tongues()
    plain = known.get(language.partition("-")[0], known[ENGLISH])
    return known.get(f"{plain.language}-easy", plain) if easy_read else plain
