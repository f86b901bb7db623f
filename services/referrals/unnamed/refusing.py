"""Words for a provider that may not know yet who the person is: refused, or confirmed (care 5)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from services.referrals.casefile import CaseFile
from services.referrals.domain import Refused
from services.referrals.tables import CaseTask
from services.referrals.unnamed.found import Found
from services.referrals.unnamed.looking import look_through
from services.referrals.unnamed.reading import Around

CONFIRMED = "words-confirmed"
"""The act of saying that words may stay, in the trail; it does not say which."""

NOT_CHECKED_FOR_HEALTH = ("access_needs", "needs")
"""What somebody needs, and needs to take part, travels with the request (care 18)."""


class TellsWho(Refused):
    """Words tell who the person is, or may do so and nobody has said that they may stay.

    Args:
        found: by element, what was found and where. It holds no word of the text.
    """

    def __init__(self, found: Mapping[str, Collection[Found]]) -> None:
        flat = [each for these in found.values() for each in these]
        if any(each.theirs for each in flat):
            words = (
                "The provider reads this before it may know who the person is, and this would"
                " tell. `found` says where. Take it out."
            )
        else:
            words = (
                "The provider reads this before it may know who the person is. `found` says what"
                " may tell something of them. Take it out, or name it in `may_stay`."
            )
        super().__init__("business-rule", words, next(iter(found)))
        self.found = found

    @property
    def told(self) -> list[dict[str, Any]]:
        """What was found, as an answer names it: by element, kind and place."""
        return [
            {
                "element": element,
                "kind": each.kind.value,
                "start": each.start,
                "end": each.end,
                "may_stay": not each.theirs,
            }
            for element, these in self.found.items()
            for each in these
        ]


def refuse_telling(
    file: CaseFile, texts: Mapping[str, str], around: Around, may_stay: Collection[str]
) -> bool:
    """Let no text go that tells who the person is.

    Args:
        file: the case.
        texts: what the provider will read, by element.
        around: what is known of the person.
        may_stay: words of which the link worker said that they tell nobody who it is.

    Returns:
        Whether something may stay only because the link worker said so: `note_confirmed` it.

    Raises:
        TellsWho: see there.
    """
    said = {_as_said(each) for each in may_stay}
    found = dict(_found(file, texts, around))
    left = {
        element: [
            each
            for each in these
            if each.theirs or _as_said(texts[element][each.start : each.end]) not in said
        ]
        for element, these in found.items()
    }
    left = {element: these for element, these in left.items() if these}
    if left:
        raise TellsWho(left)
    return any(found.values())


def _as_said(words: str) -> str:
    """Words as they are compared with those in a text: a form may change spaces and lines."""
    return " ".join(words.split()).casefold()


def note_confirmed(file: CaseFile, task: CaseTask) -> None:
    """Keep that the link worker said of words that they may stay: who and when, not which."""
    file.audit(CONFIRMED, f"Task/{task.id}")


def _found(
    file: CaseFile, texts: Mapping[str, str], around: Around
) -> Iterator[tuple[str, list[Found]]]:
    for element, text in texts.items():
        yield (
            element,
            look_through(
                text,
                around.known,
                file.now.date(),
                ordinary=around.ordinary,
                public=around.public,
                health=element.partition(".")[0] not in NOT_CHECKED_FOR_HEALTH,
            ),
        )
