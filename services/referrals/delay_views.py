"""What a message may say to whoever asked for help and still waits, and how it may reach them.

It is asked just before the message is sent, and says nothing to whoever waits no more. A referrer
hears of the number on their receipt, never of the person (care 16, 22).
"""

from collections.abc import Collection
from typing import Literal

from services.referrals.casefile import CaseFile
from services.referrals.handlers.sharing import person_of_case
from services.referrals.person_views import NO_WAY, reached_view, team_view
from services.referrals.record import stops_of
from services.referrals.record_views import reaching_view
from services.referrals.tables import FrontDoorEntry, Person
from services.referrals.triage_clock import still_waits
from services.referrals.views import View
from services.referrals.ways import Instead, takes_texts

To = Literal["person", "referrer"]


def delay_view(file: CaseFile, to: To, by: Collection[str]) -> View:
    """What whoever is kept waiting may be told.

    What stops every message to the person stops the referrer's too: it would tell of a person who
    has died, or whose record is restricted, as if nothing had happened.

    Args:
        file: the open case.
        to: the person, or whoever referred them.
        by: the channels that whoever asks can use.
    """
    person, entry = person_of_case(file), file.uow.session.get(FrontDoorEntry, file.case.id)
    stops = stops_of(person) if person is not None else []
    waits = entry is not None and still_waits(file.uow.session, file.triage.id)
    told: View = {
        "task": file.triage.id,
        "case": str(file.case.id),
        "stops": stops,
        "ended": not waits,
        "link_worker": team_view(file),
        "reference": entry.reference if entry is not None else "",
    }
    if entry is None or person is None or stops or not waits:
        return told | NO_WAY
    if to == "person":
        return told | reached_view(file, person, by)
    return told | NO_WAY | _to_referrer(file, entry, person, by)


def _to_referrer(
    file: CaseFile, entry: FrontDoorEntry, person: Person, by: Collection[str]
) -> View:
    """The address or the mobile number that the referrer left, if the person agreed; the hub rings
    whoever left another number, or where texts do not go.

    Where it is noted from whom something must be kept, only a human can tell whether that is the
    referrer (care 12).
    """
    address, number = (entry.referrer.get(each, "") for each in ("email", "phone"))
    if not entry.tell_referrer or not (address or number):
        return {"instead": Instead.NOTHING.value}
    contacts, _ = reaching_view(file.uow.session, person.id)
    if any(said["keep_from"] for each in contacts for said in each["said"]):
        return {"instead": Instead.BY_TEAM.value}
    if address and "email" in by:
        return {"way": {"channel": "email", "address": address}, "instead": None}
    if takes_texts(number) and "text" in by:
        return {"way": {"channel": "text", "address": number}, "instead": None}
    return {"instead": Instead.BY_HUB.value}
