"""What is asked of how a person is, measure by measure.

The questions of the ONS are its own words (Open Government Licence v3.0), and those of the UCLA
three-item scale the ones that the ONS recommends. SWEMWBS is licensed: its score alone is asked.
"""

from dataclasses import dataclass

from services.portal.staff.fields import Field

NOT_ASKED = {
    "did-not-want-to": "They did not want to",
    "not-the-right-time": "It was not the right time",
    "not-possible": "It was not possible for them",
    "no-time": "There was no time",
    "other": "Another reason",
}
FILLED_IN = {
    "person": "They filled it in themself",
    "together": "We filled it in together",
    "on-behalf": "Somebody answered for them",
}
HOW = {
    "phone": "On the phone",
    "visit": "Face to face",
    "video": "By video call",
    "online": "Online",
    "paper": "On paper",
}
_OFTEN = {"1": "Hardly ever or never", "2": "Some of the time", "3": "Often"}


@dataclass(frozen=True)
class Group:
    """The questions of one measure.

    Attributes:
        code: of the measure.
        title: what it is about.
        intro: how it is asked.
        questions: by item.
    """

    code: str
    title: str
    intro: str
    questions: tuple[Field, ...]

    @property
    def not_asked(self) -> str:
        """The name of the field that says why nobody asked."""
        return f"{self.code}-not-asked"

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is asked, and why not."""
        why = Field(self.not_asked, "If you did not ask, why?", "select", NOT_ASKED)
        return (*self.questions, why)


def _of_ten(name: str, question: str, hint: str) -> Field:
    return Field(name, question, "number", hint=hint, most=10)


GROUPS = (
    Group(
        "ons4",
        "How they feel about their life",
        "Ask for a number from 0 to 10, where 0 is ‘not at all’ and 10 is ‘completely’.",
        (
            _of_ten(
                "satisfied", "Overall, how satisfied are you with your life nowadays?", "0 to 10"
            ),
            _of_ten(
                "worthwhile",
                "Overall, to what extent do you feel that the things you do in your life are"
                " worthwhile?",
                "0 to 10",
            ),
            _of_ten("happy", "Overall, how happy did you feel yesterday?", "0 to 10"),
            _of_ten(
                "anxious",
                "Overall, how anxious did you feel yesterday?",
                "0 to 10. Here less is better.",
            ),
        ),
    ),
    Group(
        "ucla3",
        "Loneliness: three questions",
        "The three make one sum, so it needs all three answers.",
        (
            Field(
                "companionship",
                "How often do you feel that you lack companionship?",
                "radios",
                _OFTEN,
            ),
            Field("left-out", "How often do you feel left out?", "radios", _OFTEN),
            Field("isolated", "How often do you feel isolated from others?", "radios", _OFTEN),
        ),
    ),
    Group(
        "lonely",
        "Loneliness: asked straight",
        "",
        (
            Field(
                "often",
                "How often do you feel lonely?",
                "radios",
                {
                    "5": "Often or always",
                    "4": "Some of the time",
                    "3": "Occasionally",
                    "2": "Hardly ever",
                    "1": "Never",
                },
            ),
        ),
    ),
    Group(
        "swemwbs",
        "SWEMWBS, if your team has its licence",
        "Add up the seven answers of your form, and type the sum.",
        (Field("raw", "The sum of the seven answers", "number", hint="7 to 35", most=35, least=7),),
    ),
)

OWN_WORDS = (
    Field("wanted", "What they want, in their own words", "words"),
    Field("changed", "What changed for them, in their own words", "words"),
    Field("harm", "What got worse, or was not good for them", "words"),
)
ABOUT = (
    Field("filled_in", "Who answered?", "radios", FILLED_IN),
    Field("how", "How did you ask?", "radios", HOW),
    Field("language", "In which language, if not English?"),
    Field("day", "On which day, if not today?", "day", hint="For example, 27 3 2026"),
)
FIELDS = (*(each for group in GROUPS for each in group.fields), *OWN_WORDS, *ABOUT)
