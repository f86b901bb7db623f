"""Who is brought in: the list with the stuck ones first, a new one, and the page of each."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.hub.onboarding import steps, words
from services.portal.staff.fields import Field, Typed
from services.portal.staff.names import called
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/onboarding", include_in_schema=False)

Json = dict[str, Any]
AT = "/directory/onboardings"

NAME = Field("name", _("What is the group called?"), missing=_("Type its name"), letters=300)
SERVICE = Field(
    "service",
    _("Which of its services?"),
    "select",
    hint=_("If you choose none, it is its first one."),
)
WISHED = (
    Field("place", _("Where is it? (if you like)"), hint=_("For example, the mill in Shipley")),
    Field(
        "tier",
        _("What shall people be able to do?"),
        "radios",
        words.TIERS,
        hint=_("You can change this later. The more it is, the more the group has to show."),
        missing=_("Choose what people shall be able to do"),
    ),
    Field(
        "reach_email",
        _("E-mail address to ask them by (if you have one)"),
        hint=_("One for work. It is forgotten here when you are done."),
        letters=254,
    ),
    Field("reach_phone", _("Telephone number to ask them by (if you have one)"), letters=40),
)
DONE: Mapping[str, str] = {
    "begun": _("Begun. Do the next step when you can."),
    "changed": _("Noted."),
    "noted": _("Your note is kept."),
    "listed": _("The group is on the list."),
    "written": _("It is written down. Nobody else sees it until you make it public."),
    "evidence": _("Noted what they showed you."),
    "contact": _("Noted how they want to be asked."),
    "without": _("Noted."),
    "hold": _("It is on hold now."),
    "resume": _("It goes on again."),
    "give-up": _("You gave it up. You can take it up again."),
    "finish": _("It is done. People can be sent there."),
}


@router.get("")
async def listed(
    here: OfHub, state: str = "going-on", page: PageNumber = 1, done: str = ""
) -> Response:
    """Those in one state, the ones first for which nobody did anything for longest."""
    if state not in words.STATES:
        return back_to("/hub/onboarding")
    found = await one_page(here, AT, page, state=state)
    counts = found["states"]
    return here.page(
        "hub/onboarding/list",
        state=state,
        states={code: f"{said} ({counts[code]})" for code, said in words.STATES.items()},
        rows=found["contents"],
        words=words,
        pages=around("/hub/onboarding", found, state=state),
        said=DONE.get(done, ""),
    )


@router.get("/new")
async def ask(here: OfHub, provider: UUID | None = None) -> Response:
    """The form for a new one, or for a group that is listed already."""
    return await _form(here, provider, {}, {}, 200)


@router.post("/new")
async def begin(here: OfHub, provider: UUID | None = None) -> Response:
    """Begin."""
    sent = await here.form()
    group, services = await _group(here, provider)

    async def do(typed: Typed) -> str:
        body = _said(typed) | ({"provider": str(provider)} if provider else {"name": typed["name"]})
        if typed.get("service"):
            body["service"] = typed["service"]
        found = await here.send("POST", AT, body)
        return f"/hub/onboarding/{found['id']}?done=begun"

    return await take(sent, _fields(group, services), do, partial(_form, here, provider))


@router.get("/{onboarding}")
async def show(onboarding: UUID, here: OfHub, done: str = "") -> Response:
    """One provider: its steps, the next one, and what was done."""
    view = await one(here, onboarding)
    known = await steps.elsewhere(here, view)
    told = steps.shown(view, known, here.times)
    return here.page(
        "hub/onboarding/one",
        view=view,
        steps=told,
        tags=steps.TAGS,
        next=steps.following(view, told),
        all_done=steps.all_done(view, told),
        missing=any(each.state == steps.UNKNOWN for each in told),
        begun_by=called(view["begun_by"], known.names),
        acts=[
            each
            | {
                "said": words.DID[each["what"]],
                "about": words.about(each),
                "who": called(each["by"], known.names),
            }
            for each in view["acts"]
        ],
        words=words,
        said=DONE.get(done, ""),
    )


@router.get("/{onboarding}/change")
async def ask_change(onboarding: UUID, here: OfHub) -> Response:
    """What is wished for, to be changed."""
    view = await one(here, onboarding)
    typed = {each.name: str(view.get(each.name, "")) for each in WISHED}
    return await _change(here, view, typed, {}, 200)


@router.post("/{onboarding}/change")
async def change(onboarding: UUID, here: OfHub) -> Response:
    """Wish for another tier, or note whom to ask."""
    sent = await here.form()
    view = await one(here, onboarding)

    async def do(typed: Typed) -> str:
        await here.send("PUT", f"{AT}/{onboarding}", _said(typed))
        return f"/hub/onboarding/{onboarding}?done=changed"

    return await take(sent, WISHED, do, partial(_change, here, view))


async def one(here: Place, onboarding: UUID) -> Json:
    """One provider that the hub brings in.

    Raises:
        Refusal: 404, another hub's.
    """
    found: Json = await here.get(f"{AT}/{onboarding}")
    return found


def _said(typed: Typed) -> Json:
    texts = {name: typed[name] or None for name in ("place", "reach_email", "reach_phone")}
    return texts | {"tier": int(typed["tier"])}


async def _group(here: Place, provider: UUID | None) -> tuple[Json | None, Json]:
    """A listed group, and its services by id."""
    if provider is None:
        return None, {}
    group: Json = await here.get(f"/directory/organizations/{provider}")
    return group, {each["id"]: each["name"] for each in group.get("services", ())}


def _fields(group: Json | None, services: Json) -> Sequence[Field]:
    if group is None:
        return (NAME, *WISHED)
    return (*((SERVICE.choosing(services),) if len(services) > 1 else ()), *WISHED)


async def _form(
    here: Place, provider: UUID | None, typed: Typed, faults: Faults, status: int
) -> Response:
    group, services = await _group(here, provider)
    at = "/hub/onboarding/new" + (f"?provider={provider}" if provider else "")
    return here.page(
        "hub/onboarding/new",
        status,
        group=group,
        at=at,
        fields=_fields(group, services),
        typed=typed,
        faults=faults,
    )


async def _change(here: Place, view: Json, typed: Typed, faults: Faults, status: int) -> Response:
    return here.page(
        "hub/onboarding/form",
        status,
        view=view,
        title=_("Change what is wished for: {name}").format(name=view["name"]),
        fields=WISHED,
        typed=typed,
        faults=faults,
    )
