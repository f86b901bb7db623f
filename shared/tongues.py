"""What every file of words says of itself: in which language and format, and who checked it.

In a script that runs from the right, a number written in groups is shown with its groups the other
way round, so that 116 123 is read as 123 116, unless a mark says that it runs from the left
(Unicode Standard Annex 9, W7). Marks stand in plain text as well as on a page.
"""

import re
from datetime import datetime
from typing import Literal

from babel.dates import format_date, format_time
from pydantic import BaseModel, ConfigDict, Field

ENGLISH, IN_ENGLISH = "en", "en-GB"
"""The language in our words, and as a page names it."""

FROM_LEFT, FROM_RIGHT = "\u200e", "\u200f"

_IN_GROUPS = re.compile(rf"(?<!{FROM_LEFT})(?<!\d )\b\d+ \d")


class InLanguage(BaseModel):
    """Words in one language and format.

    Attributes:
        language: BCP 47.
        name: of the language, in itself.
        direction: of its script.
        easy_read: whether it is Easy Read.
        checked_by: which speaker or reader checked it; empty until somebody has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str = Field(pattern=r"^[a-z]{2,3}$")
    name: str
    direction: Literal["ltr", "rtl"]
    easy_read: bool = False
    checked_by: str = ""

    @property
    def code(self) -> str:
        """Its short name: `pl`, `en-easy`."""
        return f"{self.language}-easy" if self.easy_read else self.language

    def in_line(self, value: str) -> str:
        """A name or a number as it stands in a sentence: in its own order."""
        marked = value and self.direction == "rtl"
        return f"{FROM_LEFT}{value}{FROM_LEFT}" if marked else value

    def turns_round(self, text: str) -> bool:
        """Whether a text holds a number whose groups would be shown the other way round."""
        return self.direction == "rtl" and _IN_GROUPS.search(text) is not None

    def paragraph(self, text: str) -> str:
        """A paragraph that runs as its language does, though it may begin with a foreign name."""
        return f"{FROM_RIGHT}{text}" if self.direction == "rtl" else text

    @property
    def lang(self) -> str:
        """As a page names its language."""
        return IN_ENGLISH if self.language == ENGLISH else self.language


class WithMoments(InLanguage):
    """Words that tell days and times.

    Attributes:
        day: how a day is written, as a pattern of Unicode CLDR.
        time: how a time of day is, likewise.
    """

    day: str = Field(pattern=r"^[EdM,. ]+$")
    time: str = Field(pattern=r"^[hHma:. ]+$")

    def on(self, moment: datetime) -> str:
        """A day in words; `moment` is local."""
        return str(format_date(moment, self.day, locale=self._locale))

    def at(self, moment: datetime) -> str:
        """A time of day; `moment` is local."""
        return str(format_time(moment, self.time, tzinfo=moment.tzinfo, locale=self._locale))

    @property
    def _locale(self) -> str:
        return self.lang.replace("-", "_")
