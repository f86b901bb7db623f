"""What the demo's link workers plan with a person: measures, goals, what they were told of."""

from datetime import timedelta
from uuid import UUID

from deploy.demo.accounts import PEOPLE, TEAM
from deploy.demo.people import DemoPerson
from services.referrals.desk import Desk
from services.referrals.handlers import allocating, measuring, planning, triage
from services.referrals.handlers.measuring import Asked, Said
from services.referrals.handlers.planning import ToDo
from services.referrals.handlers.signposting import signpost
from shared.auth import Principal

_GOALS = {
    "loneliness": "I want somebody to have a cup of tea with.",
    "money": "I want to open my post without being afraid of it.",
    "inactivity": "I want to walk to the shops and back again.",
    "bereavement": "I want to go somewhere on Sundays.",
    "caring": "I want one afternoon a week for myself.",
    "low-mood": "I want to play in the brass band again.",
    "digital-exclusion": "I want to see my grandchildren on the screen.",
    "housing": "I want a bedroom without damp.",
    "work": "I want to get back to work, a bit at a time.",
    "isolation-language": "I want to talk with my neighbours.",
}
_NOT_ASKED = ("did-not-want-to", "not-the-right-time", "no-time")


def measure(desk: Desk, by: Principal, case: UUID, person: DemoPerson, *, again: bool) -> None:
    """Ask how the person is; of some not everything, and of some nothing.

    Args:
        desk: what every use case works with.
        by: the link worker.
        case: the person's case.
        person: who it is.
        again: whether they were asked before.
    """
    low, up = person.number % 3, 2 if again else 0
    ons4 = {
        "satisfied": 3 + low + up,
        "worthwhile": 4 + low + up // 2,
        "happy": 4 + up,
        "anxious": 7 - low - up,
    }
    ucla3 = {"companionship": 3 - up // 2, "left-out": 2, "isolated": 3 - up // 2}
    if person.number % 4 == 1:
        ucla3.pop("left-out")
    measures = [Asked("ons4", ons4), Asked("ucla3", ucla3), Asked("lonely", {"often": 5 - up})]
    if person.number % 2:
        reason = _NOT_ASKED[person.number % len(_NOT_ASKED)]
        measures.append(Asked("swemwbs", not_asked=reason))
    said = Said(
        measures,
        day=desk.clock().date(),
        how="visit" if again else "phone",
        wanted="" if again else _GOALS[person.need],
        changed="I have something to look forward to now." if again else "",
        harm="The bus is a worry in the dark." if again and person.number % 2 else "",
    )
    measuring.note_review(desk, by, case, said)


def goal(desk: Desk, by: Principal, case: UUID, person: DemoPerson) -> None:
    """Note what the person wants, and the first things to do for it."""
    day = desk.clock().date()
    actions = (
        ToDo("Find two places to look at together", "link-worker", day + timedelta(days=7)),
        ToDo("Ask a friend to come along", "person", day + timedelta(days=14)),
    )
    planning.set_goal(
        desk, by, case, _GOALS[person.need], by_when=day + timedelta(days=60), actions=actions
    )


def told_of(desk: Desk, by: Principal, case: UUID, service: UUID) -> None:
    """Tell the person of a service that they go to by themself."""
    signpost(desk, by, case, service)


def plan_next(desk: Desk, by: Principal, case: UUID, person: DemoPerson) -> None:
    """Talk, and say what comes next; some of it is due already."""
    on = desk.clock().date() + timedelta(days=person.number % 3)
    triage.record_contact(
        desk, by, case, reached=True, how="phone", minutes=9,
        next_step="Ring and ask how the first visit was", next_on=on,
    )  # fmt: skip


def give_to_somebody(desk: Desk, by: Principal, case: UUID, person: DemoPerson) -> None:
    """Give a case of the team that has people in the demo to one of them, or to nobody yet."""
    if by.organisation != str(TEAM.organisation):
        return
    workers = [each.id for each in PEOPLE if each.place == TEAM]
    lead = Principal(
        subject=by.subject,
        client_id=by.client_id,
        organisation=by.organisation,
        roles=by.roles | {allocating.LEADS},
        scopes=by.scopes,
    )
    if person.number % 3:
        allocating.allocate(desk, lead, case, str(workers[person.number % len(workers)]))
