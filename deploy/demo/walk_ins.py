"""People who come to the demo's provider by themselves, and are written down there (care 22)."""

from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from deploy.demo.accounts import PEOPLE
from deploy.demo.clients import PROVIDER
from deploy.demo.ids import demo_id
from deploy.demo.story_clock import StoryClock
from services.referrals.desk import Desk
from services.referrals.front_door import Handed, Reachable
from services.referrals.handlers import answers, attending, walk_ins
from services.referrals.handlers.onward import SIGNPOST_ONLY
from services.referrals.register import CAME
from services.referrals.tables import ListedService
from shared.auth import Principal


@dataclass(frozen=True)
class WalkIn:
    """One of them; invented.

    Attributes:
        given: the first name.
        family: the last name.
        phone: a number that nobody has, safe to ring.
        words: what they said.
        need: a code of the directory's needs.
        display: the same in words.
        days: for how many days they have come.
        tell_team: whether they agreed that a link worker hears of it.
        finished: whether they came for what they wanted and are done.
    """

    given: str
    family: str
    phone: str
    words: str
    need: str
    display: str
    days: int
    tell_team: bool = False
    finished: bool = False


WALK_INS = (
    WalkIn(
        "Doreen", "Ogden", "07700 900170", "Saw the poster at the library, and can darn.",
        "loneliness", "Feeling lonely", days=3, tell_team=True,
    ),
    WalkIn(
        "Stanislaw", "Bielak", "07700 900171", "Wants company on Sundays. Would rather not be"
        " on a list of the health service.", "loneliness", "Feeling lonely", days=2,
    ),
    WalkIn(
        "Moira", "Tempest", "07700 900172", "Came to finish a quilt with the others.",
        "bereavement", "Losing somebody", days=24, finished=True,
    ),
)  # fmt: skip
"""One whom a link worker hears of, and two who stay with their provider."""


def play(desk: Desk, clock: StoryClock, provider: Principal) -> None:
    """Have each of them come, on their day of the story.

    Args:
        desk: what every use case works with.
        clock: of the story.
        provider: the demo's client to whom they come; its manager writes them down.
    """
    manager = next(each for each in PEOPLE if each.role == "provider-manager")
    by = replace(provider, subject=str(manager.id), name=manager.name)
    service = _service(desk)
    for each in WALK_INS:
        clock.go_back(each.days)
        handed = _handed(each)
        task = walk_ins.record(desk, by, service, handed, tell_team=each.tell_team).task
        if each.finished:
            clock.pass_days(7)
            day = desk.clock().astimezone(ZoneInfo(desk.settings.timezone)).date()
            attending.mark(desk, by, task, day, CAME, demo_id("mark", f"{task}/{day}"))
            answers.progress(desk, by, task, "complete")


def _service(desk: Desk) -> UUID:
    """The first of the provider's that may keep a name."""
    with desk.work() as uow:
        return uow.session.exec(
            select(ListedService.id)
            .where(ListedService.provider == PROVIDER, col(ListedService.tier) > SIGNPOST_ONLY)
            .order_by(col(ListedService.name), col(ListedService.id))
            .limit(1)
        ).one()


def _handed(person: WalkIn) -> Handed:
    return Handed(
        key=demo_id("walk-in", person.family).hex,
        hub="bradford",
        source="walk-in",
        entered="walk-in",
        given=person.given,
        family=person.family,
        birth_date=None,
        nhs_number=None,
        words=person.words,
        needs=[{"code": person.need, "display": person.display}],
        contacts=[Reachable("phone", person.phone, "yes")],
        access_needs=[],
        practice=None,
        tell_gp=False,
        referrer={},
        relation="",
        agreed_how="verbal",
        tell_referrer=False,
    )
