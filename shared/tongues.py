"""What every file of words says of itself: in which language and format, and who checked it."""

from datetime import datetime
from typing import Literal

from babel.dates import format_date, format_time
from pydantic import BaseModel, ConfigDict, Field

ENGLISH = "en"


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

    @property
    def lang(self) -> str:
        """As a page names its language."""
        return "en-GB" if self.language == ENGLISH else self.language


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
