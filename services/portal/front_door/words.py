"""What the front door asks for and what it says, in plain words.

Codes are those of the directory's taxonomies and of referrals; the words beside them are the pages'
own, for a reader of nine to eleven years.
"""

from collections.abc import Mapping

SOURCES: Mapping[str, str] = {
    "self": "I want help for myself",
    "family": "I am family, a friend or a neighbour",
    "care-navigator": "I am a care navigator",
    "practice": "I work at a GP practice",
    "pharmacy": "I work at a pharmacy",
    "hospital": "I work at a hospital",
    "council": "I work at the council",
    "housing": "I work for a housing group or landlord",
    "charity": "I work or help at a charity or group",
    "job-centre": "I work at a job centre",
    "police": "I work for the police",
    "fire": "I work for the fire service",
}
"""Who is at the door (care 22)."""

NEEDS: Mapping[str, str] = {
    "loneliness": "Feeling lonely",
    "low-mood": "Feeling low",
    "anxiety": "Worry or fear",
    "bereavement": "Someone has died, or another loss",
    "money": "Money, bills or benefits",
    "food": "Having enough to eat",
    "housing": "Housing",
    "work": "Work",
    "caring": "Looking after someone",
    "body-image": "Feeling bad about how I look",
    "long-term-condition": "Living with an illness or a disability",
    "inactivity": "Moving more",
    "learning": "Learning something",
    "purpose": "Something to do that matters",
    "digital-exclusion": "Phones, computers and the internet",
    "transport": "Getting to places",
}

ACCESS: Mapping[str, str] = {
    "large-print": "Large print",
    "easy-read": "Easy Read",
    "bsl": "British Sign Language",
    "interpreter": "An interpreter",
    "hearing-loop": "A hearing loop",
    "step-free": "No steps",
    "quiet-space": "A quiet place",
    "carer-welcome": "To bring someone along",
    "buddy": "Someone to come along the first time",
}

SAFE: Mapping[str, str] = {
    "yes": "Yes",
    "no": "No, please do not use it",
    "unknown": "Not sure. Ask first",
}
"""Whether a way to the person may be used (care 12)."""

AGREED: Mapping[str, str] = {
    "in-person": "They told me face to face",
    "by-phone": "They told me on the phone",
    "in-writing": "They wrote it",
    "on-behalf": "I can decide for them by law (such as a power of attorney)",
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
