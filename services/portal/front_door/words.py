"""What the front door asks for and what it says, in plain words.

Codes are those of the directory's taxonomies and of referrals; the words beside them are the pages'
own, for a reader of nine to eleven years.
"""

from collections.abc import Mapping

from shared.languages import _

SOURCES: Mapping[str, str] = {
    "self": _("I want help for myself"),
    "family": _("I am family, a friend or a neighbour"),
    "care-navigator": _("I am a care navigator"),
    "practice": _("I work at a GP practice"),
    "pharmacy": _("I work at a pharmacy"),
    "hospital": _("I work at a hospital"),
    "council": _("I work at the council"),
    "housing": _("I work for a housing group or landlord"),
    "charity": _("I work or help at a charity or group"),
    "job-centre": _("I work at a job centre"),
    "police": _("I work for the police"),
    "fire": _("I work for the fire service"),
}
"""Who is at the door (care 22)."""

NEEDS: Mapping[str, str] = {
    "loneliness": _("Feeling lonely"),
    "low-mood": _("Feeling low"),
    "anxiety": _("Worry or fear"),
    "bereavement": _("Someone has died, or another loss"),
    "money": _("Money, bills or benefits"),
    "food": _("Having enough to eat"),
    "housing": _("Housing"),
    "work": _("Work"),
    "caring": _("Looking after someone"),
    "body-image": _("Feeling bad about how I look"),
    "long-term-condition": _("Living with an illness or a disability"),
    "inactivity": _("Moving more"),
    "learning": _("Learning something"),
    "purpose": _("Something to do that matters"),
    "digital-exclusion": _("Phones, computers and the internet"),
    "transport": _("Getting to places"),
    "isolation-language": _("Being cut off by not sharing a language"),
    "memory": _("Memory and dementia"),
    "parenting": _("Bringing up children"),
    "alcohol-and-drugs": _("Alcohol or drugs"),
    "safety": _("Feeling safe"),
}
"""Every need that the directory matches: what can be found can be asked for."""

ACCESS: Mapping[str, str] = {
    "large-print": _("Large print"),
    "easy-read": _("Easy Read"),
    "bsl": _("British Sign Language"),
    "interpreter": _("An interpreter"),
    "hearing-loop": _("A hearing loop"),
    "step-free": _("No steps"),
    "quiet-space": _("A quiet place"),
    "carer-welcome": _("To bring someone along"),
    "buddy": _("Someone to come along the first time"),
}
INTERPRETER = "interpreter-"
"""What an access need begins with that says the language too."""

SAFE: Mapping[str, str] = {
    "yes": _("Yes"),
    "no": _("No, please do not use it"),
    "unknown": _("Not sure. Ask first"),
}
"""Whether a way to the person may be used (care 12)."""

AGREED: Mapping[str, str] = {
    "in-person": _("They told me face to face"),
    "by-phone": _("They told me on the phone"),
    "in-writing": _("They wrote it"),
    "on-behalf": _("I can decide for them by law (such as a power of attorney)"),
}
"""How somebody agreed to be referred by another (care 7)."""

MOST: Mapping[str, int] = {"words": 2000}
"""Letters that a field takes, where it is not `MOST_LINE`."""
MOST_LINE = 200

ONE: tuple[str, ...] = (
    "referrer_name",
    "relation",
    "referrer_role",
    "referrer_organisation",
    "referrer_phone",
    "referrer_email",
    "words",
    "given",
    "family",
    "day",
    "month",
    "year",
    "nhs_number",
    "phone",
    "phone_safe",
    "voicemail",
    "text_safe",
    "email",
    "email_safe",
    "address",
    "post_safe",
    "times",
    "say",
    "keep_from",
    "language",
    "access_detail",
    "practice",
    "tell_gp",
    "agreed",
    "agreed_how",
    "tell_referrer",
)
"""Fields with one value, in the order of the page."""

MANY: tuple[str, ...] = ("needs", "access")
"""Fields of which several may be chosen."""


def need(code: str) -> str:
    """A need by its code, in plain words."""
    return NEEDS.get(code) or code.replace("-", " ").capitalize()


def need_as_said(code: str, said: str) -> str:
    """A need in the words of who named it.

    A sender that has no words of its own repeats the code: that is said as everywhere else.
    """
    if said.lower() in ("", code, code.replace("-", " ")):
        return need(code)
    return said[0].upper() + said[1:]


def access(said: str) -> str:
    """What somebody needs to take part, by its code; what is no code stays as it was written."""
    if said.startswith(INTERPRETER):
        spoken = said.removeprefix(INTERPRETER).capitalize()
        return _("An interpreter: {language}").format(language=spoken)
    return ACCESS.get(said) or (said if " " in said else said.replace("-", " ").capitalize())
