"""Ask a service for a place: what it needs to know, what will be shared, sent once."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.case import TAKEN_BACK, going_on
from services.portal.cases.finding import against, listing
from services.portal.cases.languages import language_name
from services.portal.cases.people import Shown
from services.portal.cases.words import CRITERIA, SHARED, SOME_ALONE
from services.portal.closed.days import closed_soon
from services.portal.front_door.words import ACCESS, NEEDS
from services.portal.staff import unnamed
from services.portal.staff.fields import Field, Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to
from services.portal.times import WEEKDAYS
from shared.languages import _

router = APIRouter(prefix="/cases/{case}/ask/{service}", include_in_schema=False)

HOW = {"verbal": _("They told me"), "written": _("They wrote it")}
UNTIL = Field(
    "expires",
    _("Until which day? (if they said)"),
    "day",
    hint=_("For example, 27 3 2027. It holds to the end of that day."),
)
"""When what a person agreed to share ends (care 7)."""

FULL = Field(
    "full_because",
    _("It says that it is full. Why ask all the same?"),
    "line",
    hint=_("The service reads this. Write no name and nothing about health."),
    missing=_("Say why you ask although it is full"),
)
LIMIT = _("This is a limit of safety or law, so it cannot be asked here.")
SIGNPOST_ONLY = 1
"""The tier of a listing with which nothing of a person is shared (care 25)."""
SEVERAL = Field(
    "several_because",
    _("You already asked another service. Why ask several at once?"),
    "line",
    hint=_("For example: they want to see both before they choose."),
    missing=_("Say why you ask several at once"),
)

OVERRIDE = "override-"
"""How a field begins that asks why a criterion of the directory leaves nobody out."""

Known = dict[str, Any]


@router.get("")
async def ask(case: UUID, service: UUID, here: Here, full: str = "") -> Response:
    """The form, filled with what was typed last, or with what is known."""
    known = await _known(here, case, service)
    typed = await here.kept(known["action"]) or _first(known, full)
    return _form(here, known, typed, {}, 200)


@router.post("")
async def take(case: UUID, service: UUID, here: Here) -> Response:
    """Keep what was typed; what will be sent is the next page."""
    form = await here.form()
    known = await _known(here, case, service)
    kept = {"full": "yes" if form.get("full") == "yes" else ""}
    typed, faults = typed_into(form, _fields(known, kept))
    typed |= kept | {unnamed.FIELD: unnamed.ticked(form)}
    if typed.get("share") and not typed["how"]:
        faults["how"] = _("Choose how they agreed")
    if "expires" not in faults and _is_over(here, typed):
        faults["expires"] = _("Type today or a day to come")
    if faults:
        return _form(here, known, typed, faults, 422)
    await here.keep(known["action"], typed)
    return back_to(f"{known['action']}/check")


@router.get("/check")
async def check(case: UUID, service: UUID, here: Here) -> Response:
    """What will be sent, and what will be shared once the service said yes."""
    known = await _known(here, case, service)
    typed = await here.kept(known["action"])
    if typed is None or _unsaid(known, typed):
        return back_to(known["action"])
    shared = {
        SHARED[item]: known["shown"][item]
        for item in typed.get("share", ())
        if item in known["shown"]
    }
    words = {"needs": NEEDS, "access": ACCESS, "how": HOW}
    overridden = {CRITERIA[criterion]: reason for criterion, reason in _overrides(known, typed)}
    return here.page(
        "cases/check",
        **known | {"words": words},
        typed=typed,
        shared=shared,
        until=day_in(typed, UNTIL.name) if typed.get(UNTIL.name) else None,
        overridden=overridden,
    )


@router.post("/check")
async def send(case: UUID, service: UUID, here: Here) -> Response:
    """Send it."""
    await here.form()
    known = await _known(here, case, service)
    typed = await here.kept(known["action"])
    if typed is None or _unsaid(known, typed):
        return back_to(known["action"])
    try:
        body = _body(known, service, typed)
        body["expires"] = ends(here, typed) if body["share"] else None
        await here.send("POST", f"/referrals/cases/{case}/requests", body)
    except Refusal as refusal:
        if refusal.element.endswith("full_because"):
            typed["full"] = "yes"
        if refusal.element.endswith("several_because"):
            known["several"] = True
        if refusal.found:
            faults, typed = unnamed.told(refusal, typed)
        else:
            faults = at_its_field(refusal, _fields(known, typed))
        return _form(here, known, typed, faults, refusal.status)
    return back_to(f"/cases/{case}?done=requests")


def ends(here: Place, typed: Typed) -> str | None:
    """The moment at which an agreement ends, of the day that was typed; None for no end.

    Args:
        here: whose days they are.
        typed: into a form with `UNTIL`.
    """
    last = day_in(typed, UNTIL.name) if typed.get(UNTIL.name) else None
    return here.times.end_of(date.fromisoformat(last)).isoformat() if last else None


def _is_over(here: Place, typed: Typed) -> bool:
    moment = ends(here, typed)
    return moment is not None and here.times.is_past(moment)


def _first(known: Known, full: str) -> Typed:
    """What is known, and what the service was looked for by: nobody should choose it twice.

    An access need that is on record stays one, also where somebody looked without it (care 18).
    """
    looked_for = known["looked_for"]
    recorded = [each["code"] for each in (known["record"] or {}).get("access_needs", ())]
    needed = {*recorded, *looked_for.get("access", ())}
    return {
        "needs": [code for code in looked_for.get("needs", ()) if code in NEEDS]
        or [code for code, _ in known["asked"].needs if code in NEEDS],
        "when": ", ".join(str(WEEKDAYS[day]) for day in looked_for.get("days", ())),
        "access_needs": [code for code in ACCESS if code in needed],
        "full": "yes" if full else "",
    }


async def _known(here: Place, case: UUID, service: UUID) -> Known:
    known = await going_on(here, case)
    looked_for = await here.kept(f"/cases/{case}/find")
    known["against"] = await against(here, looked_for, known["age"], service)
    if any(each["hard"] for each in known["against"]):
        raise Refusal(422, title=LIMIT)
    values = shareable(known["person"], known["record"])
    listed = await listing(here, service)
    return known | {
        "looked_for": looked_for or {},
        "service": listed,
        "signpost_only": listed["kersey"].get("tier") == SIGNPOST_ONLY,
        "check": [
            SOME_ALONE[code]
            for code in listed["kersey"].get("terms", {}).get("company", ())
            if code in SOME_ALONE
        ],
        "closed": await closed_soon(here, listed.get("organization_id")),
        "action": f"/cases/{case}/ask/{service}",
        "shareable": values,
        "shown": values
        | {
            "birth-date": here.times.day(values.get("birth-date")),
            "language": language_name(values.get("language", "")),
        },
        "several": any(each["business_status"] in TAKEN_BACK for each in known["requests"]),
    }


def shareable(person: Shown, record: Mapping[str, Any] | None) -> dict[str, str]:
    """What could be shared of a person, item by item; no way to them that is not safe (care 12)."""
    told = {each["channel"]: each for each in (record or {}).get("contacts", ())}

    def way(channel: str, sent: str) -> str:
        entry = told.get(channel)
        if entry is None:
            return sent
        if entry["safe"] == "no":
            return ""
        return next((each["value"] for each in entry["said"] if each["value"]), sent)

    values = {
        "name": person.name,
        "phone": way("phone", person.telecoms.get("phone", "")),
        "email": way("email", person.telecoms.get("email", "")),
        "address": way("post", person.address),
        "birth-date": person.born,
        "language": person.language,
    }
    return {item: value for item, value in values.items() if value}


def _fields(known: Known, typed: Mapping[str, Any]) -> list[Field]:
    options = {item: f"{SHARED[item]}: {value}" for item, value in known["shown"].items() if value}
    fields = [
        Field(
            "needs",
            _("What would they like help with?"),
            "checkboxes",
            NEEDS,
            missing=_("Choose at least one"),
        ),
        Field(
            "text",
            _("What would help"),
            "words",
            hint=_("The service reads this before it answers. No name, nothing about health."),
        ),
        Field("when", _("When suits them"), hint=_("For example, Tuesday mornings")),
        Field("access_needs", _("What they need to take part"), "checkboxes", ACCESS),
    ]
    sharing = [
        Field(
            "share",
            _("What may the service know, once it said yes?"),
            "checkboxes",
            options,
            _("Only what the person agreed to. Nothing chosen means that it learns no name."),
        ),
        Field("how", _("How did they agree?"), "radios", HOW),
        UNTIL,
    ]
    if not known["signpost_only"]:
        fields += sharing
    if known["several"]:
        fields.append(SEVERAL)
    if typed.get("full"):
        fields.append(FULL)
    fields += [
        Field(
            f"{OVERRIDE}{each['criterion']}",
            _("Against it: {why}. Why ask all the same?").format(why=each["reason"]),
            hint=_("Your team reads this, and the service does not."),
            missing=_("Say why you ask all the same"),
        )
        for each in known["against"]
    ]
    return [*fields, *unnamed.field(typed)]


def _unsaid(known: Known, typed: Typed) -> bool:
    """Whether another search, since this was typed, found something against the service."""
    return len(_overrides(known, typed)) < len(known["against"])


def _overrides(known: Known, typed: Typed) -> list[tuple[str, str]]:
    """What the directory has against the service, and why it is asked all the same (care 26)."""
    found = [
        (each["criterion"], typed.get(OVERRIDE + each["criterion"])) for each in known["against"]
    ]
    return [(criterion, reason) for criterion, reason in found if reason]


def _body(known: Known, service: UUID, typed: Typed) -> dict[str, Any]:
    body = {
        "service": str(service),
        "needs": [{"code": code, "display": NEEDS[code]} for code in typed["needs"]],
        "text": typed["text"],
        "when": typed["when"],
        "access_needs": typed["access_needs"],
        "share": {
            item: known["shareable"][item]
            for item in typed.get("share", ())
            if item in known["shareable"]
        },
        "how": typed.get("how") or "verbal",
    }
    body["overrides"] = [
        {"criterion": criterion, "reason": reason} for criterion, reason in _overrides(known, typed)
    ]
    for name in ("several_because", "full_because", unnamed.FIELD):
        if typed.get(name):
            body[name] = typed[name]
    return body


def _form(
    here: Place, known: Known, typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    return here.page(
        "cases/ask",
        status,
        **known,
        fields=_fields(known, typed),
        typed=typed,
        faults=faults,
    )
