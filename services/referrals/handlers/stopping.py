"""Death, a restricted record, do not contact: said once, and every case of the person heeds it.

A stop is said in the care of one case and holds in all of them, whichever team's they are: what
providers were shown is taken out in the same transaction, and other services are told case by case.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from services.referrals.care import caring, known_person
from services.referrals.casefile import CaseFile
from services.referrals.desk import Desk
from services.referrals.handlers.sharing import show_again
from services.referrals.persons import (
    Overtaken,
    again_if_overtaken,
    hold_persons,
    hold_standing,
    records_of,
)
from services.referrals.record import STOPS, Stop
from services.referrals.tables import PersonChange
from services.referrals.trail import note
from shared.auth import Principal
from shared.messaging.events import (
    PersonDied,
    PersonNotToContact,
    PersonRestricted,
    PersonStop,
    PersonStopLifted,
)
from shared.repeating import repeating

SAID: Mapping[Stop, type[PersonStop]] = MappingProxyType(
    {
        "died": PersonDied,
        "restricted": PersonRestricted,
        "do-not-contact": PersonNotToContact,
    }
)
"""What other services are told of each."""


@again_if_overtaken
@repeating
def say(
    desk: Desk, principal: Principal, case_id: UUID, stop: Stop, *, stands: bool, told_by: str
) -> None:
    """Record that a stop stands, or does not any more.

    Who cared once may still say that it stands: a team often hears of a death after it closed its
    case. To lift one takes whoever cares now. Where records were merged, a stop is written on each
    of them, so that it stays with both if the merge is undone; lifting it is for the one person,
    and has to be said again after that.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case_id: the case in whose care it is said.
        stop: which.
        stands: whether it stands from now on.
        told_by: who said so, in the link worker's words.

    Raises:
        NoSuchCase: not a case that this link worker cares for.
        Refused: it is not known whom the case is about.
    """
    with desk.work() as uow:
        session, now = uow.session, desk.clock()
        key = known_person(caring(session, principal, case_id, even_ended=stands))
        held = hold_persons(session, records_of(session, [key]))
        person = held.persons[key]
        if person.merged_into is not None or case_id not in {each.id for each in held.cases}:
            raise Overtaken
        caring(session, principal, case_id, even_ended=stands)  # as it is now that nothing moves
        if stands == getattr(person, STOPS[stop]):
            return
        for record in held.persons.values() if stands else [person]:
            setattr(record, STOPS[stop], stands)
            record.updated = now
        person.version += 1
        session.add(
            PersonChange(
                person=key,
                version=person.version,
                about=f"stop/{stop}",
                content={"stands": stands, "told_by": told_by},
                case=case_id,
                recorded_by=principal.subject,
                recorded=now,
            )
        )
        action = f"{stop}-{'said' if stands else 'lifted'}"
        note(session, principal, action, f"person/{key}", now, person=key, case=case_id)
        for case in held.cases:
            file = CaseFile(desk, uow, case, principal)
            tell(file, key, said={stop} if stands else set(), lifted=set() if stands else {stop})
            file.finish()
        uow.commit()


def tell(file: CaseFile, person: UUID, *, said: set[Stop], lifted: set[Stop]) -> None:
    """Have a case heed what is now said of its person, and have others hear of it.

    Args:
        file: the case, held with its person.
        person: who it is about.
        said: what stands from now on.
        lifted: what does not stand any more.
    """
    show_again(file)
    if "restricted" in said | lifted:
        file.change_audience()
    for stop in sorted(said):
        file.announce(SAID[stop](case=file.case.id, person=person))
    for stop in sorted(lifted):
        file.announce(PersonStopLifted(case=file.case.id, person=person, stop=stop))


def announce_standing(file: CaseFile, stands: Sequence[Stop] | None) -> Sequence[Stop]:
    """Have others hear of what stands already, when a case is opened; what that is.

    The person is held: a stop that is being said at this moment is heard here or told to this
    case as one of all, and not lost between.

    Args:
        file: of the new case.
        stands: what stands, where this transaction holds the person already.
    """
    if file.case.person is None or file.case.person in file.pad.persons:
        return []
    if stands is None:
        stands = hold_standing(file.uow.session, file.case.person)
    for stop in stands:
        file.announce(SAID[stop](case=file.case.id, person=file.case.person))
    return stands
