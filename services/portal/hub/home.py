"""What waits for the hub today: counted, each with the way to it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from services.portal.hub.desk import OfHub

router = APIRouter(include_in_schema=False)

Counts = Mapping[str, Any]


@dataclass(frozen=True)
class Waits:
    """One thing that may wait.

    Attributes:
        words: what it is, for a link.
        about: what a coordinator does about it.
        at: the address of its list.
        source: which API counts it: `cases`, `directory` or `messages`.
        counts: the names of the counts that make it up.
    """

    words: str
    about: str
    at: str
    source: str
    counts: tuple[str, ...]

    def many(self, found: Mapping[str, Counts | None]) -> int | None:
        """How many; None while that cannot be told."""
        counts = found[self.source]
        return None if counts is None else sum(int(counts.get(name, 0)) for name in self.counts)


PARTS: Mapping[str, tuple[Waits, ...]] = {
    "People who wait": (
        Waits(
            "Referrals that no team has",
            "Give each a team, or send it back.",
            "/cases?show=unrouted",
            "cases",
            ("unrouted",),
        ),
        Waits(
            "Services that have not answered for days",
            "Ring them. A call often helps.",
            "/hub/silent",
            "cases",
            ("silent",),
        ),
        Waits(
            "Calls to make",
            "These services want to be rung, or asked on paper.",
            "/hub/calls",
            "messages",
            ("calls",),
        ),
        Waits(
            "Messages that did not arrive",
            "Put the address right, try again, or ring.",
            "/hub/messages",
            "messages",
            ("failures",),
        ),
        Waits(
            "E-mail addresses that do not work",
            "Ask the group for the right one.",
            "/hub/addresses",
            "messages",
            ("unusable",),
        ),
        Waits(
            "Messages to a GP that wait for somebody",
            "Send, print or post them.",
            "/cases?show=gp",
            "cases",
            ("gp_to_do",),
        ),
    ),
    "Listings": (
        Waits(
            "Changes that wait for your yes",
            "See what is new beside what is public.",
            "/hub/approvals",
            "directory",
            ("approvals",),
        ),
        Waits(
            "People who say that a listing is theirs",
            "Check it with the group, then say yes or no.",
            "/hub/claims",
            "directory",
            ("claims",),
        ),
        Waits(
            "Groups that may be listed twice",
            "Look at both, and say whether they are one.",
            "/hub/matches",
            "directory",
            ("matches",),
        ),
        Waits(
            "Services that may be listed twice",
            "Look at both, and say whether they are one.",
            "/hub/matches?kind=services",
            "directory",
            ("service_matches",),
        ),
        Waits(
            "Listings to look at again",
            "Nobody has checked them for a long time.",
            "/hub/listings",
            "directory",
            ("reviews",),
        ),
    ),
    "What the place has": (
        Waits(
            "Needs that nothing meets",
            "Found in the last 90 days. Nobody does anything about them yet.",
            "/hub/gaps",
            "directory",
            ("gaps",),
        ),
        Waits(
            "Services whose money ends within 90 days",
            "See what your place would lose.",
            "/hub/funding",
            "directory",
            ("funding",),
        ),
    ),
}


@router.get("/hub")
async def home(here: OfHub) -> Response:
    """What waits today. A part that cannot be counted is said to be so; the rest stays."""
    cases, directory, messages = await asyncio.gather(
        here.look("/referrals/caseload"),
        here.look("/directory/waiting"),
        here.look("/notifications/waiting"),
    )
    found: dict[str, Counts | None] = {
        "cases": cases and {**cases["waiting"], "silent": cases["silent"]},
        "directory": directory,
        "messages": messages,
    }
    return here.page(
        "hub/home",
        parts={
            title: [(each, each.many(found)) for each in waits] for title, waits in PARTS.items()
        },
        missing=None in found.values(),
    )
