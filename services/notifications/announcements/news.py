"""What an announcement says, as a message has it. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True)
class News:
    """What an announcement says, for a message.

    Attributes:
        title: its heading.
        text: its words, with empty lines between paragraphs.
    """

    title: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        """The text's paragraphs, each on one line."""
        parts = [" ".join(each.split()) for each in self.text.split("\n\n")]
        return [each for each in parts if each]
