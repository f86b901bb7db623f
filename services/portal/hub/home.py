"""What waits for the hub today: counted, each with the way to it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from services.portal.hub.desk import OfHub
from services.portal.news.reading import unread
from shared.languages import _

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
    _("People who wait"): (
        Waits(
            _("Referrals that no team has"),
            _("Give each a team, or send it back."),
            "/cases?show=unrouted",
            "cases",
            ("unrouted",),
        ),
        Waits(
            _("Services that have not answered for days"),
            _("Ring them. A call often helps."),
            "/hub/silent",
            "cases",
            ("silent",),
        ),
        Waits(
            _("Calls to make"),
            _("These services want to be rung, or asked on paper."),
            "/hub/calls",
            "messages",
            ("calls",),
        ),
        Waits(
            _("Sheets to print"),
            _("Once a week, for services that are asked on paper. Bring or post them."),
            "/hub/sheets",
            "messages",
            ("sheets",),
        ),
        Waits(
            _("Messages that did not arrive"),
            _("Put the address right, try again, or ring."),
            "/hub/messages",
            "messages",
            ("failures",),
        ),
        Waits(
            _("E-mail addresses that do not work"),
            _("Ask the group for the right one."),
            "/hub/addresses",
            "messages",
            ("unusable",),
        ),
        Waits(
            _("Cases opened in an emergency that no team lead has looked at"),
            _("Ring the team if one waits for days."),
            "/hub/emergencies",
            "cases",
            ("emergencies",),
        ),
        Waits(
            _("Messages to a GP that wait for somebody"),
            _("Send, print or post them."),
            "/cases?show=gp",
            "cases",
            ("gp_to_do",),
        ),
    ),
    _("Listings"): (
        Waits(
            _("Changes that wait for your yes"),
            _("See what is new beside what is public."),
            "/hub/approvals",
            "directory",
            ("approvals",),
        ),
        Waits(
            _("People who say that a listing is theirs"),
            _("Check it with the group, then say yes or no."),
            "/hub/claims",
            "directory",
            ("claims",),
        ),
        Waits(
            _("Groups that may be listed twice"),
            _("Look at both, and say whether they are one."),
            "/hub/matches",
            "directory",
            ("matches",),
        ),
        Waits(
            _("Services that may be listed twice"),
            _("Look at both, and say whether they are one."),
            "/hub/matches?kind=services",
            "directory",
            ("service_matches",),
        ),
        Waits(
            _("Listings to look at again"),
            _("Nobody has checked them for a long time."),
            "/hub/listings",
            "directory",
            ("reviews",),
        ),
    ),
    _("What the place has"): (
        Waits(
            _("Groups that you bring in"),
            _("See what is missing, and what to do next."),
            "/hub/onboarding",
            "directory",
            ("onboardings",),
        ),
        Waits(
            _("Needs that nothing meets"),
            _("Found in the last 90 days. Nobody does anything about them yet."),
            "/hub/gaps",
            "directory",
            ("gaps",),
        ),
        Waits(
            _("Services whose money ends within 90 days"),
            _("See what your place would lose."),
            "/hub/funding",
            "directory",
            ("funding",),
        ),
    ),
}

BESIDE = ("silent", "emergencies")
"""What the case API counts beside the filters of its list."""


@router.get("/hub")
async def home(here: OfHub) -> Response:
    """What waits today. A part that cannot be counted is said to be so; the rest stays."""
    cases, directory, messages, said = await asyncio.gather(
        here.look("/referrals/caseload"),
        here.look("/directory/waiting"),
        here.look("/notifications/waiting"),
        unread(here),
    )
    found: dict[str, Counts | None] = {
        "cases": cases and {**cases["waiting"], **{each: cases[each] for each in BESIDE}},
        "directory": directory,
        "messages": messages,
    }
    return here.page(
        "hub/home",
        parts={
            title: [(each, each.many(found)) for each in waits] for title, waits in PARTS.items()
        },
        missing=None in found.values(),
        news=said,
    )
