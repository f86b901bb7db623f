"""What was typed at the front door: read, judged field by field, and put as referrals takes it.

It knows neither a page nor a request, so that whoever enters what came by phone or on paper asks by
the same fields and the same rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from services.portal.front_door.words import (
    ACCESS,
    AGREED,
    MANY,
    MOST,
    MOST_LINE,
    NEEDS,
    ONE,
    SAFE,
)
from services.portal.typed import Mistyped, day_of, too_long, unwrapped, visible
from shared.fhir.nhs import is_nhs_number
from shared.languages import _

Json = dict[str, Any]

OLDEST = 130
"""Years that somebody may be old; an earlier year is a slip of the keyboard."""

MANY_LINES = frozenset({"words", "address"})
_ADULT_EXAMPLE = "27 3 1961"

WAYS: Mapping[str, tuple[str, str, str]] = {
    "phone": ("phone", "phone_safe", _("Type the phone number")),
    "text": ("phone", "text_safe", _("Type the phone number")),
    "email": ("email", "email_safe", _("Type the e-mail address")),
    "post": ("address", "post_safe", _("Type the address")),
}
"""By channel: the field with its value, the field that says whether it is safe, and what is asked
for where only the second is given."""

_SAY_WHETHER = {
    "phone": _("Choose if it is safe to ring this number"),
    "email": _("Choose if it is safe to write to this e-mail address"),
    "post": _("Choose if it is safe to send a letter to this address"),
}


@dataclass
class Filled:
    """A form as it was filled in.

    Attributes:
        who: one of `SOURCES`.
        one: what stands in each field with one value.
        many: what was chosen of each field with several.
        faults: what to change, by field, in the order of the page.
    """

    who: str
    one: dict[str, str] = field(default_factory=dict)
    many: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether somebody refers themselves."""
        return self.who == "self"

    def check(self, today: date, practices: Mapping[str, str]) -> None:
        """Judge it: `faults` says what to change.

        Args:
            today: where the form is filled in.
            practices: those that may be named.
        """
        found: dict[str, str] = {}
        self._check_lengths(found)
        self._check_person(found, today)
        self._check_ways(found)
        self._check_rest(found, practices)
        order = [*ONE, *MANY]
        self.faults = {name: found[name] for name in sorted(found, key=order.index)}

    def body(self, key: str, hub: str, today: date) -> Json:
        """What referrals is handed.

        Args:
            key: of the form; see `stamp`.
            hub: the code of the hub.
            today: as for `check`, which found no fault.
        """
        one = self.one
        said: Json = {
            "key": key,
            "hub": hub,
            "source": self.who,
            "entered": "online",
            "person": self._person(today),
            "words": one["words"],
            "needs": [{"code": code, "display": NEEDS[code]} for code in self.many["needs"]],
            "contacts": self._contacts(),
            "access_needs": self._access_needs(),
            "practice": one["practice"] or None,
            "tell_gp": bool(one["practice"]) and one["tell_gp"] == "yes",
            "agreed": one["agreed"] == "yes",
            "agreed_how": "self" if self.own else one["agreed_how"],
        }
        if not self.own:
            said["referrer"] = {
                name: one[f"referrer_{name}"]
                for name in ("name", "role", "organisation", "phone", "email")
            }
            said["tell_referrer"] = one["tell_referrer"] == "yes"
        if self.who == "family":
            said["relation"] = one["relation"]
        return said

    # --- rules ------------------------------------------------------------------------------------

    def _check_lengths(self, found: dict[str, str]) -> None:
        for name, value in self.one.items():
            most = MOST.get(name, MOST_LINE)
            if len(value) > most:
                found[name] = too_long(len(value), most)

    def _check_person(self, found: dict[str, str], today: date) -> None:
        one = self.one
        if not one["words"] and not self.many["needs"]:
            found["words"] = _("Write or choose what would help")
        if not one["given"] and not one["family"]:
            found["given"] = _("Type a name")
        for name in ("given", "family"):
            if _is_a_number(one[name]):
                found[name] = _("Type a name here, in letters. Numbers have fields further down")
        try:
            self.born(today)
        except Mistyped as mistyped:
            found["day"] = str(mistyped)
        number = one["nhs_number"].replace(" ", "")
        if number and not is_nhs_number(number):
            found["nhs_number"] = _("This is no NHS number. Check its 10 digits, or leave it empty")

    def _check_ways(self, found: dict[str, str]) -> None:
        usable = False
        for channel, (value, safe, ask) in WAYS.items():
            chosen = self.one[safe]
            if chosen and chosen not in SAFE:
                found[safe] = _("Choose one of the answers")
            elif chosen in ("yes", "unknown") and not self.one[value]:
                found.setdefault(value, ask)
            elif self.one[value] and not chosen and channel in _SAY_WHETHER:
                found[safe] = _SAY_WHETHER[channel]
            usable = usable or (bool(self.one[value]) and chosen in ("yes", "unknown"))
        phone = self.one["phone"]
        if phone and sum(each.isdecimal() for each in phone) < 6:
            found["phone"] = _("Type the whole phone number, such as 07700 900123")
        for name in ("email", "referrer_email"):
            if self.one[name] and not _looks_like_email(self.one[name]):
                found[name] = _("Type the whole e-mail address, such as name@example.org")
        if self.own and not usable and not {"phone", "email", "address"} & found.keys():
            found.setdefault("phone", _("Type one safe way to reach you"))

    def _check_rest(self, found: dict[str, str], practices: Mapping[str, str]) -> None:
        one = self.one
        if one["practice"] and one["practice"] not in practices:
            found["practice"] = _("Choose a GP practice from the list, or leave it open")
        if not self.own:
            if not one["referrer_name"]:
                found["referrer_name"] = _("Type your name")
            elif _is_a_number(one["referrer_name"]):
                found["referrer_name"] = _("Type your name here, in letters")
            if not one["referrer_phone"] and not one["referrer_email"]:
                found["referrer_phone"] = _("Type your phone number or your e-mail address")
            if one["agreed_how"] not in AGREED:
                found["agreed_how"] = _("Choose how they agreed")
        if self.who == "family" and not one["relation"]:
            found["relation"] = _("Type what you are to them, such as daughter or neighbour")
        if one["agreed"] != "yes":
            found["agreed"] = (
                _("Tick the box if you agree") if self.own else _("Tick the box if they agreed")
            )

    # --- parts of what is handed in ---------------------------------------------------------------

    def born(self, today: date) -> date | None:
        """The day of birth; None where it was not said.

        Args:
            today: no later day is taken.

        Raises:
            Mistyped: it is no day.
        """
        parts = {name: self.one[name] for name in ("day", "month", "year")}
        if not any(parts.values()):
            return None
        return day_of(
            parts,
            today,
            earliest=today.year - OLDEST,
            such_as=_ADULT_EXAMPLE,
            too_late=_("A date of birth is never in the future. Check the year"),
        )

    def _person(self, today: date) -> Json:
        born = self.born(today)
        number = self.one["nhs_number"].replace(" ", "")
        return {
            "given": self.one["given"],
            "family": self.one["family"],
            "birth_date": born.isoformat() if born else None,
            "nhs_number": number or None,
        }

    def _contacts(self) -> list[Json]:
        one = self.one
        how = {"times": one["times"], "words": one["say"], "keep_from": one["keep_from"]}
        return [
            {
                "channel": channel,
                "value": " ".join(one[value].split()),
                "safe": one[safe],
                "voicemail": channel == "phone" and one["voicemail"] == "yes",
                **how,
            }
            for channel, (value, safe, _) in WAYS.items()
            if one[value] and one[safe]
        ]

    def _access_needs(self) -> list[Json]:
        found = [{"code": code, "detail": ""} for code in self.many["access"]]
        if self.one["language"]:
            found.append({"code": "language", "detail": self.one["language"]})
        if self.one["access_detail"]:
            found.append({"code": "other", "detail": self.one["access_detail"]})
        return found


def blank(who: str, **values: str) -> Filled:
    """A form in which nothing stands but `values`."""
    one = dict.fromkeys(ONE, "") | values
    return Filled(who, one, {name: [] for name in MANY})


def read(who: str, form: FormData) -> Filled:
    """What was typed. What cannot be seen is taken out: whoever sends looks at the rest first."""
    filled = blank(who)
    for name in ONE:
        value = form.get(name)
        text = visible(unwrapped(value)).strip() if isinstance(value, str) else ""
        filled.one[name] = text if name in MANY_LINES else " ".join(text.split())
    for name, known in (("needs", NEEDS), ("access", ACCESS)):
        chosen = form.getlist(name)
        filled.many[name] = [code for code in known if code in chosen]
    return filled


def _is_a_number(name: str) -> bool:
    """Whether a number was typed in place of a name, such as one's own phone number."""
    return sum(each.isdecimal() for each in name) >= 6 and not any(map(str.isalpha, name))


def _looks_like_email(text: str) -> bool:
    before, at, after = text.rpartition("@")
    return bool(before and at and "." in after.strip(".") and " " not in text)
