"""The page of messages and feedback, alike for both sides."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import Response

from services.portal.answer_links import Refusal
from services.portal.staff import unnamed
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Place, back_to
from shared.languages import _

Json = Mapping[str, Any]

TEXT = Field(
    "text",
    _("Write a message"),
    "words",
    hint=_("A few words. Do not write about health, and do not write a name."),
    missing=_("Write your message first"),
    letters=500,
)
GOOD = {"yes": _("Yes"), "partly": _("Partly"), "no": _("No")}
POINTS: Mapping[str, str] = {
    "told-enough": _("We were told enough"),
    "told-too-little": _("We were told too little"),
    "not-for-us": _("It was not right for us"),
    "person-did-not-know": _("The person did not know what we do"),
    "could-not-reach": _("We could not reach the person"),
    "access-needs-missing": _("Nobody told us what they need to take part"),
    "well-timed": _("It came at a good time"),
    "answered-fast": _("They answered fast"),
    "answered-late": _("They answered late"),
    "welcoming": _("The person was made welcome"),
    "not-as-listed": _("It is not as the list says"),
    "access-needs-not-met": _("What the person needs to take part was not there"),
    "kept-us-posted": _("They told us how it goes"),
    "no-word-since": _("We have heard nothing since"),
}
"""The referral's codes, in plain words."""
ASKS = {
    "provider": _("Was this a good referral?"),
    "team": _("Was this a good place for the person?"),
}
NAMES = {"provider": _("The service"), "team": _("The link worker")}
DONE = {
    "messages": _(
        "Sent. The other side gets an e-mail that something is here, without your words."
    ),
    "feedback": _("Thank you. The other side can see it."),
}


async def shown(
    here: Place,
    task: UUID,
    at: str,
    back: tuple[str, str],
    *,
    done: str = "",
    status: int = 200,
    typed: Typed | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    """The page.

    Args:
        here: who asks.
        task: the request.
        at: the address of this page.
        back: where it leads back to, and what that is called.
        done: what was just done.
        status: the HTTP status.
        typed: what was typed, if something is wrong with it.
        faults: what is wrong.
    """
    talk: Json = await here.get(f"/referrals/requests/{task}/messages")
    # Whom to ring stands in the request; a link worker's own page has its duty lead.
    request = await here.look(f"/referrals/requests/{task}") if talk["you"] == "provider" else {}
    mine = talk["feedback"].get(talk["you"]) or {}
    stands = {"good": mine.get("good", ""), "points": mine.get("points", [])}
    return here.page(
        "talk/talk",
        status,
        talk=talk,
        request=request or {},
        at=at,
        back=back,
        text=TEXT,
        thinking=_thinking(talk),
        fields=[TEXT, *unnamed.field(typed or {}), *_thinking(talk)],
        ticks=unnamed.field(typed or {}),
        names=NAMES,
        asks=ASKS,
        good=GOOD,
        points=POINTS,
        sheet=uuid4(),
        said=DONE.get(done, ""),
        typed={**stands, **(typed or {})},
        faults=faults or {},
    )


async def written(here: Place, task: UUID, at: str, back: tuple[str, str]) -> Response:
    """A message is sent. The same form sent twice is one message."""
    form = await here.form()
    typed, faults = typed_into(form, [TEXT])
    typed[unnamed.FIELD] = unnamed.ticked(form)
    if not faults:
        key = uuid5(NAMESPACE_URL, f"{form.get('sheet')}/{typed['text']}")
        body = {"text": typed["text"], "key": str(key), unnamed.FIELD: typed[unnamed.FIELD]}
        try:
            await here.send("POST", f"/referrals/requests/{task}/messages", body)
            return back_to(f"{at}?done=messages")
        except Refusal as refusal:
            if refusal.found:
                faults, typed = unnamed.told(refusal, typed)
            else:
                faults = at_its_field(refusal, [TEXT])
    return await shown(here, task, at, back, status=422, typed=typed, faults=faults)


async def thought(here: Place, task: UUID, at: str, back: tuple[str, str]) -> Response:
    """What somebody thinks of the other side's part."""
    form = await here.form()
    fields = _thinking(await here.get(f"/referrals/requests/{task}/messages"))
    typed, faults = typed_into(form, fields)
    if not faults:
        try:
            await here.send("PUT", f"/referrals/requests/{task}/feedback", typed)
            return back_to(f"{at}?done=feedback")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return await shown(here, task, at, back, status=422, typed=typed, faults=faults)


def _thinking(talk: Json) -> list[Field]:
    mine = {code: POINTS[code] for code in talk["points"] if code in POINTS}
    return [
        Field("good", ASKS[talk["you"]], "radios", GOOD, missing=_("Choose yes, partly or no")),
        Field("points", _("What was good, what was not?"), "checkboxes", mine),
    ]
