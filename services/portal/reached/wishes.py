"""What a contact wishes: language, look and quiet hours, what it hears at once, daily or never."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.portal.reached.quiet import hours_with, no_time
from services.portal.staff.fields import Field, Typed
from services.portal.staff.taking import Faults
from shared.languages import _

LANGUAGES: dict[str, str] = {
    "en": _("English"),
    "en-easy": _("Easy Read"),
    "ur": _("Urdu, with English below"),
    "pa": _("Punjabi, with English below"),
    "pl": _("Polish, with English below"),
}
LOOKS: dict[str, str] = {
    "usual": _("As usual"),
    "large": _("Large print"),
    "plain": _("Plain text only"),
}
ONCE, DAILY, NEVER = "at-once", "daily", "never"
WHEN: dict[str, str] = {
    ONCE: _("Tell us at once"),
    DAILY: _("Once a day, in one message"),
    NEVER: _("Do not tell us"),
}
HOURS: dict[str, str] = {
    str(hour): f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}" for hour in range(6, 22)
}

CAN_WAIT: Mapping[str, Mapping[str, str]] = {
    "requests": {
        "chosen": _("When somebody chooses the place that you offered"),
        "announcement": _("News from your hub"),
    },
    "team": {
        "declined": _("When a provider says no"),
        "no-response": _("When a provider does not answer"),
        "handed-over": _("When another team hands a case over to you"),
    },
}
"""By what a contact is for: what need not be told at once. All else always is."""

NOT_AT_ONCE = frozenset({"announcement"})
"""What comes once a day unless it is muted; the urgent comes at once in any case."""

_HOW = (
    Field(
        "language",
        _("In which language?"),
        "select",
        LANGUAGES,
        hint=_(
            "Only the English has been checked. Other words are checked by speakers later. What we"
            " do not have in your language comes in English."
        ),
    ),
    Field("look", _("How should e-mails look?"), "radios", LOOKS),
)
_AT = Field("gathered_at", _("Once a day: at what time?"), "select", HOURS)


AS_ALL, OWN, NO_HOURS = "as-all", "own", "none"
_QUIET = Field(
    "quiet",
    _("When should we be quiet here?"),
    "radios",
    {
        AS_ALL: _("As for all of us"),
        OWN: _("From one hour to another, only here"),
        NO_HOURS: _("Never. You may write at any hour"),
    },
)
_STARTS = Field("starts", _("Only here: quiet from"), "select")
_ENDS = Field("ends", _("Only here: quiet until"), "select")


def fields_of(role: str, wishes: Mapping[str, Any]) -> Sequence[Field]:
    """What is asked of a contact.

    Args:
        role: what it is for.
        wishes: what it wished before.
    """
    hours = hours_with(wishes.get("quiet"))
    quiet = [_QUIET, *(each.choosing(hours) for each in (_STARTS, _ENDS))]
    waits = [
        Field(f"when-{kind}", label, "radios", _when(kind))
        for kind, label in CAN_WAIT.get(role, {}).items()
    ]
    return [*_HOW, *quiet, *waits, *([_AT] if waits else [])]


def _when(kind: str) -> Mapping[str, str]:
    left = {ONCE} if kind in NOT_AT_ONCE else set()
    return {how: words for how, words in WHEN.items() if how not in left}


def as_typed(role: str, wishes: Mapping[str, Any]) -> Typed:
    """A contact's wishes as somebody would have chosen them."""
    typed: Typed = {
        "language": wishes.get("language", "en"),
        "look": wishes.get("look", "usual"),
        "gathered_at": str(wishes.get("gathered_at", 9)),
        "quiet": NO_HOURS if wishes.get("any_hour") else OWN if wishes.get("quiet") else AS_ALL,
        **(wishes.get("quiet") or {}),
    }
    for kind in CAN_WAIT.get(role, {}):
        daily = kind in NOT_AT_ONCE or kind in wishes.get("gathered", ())
        waits = DAILY if daily else ONCE
        typed[f"when-{kind}"] = NEVER if kind in wishes.get("muted", ()) else waits
    return typed


def faults_of(typed: Typed) -> Faults:
    """What is wrong with quiet hours of its own."""
    if typed["quiet"] != OWN:
        return {}
    missing = {"starts": _("Choose when it begins"), "ends": _("Choose when it ends")}
    return {name: words for name, words in missing.items() if not typed[name]} or no_time(typed)


def wished(role: str, typed: Typed, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, as the service takes it; what is not asked here stays as it was."""
    asked = CAN_WAIT.get(role, {})
    chosen = {kind: typed[f"when-{kind}"] for kind in asked}
    kept = {
        name: [kind for kind in wishes.get(name, ()) if kind not in asked]
        + [kind for kind, when in chosen.items() if when == how]
        for name, how in (("gathered", DAILY), ("muted", NEVER))
    }
    quiet = typed["quiet"]
    hour = typed.get("gathered_at") or wishes.get("gathered_at", 9)
    return {
        **wishes,
        **kept,
        "language": typed["language"] or "en",
        "look": typed["look"] or "usual",
        "gathered_at": int(hour),
        "quiet": {name: typed[name] for name in ("starts", "ends")} if quiet == OWN else None,
        "any_hour": quiet == NO_HOURS,
    }
