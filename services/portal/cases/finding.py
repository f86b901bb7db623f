"""Find what fits: needs and own words in, services with reasons out.

What the person said stands in no address: it is kept with the browser's session, so that going back
from a service to what was found loses nothing, and ends with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.answer_links import Refusal
from services.portal.cases.case import going_on
from services.portal.cases.words import COMPANY, DANGER
from services.portal.front_door.words import ACCESS, NEEDS, need
from services.portal.prose import plain
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from services.portal.times import WEEKDAYS
from shared.languages import _

router = APIRouter(include_in_schema=False)

TRAVEL = {
    "": _("Any distance"),
    "walk": _("On foot"),
    "wheelchair": _("By wheelchair"),
    "bus": _("By bus"),
    "car": _("By car"),
}
WHOM = {"": _("No matter"), **COMPANY}
FIELDS = (
    Field("needs", _("What would they like help with?"), "checkboxes", NEEDS),
    Field(
        "matters",
        _("What matters to them, in their own words"),
        "words",
        hint=_("For example: I used to sing in a choir. It goes on no record."),
    ),
    Field("near", _("From where? A postcode, or the first part of one")),
    Field("by", _("How would they get there?"), "radios", TRAVEL),
    Field("days", _("Which days suit them? None means any"), "checkboxes", WEEKDAYS),
    Field("access", _("What do they need to take part?"), "checkboxes", ACCESS),
    Field("company", _("Who should the group be for?"), "radios", WHOM),
    Field("cost_max", _("Most they can pay, in pounds a time (if you like)"), "number", most=500),
)
MATCHES = 10
"""On a page."""
PAGES = 100
NEAR_MISSES = 5

Page = Annotated[int, Query(ge=1, le=PAGES)]
Ticked = Annotated[Sequence[UUID], Query(max_length=20)]
"""What was chosen to be compared."""

UNKNOWN_UNIT = "unknown-second-part"
"""How the directory says that it knows the first part of a postcode, and not this second one."""

CAPACITY = {
    "taking": _("Taking people now"),
    "waiting-list": _("Has a waiting list"),
    "full": _("Full"),
    "ask-first": _("Ask first"),
    "unknown": _("Not known whether it has room"),
}


@router.get("/cases/{case}/find")
async def ask(case: UUID, here: Here) -> Response:
    """The form, filled with what was typed last, or with what is known."""
    known = await going_on(here, case)
    record = known["record"] or {}
    typed = await here.kept(f"/cases/{case}/find") or {
        "needs": [code for code, _ in known["asked"].needs if code in NEEDS],
        "near": known["person"].postcode,
        "access": [each["code"] for each in record.get("access_needs", ())],
        "by": "",
        "company": "",
    }
    return here.page("cases/find", **known, fields=FIELDS, typed=typed, faults={})


@router.post("/cases/{case}/find")
async def find(case: UUID, here: Here) -> Response:
    """Ask the directory; what fits is the next page."""
    typed, faults = typed_into(await here.form(), FIELDS)
    if not faults:
        before = await here.kept(f"/cases/{case}/find") or {}
        if before.get("matters") == typed["matters"]:
            typed["without"] = before.get("without", [])
        await here.keep(f"/cases/{case}/find", typed)
        return back_to(f"/cases/{case}/found")
    return await _form(here, case, typed, faults)


@router.get("/cases/{case}/found")
async def found(case: UUID, here: Here, page: Page = 1, service: Ticked = ()) -> Response:
    """What fits, best first, and what nearly does; what was ticked on another page stays so."""
    looked = await looked_for(here, case, page)
    if isinstance(looked, Response):
        return looked
    known, answer = looked
    if page > 1 and not answer.matches:
        return back_to(f"/cases/{case}/found")
    misses = answer.misses if page == 1 else []
    listed = {each["id"] for each in (*answer.matches, *misses)}
    ticked = list(dict.fromkeys(str(each) for each in service))
    return here.page(
        "cases/found",
        **known,
        answer=answer,
        before=_asked_before(known["requests"]),
        matches=answer.matches,
        misses=misses,
        danger=DANGER,
        page=page,
        begins=(page - 1) * MATCHES + 1,
        more=min(MATCHES, answer.total - page * MATCHES) if page < PAGES else 0,
        ticked=ticked,
        elsewhere=[each for each in ticked if each not in listed],
    )


@router.post("/cases/{case}/found")
async def correct(case: UUID, here: Here) -> Response:
    """Take something away that was understood of the person's own words, or put it back."""
    form = await here.form()
    typed = await here.kept(f"/cases/{case}/find")
    if typed is None:
        return back_to(f"/cases/{case}/find")
    without = [each for each in typed.get("without", ()) if each != form.get("with")]
    if form.get("without"):
        without = list(dict.fromkeys([*without, str(form["without"])]))
    changed = {**typed, "without": without, "seen": {}}
    await here.send("POST", "/directory/match", _question(changed, None))
    await here.keep(f"/cases/{case}/find", changed)
    return back_to(f"/cases/{case}/found")


async def looked_for(
    here: Place, case: UUID, *pages: int
) -> tuple[dict[str, Any], "Matched"] | Response:
    """What is known of the case, and what fits: the same for the list, the map, and side by side.

    Args:
        here: who asks.
        case: for whose person.
        pages: which of what fits; several are put together.

    Returns:
        The form in place of it where nothing was looked for yet, or where something in it cannot
        be looked for, such as a postcode that nobody knows.
    """
    typed = await here.kept(f"/cases/{case}/find")
    if typed is None:
        return back_to(f"/cases/{case}/find")
    known = await going_on(here, case)
    try:
        answers = [await matched(here, case, typed, known["age"], page) for page in pages]
    except Refusal as refusal:
        faults = unplaced(refusal, typed) or at_its_field(refusal, FIELDS)
        return await _form(here, case, typed, faults)
    first, *others = answers
    for each in others:
        first.matches.extend(each.matches)
    return known, first


def unplaced(refusal: Refusal, typed: Typed) -> dict[str, str]:
    """What is said at `near` where the directory cannot tell where that is; else nothing.

    A person may come from anywhere: a right postcode can be one that the directory does not know,
    and one of a new house is newer than the files that it was told of.

    Args:
        refusal: the directory's.
        typed: what it was asked.
    """
    if refusal.status != 400 or refusal.element != "near":
        return {}
    if refusal.reason == UNKNOWN_UNIT:
        first, second = parts_of(typed["near"])
        words = _(
            "We do not know the second part of this postcode, {second}. Check it. If it is right,"
            " as of a new house, type only the first part, {first}, or a postcode near by"
        ).format(first=first, second=second)
    else:
        words = _(
            "We do not know where this postcode is. Check it, type one that is near such as BD8, or"
            " leave it empty to look everywhere"
        )
    return {"near": words}


def parts_of(postcode: str) -> tuple[str, str]:
    """The first and the second part of a whole postcode, however it was typed."""
    code = "".join(postcode.upper().split())
    return code[:-3], code[-3:]


@dataclass(frozen=True)
class Matched:
    """What the directory found for a person.

    Attributes:
        total: how many services fit.
        understood: of the person's own words: needs and activities by `taxonomy/code`, in words.
        without: the same of what the worker took away, as not meant.
        denied: what the person says is not so.
        ticked: what they say is not so, and is looked for because it was ticked all the same.
        kinds: of danger that the words may speak of.
        matches: the first ones, best first, as pages show them.
        misses: what nearly fits.
    """

    total: int
    understood: Mapping[str, str]
    without: Mapping[str, str]
    denied: list[str]
    ticked: list[str]
    kinds: list[str]
    matches: list[dict[str, Any]]
    misses: list[dict[str, Any]]


async def matched(here: Place, case: UUID, typed: Typed, age: int | None, page: int) -> Matched:
    """Ask the directory what fits; on which page a service stood is kept beside the question.

    Args:
        here: who asks.
        case: for whose person.
        typed: what is looked for, as it was kept.
        age: of the person, if it is known.
        page: which of what fits, from 1.

    Raises:
        Refusal: it says no, perhaps of what was typed.
    """
    answer = await here.send("POST", "/directory/match", _question(typed, age, page))
    seen = typed.get("seen", {}) | {each["service"]["id"]: page for each in answer["matches"]}
    if typed.get("seen") != seen:
        typed["seen"] = seen
        await here.keep(f"/cases/{case}/find", typed)
    denied = _in_words(answer, answer["denied"])
    ticked = [key for key in denied if key.removeprefix("need/") in typed["needs"]]
    return Matched(
        answer["total"],
        _in_words(answer, answer["understood"]),
        _in_words(answer, _by_taxonomy(typed.get("without", ()))),
        [words for key, words in denied.items() if key not in ticked],
        [denied[key] for key in ticked],
        answer.get("notice", {}).get("kinds", []),
        [_service(each, case) for each in answer["matches"]],
        [_service(each, case) for each in answer["near_misses"]],
    )


async def against(
    here: Place, typed: Typed | None, age: int | None, service: UUID
) -> list[dict[str, Any]]:
    """What the directory has against one service for a person, whether a page showed it or not.

    Args:
        here: who asks.
        typed: what was looked for last; None if nobody looked: then the age alone is known.
        age: of the person, if it is known.
        service: of which is asked.
    """
    question = _question(typed, age) if typed else {} if age is None else {"age": age}
    alone = {"about": str(service)}
    try:
        answer = await here.send("POST", "/directory/match", question | alone)
    except Refusal as refusal:
        if not typed or not unplaced(refusal, typed):
            raise
        if refusal.reason == UNKNOWN_UNIT:
            roughly = {**typed, "near": parts_of(typed["near"])[0]}
        else:  # nobody knows how far it is; all else that is against it holds as before
            roughly = {**typed, "near": "", "by": ""}
        answer = await here.send("POST", "/directory/match", _question(roughly, age) | alone)
    return [each for miss in answer["near_misses"] for each in miss["excluded"]]


def _asked_before(requests: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What each service said that was asked for this person already; the last request counts."""
    return {each["service"]: each["state"] for each in requests if each["service"]}


async def _form(here: Place, case: UUID, typed: Typed, faults: Mapping[str, str]) -> Response:
    known = await going_on(here, case)
    return here.page("cases/find", 422, **known, fields=FIELDS, typed=typed, faults=faults)


def _question(typed: Typed, age: int | None, page: int = 1) -> dict[str, Any]:
    asked = {
        "needs": typed["needs"],
        "matters": typed["matters"],
        "near": typed["near"].upper(),
        "travel": {"by": typed["by"]} if typed["by"] else None,
        "days": typed["days"],
        "access": typed["access"],
        "company": typed.get("company"),
        "cost_max": int(typed["cost_max"]) if typed["cost_max"] else None,
        "age": age,
        "without": _by_taxonomy(typed.get("without", ())),
    }
    kept = {name: value for name, value in asked.items() if value not in (None, "", [], {})}
    part = {"limit": MATCHES, "offset": (page - 1) * MATCHES, "near_misses": NEAR_MISSES}
    return kept | part


def _by_taxonomy(keys: Iterable[str]) -> dict[str, list[str]]:
    """Codes as the directory takes them, of `taxonomy/code`."""
    found: dict[str, list[str]] = {}
    for key in keys:
        taxonomy, _slash, code = key.partition("/")
        found.setdefault(taxonomy, []).append(code)
    return found


def _in_words(answer: Mapping[str, Any], codes: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Needs as the pages call them, activities as the directory does; by `taxonomy/code`."""
    return {
        f"{taxonomy}/{code}": need(code) if taxonomy == "need" else answer["names"][taxonomy][code]
        for taxonomy, several in codes.items()
        for code in several
    }


def room(capacity: Mapping[str, Any]) -> str:
    """The room there is, in a word or two. From which day on stands among the reasons."""
    state: str = capacity["state"]
    if state == "taking" and capacity.get("first_date"):
        return _("Taking people from a later day")
    return CAPACITY.get(state, state)


def _service(found: Mapping[str, Any], case: UUID) -> dict[str, Any]:
    state = found["capacity"]["state"]
    full = state == "full" and not found["capacity"].get("keeps_list")
    return {
        "id": found["service"]["id"],
        "name": found["service"]["name"],
        "about": plain(found["service"].get("description")),
        "provider": found["provider"]["name"],
        "place": (found.get("location") or {}).get("name", ""),
        "spot": _spot(found.get("location") or {}),
        "distance": found.get("distance_metres"),
        "when": found["when"],
        "cost": (found.get("cost") or {}).get("text", ""),
        "capacity": room(found["capacity"]),
        "full": full,
        "reasons": found["reasons"],
        "ask": found["ask"],
        "check": found["check"],
        "whom": plain(found["service"].get("eligibility_description")),
        "replies": found.get("replies"),
        "excluded": found.get("excluded", ()),
        "hard": any(each["hard"] for each in found.get("excluded", ())),
        "at": f"/cases/{case}/ask/{found['service']['id']}" + ("?full=yes" if full else ""),
        "leaflet": f"/cases/{case}/leaflet/{found['service']['id']}",
    }


def _spot(location: Mapping[str, Any]) -> tuple[float, float] | None:
    """Latitude and longitude of a place where one can go."""
    if location.get("latitude") is None or location.get("longitude") is None:
        return None
    return location["latitude"], location["longitude"]


async def listing(here: Place, service: UUID) -> Mapping[str, Any]:
    """What the directory says of a service."""
    found: dict[str, Any] = await here.get(f"/directory/listings/{service}")
    prose = ("description", "eligibility_description")
    return found | {name: plain(found.get(name)) for name in prose}
