"""What is asked of how a person is, measure by measure.

The questions of the ONS are its own words (Open Government Licence v3.0), and those of the UCLA
three-item scale the ones that the ONS recommends. SWEMWBS is licensed: its score alone is asked.
"""

from dataclasses import dataclass

from services.portal.staff.fields import Field
from shared.languages import _

NOT_ASKED = {
    "did-not-want-to": _("They did not want to"),
    "not-the-right-time": _("It was not the right time"),
    "not-possible": _("It was not possible for them"),
    "no-time": _("There was no time"),
    "other": _("Another reason"),
}
FILLED_IN = {
    "person": _("They filled it in themself"),
    "together": _("We filled it in together"),
    "on-behalf": _("Somebody answered for them"),
}
HOW = {
    "phone": _("On the phone"),
    "visit": _("Face to face"),
    "video": _("By video call"),
    "online": _("Online"),
    "paper": _("On paper"),
}
_OFTEN = {"1": _("Hardly ever or never"), "2": _("Some of the time"), "3": _("Often")}


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
        why = Field(self.not_asked, _("If you did not ask, why?"), "select", NOT_ASKED)
        return (*self.questions, why)


def _of_ten(name: str, question: str, hint: str) -> Field:
    return Field(name, question, "number", hint=hint, most=10)


GROUPS = (
    Group(
        "ons4",
        _("How they feel about their life"),
        _("Ask for a number from 0 to 10, where 0 is ‘not at all’ and 10 is ‘completely’."),
        (
            _of_ten(
                "satisfied",
                _("Overall, how satisfied are you with your life nowadays?"),
                _("0 to 10"),
            ),
            _of_ten(
                "worthwhile",
                _(
                    "Overall, to what extent do you feel that the things you do in your life are"
                    " worthwhile?"
                ),
                _("0 to 10"),
            ),
            _of_ten("happy", _("Overall, how happy did you feel yesterday?"), _("0 to 10")),
            _of_ten(
                "anxious",
                _("Overall, how anxious did you feel yesterday?"),
                _("0 to 10. Here less is better."),
            ),
        ),
    ),
    Group(
        "ucla3",
        _("Loneliness: three questions"),
        _("The three make one sum, so it needs all three answers."),
        (
            Field(
                "companionship",
                _("How often do you feel that you lack companionship?"),
                "radios",
                _OFTEN,
            ),
            Field("left-out", _("How often do you feel left out?"), "radios", _OFTEN),
            Field("isolated", _("How often do you feel isolated from others?"), "radios", _OFTEN),
        ),
    ),
    Group(
        "lonely",
        _("Loneliness: asked straight"),
        "",
        (
            Field(
                "often",
                _("How often do you feel lonely?"),
                "radios",
                {
                    "5": _("Often or always"),
                    "4": _("Some of the time"),
                    "3": _("Occasionally"),
                    "2": _("Hardly ever"),
                    "1": _("Never"),
                },
            ),
        ),
    ),
    Group(
        "swemwbs",
        _("SWEMWBS, if your team has its licence"),
        _("Add up the seven answers of your form, and type the sum."),
        (
            Field(
                "raw",
                _("The sum of the seven answers"),
                "number",
                hint=_("7 to 35"),
                most=35,
                least=7,
            ),
        ),
    ),
)

OWN_WORDS = (
    Field("wanted", _("What they want, in their own words"), "words"),
    Field("changed", _("What changed for them, in their own words"), "words"),
    Field("harm", _("What got worse, or was not good for them"), "words"),
)
ABOUT = (
    Field("filled_in", _("Who answered?"), "radios", FILLED_IN),
    Field("how", _("How did you ask?"), "radios", HOW),
    Field("language", _("In which language, if not English?")),
    Field("day", _("On which day, if not today?"), "day", hint=_("For example, 27 3 2026")),
)
FIELDS = (*(each for group in GROUPS for each in group.fields), *OWN_WORDS, *ABOUT)
