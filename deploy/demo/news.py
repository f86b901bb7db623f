"""What the Bradford hub announces in the demo: to each who reads it, and one that is a draft."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from deploy.demo.accounts import HUB, PEOPLE
from deploy.demo.ids import demo_id
from deploy.demo.story import principal_of
from services.notifications.announcements.keeping import Wanted, publish, put
from services.notifications.announcements.rules import Audience
from services.notifications.tables import Announcement
from shared.database import UnitOfWork


@dataclass(frozen=True)
class _Said:
    name: str
    title: str
    text: str
    audience: Audience
    weeks: int
    draft: bool = False


_NEWS = (
    _Said(
        "open-evening",
        "Come and meet the groups",
        "Twelve groups show what they do, in the old weaving shed. There is tea, and a ramp at the"
        " side door.\n\nBring whoever would like to look before they decide.",
        Audience.EVERYBODY,
        weeks=3,
    ),
    _Said(
        "lifts",
        "Volunteers can give lifts again",
        "Ask for one with the first visit. Two days ahead is enough; a wheelchair fits.",
        Audience.LINK_WORKERS,
        weeks=6,
    ),
    _Said(
        "small-grants",
        "Small grants for kit",
        "Up to 300 pounds for wool, clay, tools or a kettle. One page to fill in, and an answer"
        " within two weeks.",
        Audience.PROVIDERS,
        weeks=8,
    ),
    _Said(
        "safe-contact",
        "An hour on safe contact",
        "What to say when somebody else picks up the phone. We are still looking for a room.",
        Audience.EVERYBODY,
        weeks=10,
        draft=True,
    ),
)


def load(engine: Engine, timezone: str) -> None:
    """Announce it from today on; what is there already, changed or over, is left alone.

    Args:
        engine: of the notifications service's migrated database, with the demo's hubs.
        timezone: of the place, whose days are meant.
    """
    zone = ZoneInfo(timezone)
    today = datetime.now(UTC).astimezone(zone).date()
    writer = next(each for each in PEOPLE if each.role == "hub-coordinator")
    by = replace(principal_of("coordinator", str(HUB.organisation)), subject=str(writer.id))
    with UnitOfWork(engine) as uow:
        for said in _NEWS:
            key = demo_id("announcement", said.name)
            if uow.session.get(Announcement, key) is not None:
                continue
            last = today + timedelta(weeks=said.weeks)
            wanted = Wanted(None, said.title, said.text, today, last, said.audience, urgent=False)
            put(uow, by, key, wanted, after=0, zone=zone)
            if not said.draft:
                publish(uow, by, key, zone)
        uow.commit()
