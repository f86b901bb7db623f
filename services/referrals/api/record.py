"""The record of a case's person, for the link worker who cares for them, and nobody else."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.referrals.accesses import seeing
from services.referrals.api.record_bodies import (
    AccessNeedBody,
    AroundBody,
    ConsentBody,
    DecisionBody,
    EqualityBody,
    SafeContactBody,
    StopBody,
)
from services.referrals.care import caring, known_person
from services.referrals.desk import Desk
from services.referrals.handlers import decisions, people_around, recording, stopping
from services.referrals.record import Channel, Characteristic, Stop, stops_of
from services.referrals.record_views import changes_view, record_of
from services.referrals.scopes import CASES
from services.referrals.tables import Person
from services.referrals.views import View
from shared.auth import Principal, requires


def record_routes(desk: Desk) -> APIRouter:
    """What a link worker knows of a person, by way of their case: no id of a person is needed."""
    router = APIRouter(prefix="/referrals/cases/{case}/person", tags=["the person"])
    works = Depends(requires(CASES))

    @router.get("")
    def record(case: UUID, principal: Principal = works) -> View:
        """What is known: stops, safe contact, needs, equality data, consents, merges."""
        return _record(desk, principal, case)

    @router.get("/changes")
    def changes(
        case: UUID,
        before: Annotated[int | None, Query(ge=1)] = None,
        count: Annotated[int, Query(ge=1, le=200)] = 50,
        principal: Principal = works,
    ) -> list[View]:
        """Every change of the record, newest first; `before` is the last row's `number`."""
        with seeing(desk.accesses, principal, case), desk.look() as uow:
            found = caring(uow.session, principal, case)
            return changes_view(uow.session, known_person(found), before, count)

    @router.put("/stops/{stop}")
    def say(case: UUID, stop: Stop, body: StopBody, principal: Principal = works) -> View:
        """Died, restricted, do not contact: stops at once what it stops, in every case."""
        stopping.say(desk, principal, case, stop, stands=body.stands, told_by=body.told_by)
        with desk.look() as uow:
            found = caring(uow.session, principal, case, even_ended=True)
            return {"stops": stops_of(uow.session.get_one(Person, known_person(found)))}

    @router.put("/contacts/{channel}")
    def contact(
        case: UUID, channel: Channel, body: SafeContactBody, principal: Principal = works
    ) -> View:
        """Whether and how a channel may be used."""
        recording.record_contact(desk, principal, case, channel, **body.model_dump())
        return _record(desk, principal, case)

    @router.post("/access-needs", status_code=201)
    def add_need(case: UUID, body: AccessNeedBody, principal: Principal = works) -> View:
        """What the person needs to take part."""
        recording.add_access_need(desk, principal, case, **body.model_dump())
        return _record(desk, principal, case)

    @router.post("/access-needs/{need}/end")
    def end_need(case: UUID, need: UUID, principal: Principal = works) -> View:
        """The person does not need it any more."""
        recording.end_access_need(desk, principal, case, need)
        return _record(desk, principal, case)

    @router.post("/around", status_code=201)
    def add_around(case: UUID, body: AroundBody, principal: Principal = works) -> View:
        """Somebody around the person: relation, authority, what they may hear."""
        people_around.add(desk, principal, case, **body.model_dump())
        return _record(desk, principal, case)

    @router.post("/around/{around}/end")
    def end_around(case: UUID, around: UUID, principal: Principal = works) -> View:
        """They are not around the person any more."""
        people_around.end(desk, principal, case, around)
        return _record(desk, principal, case)

    @router.post("/decisions", status_code=201)
    def add_decision(case: UUID, body: DecisionBody, principal: Principal = works) -> View:
        """A decision: whether the person could make it, what showed that, and who made it."""
        decisions.write_down(desk, principal, case, **body.model_dump())
        return _record(desk, principal, case)

    @router.put("/equality/{characteristic}")
    def equality(
        case: UUID,
        characteristic: Characteristic,
        body: EqualityBody,
        principal: Principal = works,
    ) -> View:
        """What the person says of themself; never used in matching."""
        recording.record_equality(desk, principal, case, characteristic, body.value)
        return _record(desk, principal, case)

    @router.post("/consents", status_code=201)
    def consent(case: UUID, body: ConsentBody, principal: Principal = works) -> View:
        """A wider consent, its refusal or withdrawal; it never affects care."""
        recording.record_consent(
            desk, principal, case, body.purpose, given=body.given, how=body.how
        )
        return _record(desk, principal, case)

    return router


def _record(desk: Desk, principal: Principal, case: UUID) -> View:
    with seeing(desk.accesses, principal, case), desk.look() as uow:
        found = caring(uow.session, principal, case)
        return record_of(uow.session, found, desk.settings.lawful_basis)
