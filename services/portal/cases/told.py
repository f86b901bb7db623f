"""What services and the person of a case were told, by which way, and how it ended."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.portal.first_meeting import COMPANY
from services.portal.staff.place import Place
from shared.languages import _

Json = Mapping[str, Any]

KINDS: Mapping[str, str] = {
    "person-agreed": _("That there is a place"),
    "person-meeting": _("When the first visit is"),
    "person-reminder": _("A reminder the day before"),
    "person-delay": _("That it takes longer"),
    "referrer-delay": _("To whoever referred them: that it takes longer"),
}
STATES: Mapping[str, str] = {
    "queued": _("waits to be sent"),
    "sending": _("is being sent"),
    "delivered": _("sent"),
    "failed": _("did not arrive: please tell them yourself"),
    "bounced": _("came back: please tell them yourself"),
    "unknown": _("nobody can say whether it arrived"),
    "superseded": _("not sent"),
}
BY: Mapping[str, str] = {
    "email": _("by e-mail"),
    "sms": _("by text message"),
    "letter": _("by letter"),
}
WHY: Mapping[str, str] = {
    "by-team": _("please tell them yourself, as is noted below"),
    "by-hub": _("the hub was asked to ring them"),
    "ask-first": _("no way is known to be safe: please ask them"),
    "nothing": _("they want no messages"),
    "another-time": _("the time changed"),
    "called-off": _("the visit was called off"),
    "too-late": _("it would have come too late"),
    "started": _("the visits have begun"),
    "out-of-hours": _("it goes in the morning"),
}
"""Why a message did not go, or has not yet."""


OTHERS: Mapping[str, str] = {
    "request": _("The request"),
    "nudge": _("Asked again"),
    "second-nudge": _("Asked once more"),
    "help-call": _("The hub was asked to ring"),
    "no-longer-needed": _("That it is not needed any more"),
    "sharing-ended": _("To stop using what they know"),
    "somebody-counts-on-you": _("That somebody counts on them"),
    "chosen": _("That the person chose them"),
    "not-this-time": _("That the person cannot come on one day"),
    "words-for-provider": _("That you wrote to them"),
    "words-for-team": _("That they wrote to you"),
    "declined": _("That they said no"),
    "no-response": _("That nobody answered"),
    "service-withdrawn": _("That the service is off the list"),
    "person-said": _("What the person said"),
    "tell-person": _("To tell the person"),
    "ask-person": _("To ask the person what is safe"),
    "ring-referrer": _("To ring whoever referred them"),
    "not-arrived": _("That a message did not arrive"),
    "not-arrived-there": _("That a message did not arrive"),
    "identity-code": _("A code to see who it is"),
}
"""What a message to a service, the team or the hub says."""
REQUEST = "request"
"""The kind that asks a service. A nudge is none: it ends as not needed once there is an answer."""
WAYS: Mapping[str, str] = {
    "email": _("e-mail"),
    "sms": _("text message"),
    "letter": _("letter"),
    "webhook": _("their computer system"),
    "phone": _("phone"),
    "paper": _("paper"),
    "inbox": _("a note in their account"),
    "none": _("nobody yet"),
}
ENDS: Mapping[str, str] = dict(STATES) | {
    "sent": "sent",
    "delivered": "arrived",
    "failed": _("did not arrive (please ring them, or look for another place)"),
    "bounced": _("came back (please ring them, or look for another place)"),
    "superseded": _("not needed any more"),
}


async def told(here: Place, case: Json) -> dict[str, Any]:
    """The messages to the person and, by Task, to others (`sent`), whether each service heard that
    it is asked (`asked_by`), and the first visits.

    Messages are None while nobody can say.

    Args:
        here: who asks.
        case: as the case API tells it.
    """
    deliveries = await here.look("/notifications/deliveries", case=case["id"])
    known = deliveries is not None
    others = deliveries.get("deliveries", ()) if known else ()
    return {
        "told": [_said(each) for each in deliveries.get("to_person", ())] if known else None,
        "sent": by_request(others) if known else None,
        "asked_by": asked_by(others),
        "first_visits": {
            each["id"]: each["first_visit"]
            | {"goes": COMPANY.get(each["first_visit"].get("company") or "", "")}
            for each in case["tasks"]
            if each.get("first_visit")
        },
    }


def asked_by(deliveries: Iterable[Json]) -> dict[str, str]:
    """Whether the request itself arrived, by each way that it went; by Task.

    Args:
        deliveries: of a case, in the order in which they were made.
    """
    asking: dict[str, list[Json]] = {}
    for each in deliveries:
        if each["kind"] == REQUEST:
            asking.setdefault(str(each["task"]), []).append(each)
    return {
        task: "; ".join(dict.fromkeys(_asked(each) for each in made))
        for task, made in asking.items()
    }


def _asked(each: Json) -> str:
    way, state = each["channel"], each["state"]
    said = _("{way}: {state}").format(way=WAYS.get(way, way), state=ENDS.get(state, state))
    return str(said)


def by_request(deliveries: Iterable[Json]) -> dict[str, list[dict[str, str]]]:
    """Messages about each request, in the order in which they were made."""
    found: dict[str, list[dict[str, str]]] = {}
    for each in deliveries:
        state, waits = each["state"], each["state"] == "queued"
        said = {
            "what": OTHERS.get(each["kind"], str(each["kind"]).replace("-", " ").capitalize()),
            "to": each.get("label") or "",
            "by": WAYS.get(each["channel"], each["channel"]),
            "state": ENDS.get(state, state),
            "when": (each["due"] if waits else each["ended"]) or each["created"],
        }
        found.setdefault(str(each["task"]), []).append(said)
    return found


def _said(each: Json) -> dict[str, str]:
    state, why = each["state"], WHY.get(each["reason"] or "", "")
    said = STATES.get(state, state)
    if state == "delivered" and each["channel"] in BY:
        said = f"{said} {BY[each['channel']]}"
    return {
        "what": KINDS.get(each["kind"], each["kind"]),
        "state": f"{said}: {why}" if why else said,
        "when": each["ended"] or each["created"],
    }
