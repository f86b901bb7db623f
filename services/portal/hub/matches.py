"""Listings that may be one: both beside each other, and whether they are one, two, or two again."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Place, back_to
from shared.languages import _

router = APIRouter(prefix="/hub/matches", include_in_schema=False)

Kind = Literal["organizations", "services"]
PATHS: Mapping[str, str] = {"organizations": "matches", "services": "service-matches"}
"""Where the directory has the proposals of each kind."""
KINDS = {"organizations": _("Groups"), "services": _("Services")}

SIDES = {"one": _("The first"), "other": _("The second")}
DECIDE = (
    Field(
        "decision",
        _("Are they one?"),
        "radios",
        {"accept": _("Yes, they are one"), "refuse": _("No, they are two")},
        missing=_("Choose yes or no"),
    ),
    Field(
        "keep",
        _("If they are one, which listing stays?"),
        "radios",
        SIDES,
        _("Choose nothing, and it is the one that was claimed, or has more services."),
    ),
)

DONE = {
    "accept": _("They are one now. You can undo it below."),
    "refuse": _("They stay two, and are not proposed again."),
    "undo": _("They are two again, as they were."),
}


@router.get("")
async def matches(
    here: OfHub, kind: str = "organizations", state: str = "open", page: PageNumber = 1
) -> Response:
    """Proposals in one state, the most alike first."""
    if kind not in KINDS or state not in words.MATCHES:
        return back_to("/hub/matches")
    found = await one_page(here, f"/directory/{PATHS[kind]}", page, state=state)
    return here.page(
        "hub/matches",
        kind=kind,
        kinds=KINDS,
        state=state,
        states=words.MATCHES,
        rows=found["contents"],
        pages=around("/hub/matches", found, kind=kind, state=state),
    )


@router.get("/{kind}/{match}")
async def show(kind: Kind, match: UUID, here: OfHub, done: str = "") -> Response:
    """Two listings beside each other."""
    found = await _match(here, kind, match)
    return _page(here, kind, found, {}, {}, 200, said=DONE.get(done, ""))


@router.post("/{kind}/{match}")
async def decide(kind: Kind, match: UUID, here: OfHub) -> Response:
    """They are one, or they are two."""
    form = await here.form()
    found = await _match(here, kind, match)
    fields = [*DECIDE, *_conflicts(found)]
    typed, faults = typed_into(form, fields)
    if not faults:
        try:
            decision = typed["decision"]
            body = _acceptance(found, typed) if decision == "accept" else None
            await here.send("POST", f"/directory/{PATHS[kind]}/{match}/{decision}", body)
            return back_to(f"/hub/matches/{kind}/{match}?done={decision}")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return _page(here, kind, found, typed, faults, 422)


@router.post("/{kind}/{match}/undo")
async def undo(kind: Kind, match: UUID, here: OfHub) -> Response:
    """They are two after all."""
    await here.form()
    await here.send("POST", f"/directory/{PATHS[kind]}/{match}/undo")
    return back_to(f"/hub/matches/{kind}/{match}?done=undo")


async def _match(here: Place, kind: str, match: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await here.get(f"/directory/{PATHS[kind]}/{match}")
    return found


def _conflicts(match: Mapping[str, Any]) -> list[Field]:
    """A field for each member in which the two differ."""
    return [
        Field(f"fields.{each['field']}", words.member(each["field"]), "radios", SIDES)
        for each in match["conflicts"]
    ]


def _acceptance(match: Mapping[str, Any], typed: Typed) -> dict[str, Any]:
    """Which of the two stays, and whose words count; what nobody chose is for the directory."""
    chosen = {
        each["field"]: match[typed[f"fields.{each['field']}"]]["id"]
        for each in match["conflicts"]
        if typed[f"fields.{each['field']}"]
    }
    return {"fields": chosen} | ({"keep": match[typed["keep"]]["id"]} if typed["keep"] else {})


def _page(
    here: Place,
    kind: str,
    match: Mapping[str, Any],
    typed: Typed,
    faults: Mapping[str, str],
    status: int,
    said: str = "",
) -> Response:
    decides = match["state"] == "open" and match["yours"]
    return here.page(
        "hub/match",
        status,
        match=match,
        kind=kind,
        kinds=KINDS,
        rows=list(_beside(match)),
        state=words.MATCHES[match["state"]],
        fields=[*DECIDE, *_conflicts(match)] if decides else [],
        kept=next((side for side in SIDES if match[side]["id"] == match.get("kept")), None),
        typed=typed,
        faults=faults,
        said=said,
    )


def _beside(match: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """What each of the two says, member by member."""
    one, other = (match[side]["listing"] for side in SIDES)
    differ = {each["field"] for each in match["conflicts"]}
    there = [name for name in words.MEMBERS if name in one or name in other]
    rest = sorted((one.keys() | other.keys()) - words.MEMBERS.keys() - {"id"})
    for name in [*there, *rest]:
        yield {
            "member": words.member(name),
            "one": words.brief(one.get(name)),
            "other": words.brief(other.get(name)),
            "differs": name in differ,
        }
