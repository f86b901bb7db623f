"""What the person of a case was told, and when they are expected first: for a case's page."""

import asyncio
from collections.abc import Mapping
from typing import Any

from services.portal.staff.place import Place

Json = Mapping[str, Any]

KINDS: Mapping[str, str] = {
    "person-agreed": "That there is a place",
    "person-meeting": "When the first visit is",
    "person-reminder": "A reminder the day before",
}
STATES: Mapping[str, str] = {
    "queued": "waits to be sent",
    "sending": "is being sent",
    "delivered": "sent",
    "failed": "did not arrive: please tell them yourself",
    "bounced": "came back: please tell them yourself",
    "unknown": "nobody can say whether it arrived",
    "superseded": "not sent",
}
BY: Mapping[str, str] = {"email": "by e-mail", "sms": "by text message", "letter": "by letter"}
WHY: Mapping[str, str] = {
    "by-team": "please tell them yourself, as is noted below",
    "ask-first": "no way is known to be safe: please ask them",
    "nothing": "they want no messages",
    "another-time": "the time changed",
    "too-late": "it would have come too late",
    "started": "the visits have begun",
    "out-of-hours": "it goes in the morning",
}
"""Why a message did not go, or has not yet."""


async def told(here: Place, case: Json) -> dict[str, Any]:
    """The messages to the person, and the first visits by Task; empty while nobody can say.

    Args:
        here: who asks.
        case: as the case API tells it.
    """
    tasks = [each["id"] for each in case["tasks"] if each["kind"] == "provider"]
    deliveries, meetings = await asyncio.gather(
        here.look("/notifications/deliveries", case=case["id"]),
        here.look("/notifications/meetings", task=tasks) if tasks else _nothing(),
    )
    return {
        "told": [_said(each) for each in (deliveries or {}).get("to_person", ())],
        "first_visits": {
            each["task"]: each["starts"] for each in (meetings or {}).get("meetings", ())
        },
    }


async def _nothing() -> Json:
    return {}


def _said(each: Json) -> dict[str, str]:
    state, why = each["state"], WHY.get(each["reason"] or "", "")
    words = [STATES.get(state, state), BY.get(each["channel"], "") if state == "delivered" else ""]
    return {
        "what": KINDS.get(each["kind"], each["kind"]),
        "state": " ".join(filter(None, words)) + (f": {why}" if why else ""),
        "when": each["ended"] or each["created"],
    }
