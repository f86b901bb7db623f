"""What a page of a case shows, read together: the case, what its sender sent, what its team knows.

Each part is as its own address has it, for whom that has it, and who looked is noted as there.
"""

from collections.abc import Mapping
from uuid import UUID

import orjson

from services.referrals import case_views, record_views
from services.referrals.case_views import cares, case_view, case_where
from services.referrals.desk import Desk
from services.referrals.disclosure import reading
from services.referrals.plan import views as plan_views
from services.referrals.plan.views import plan_view
from services.referrals.record_views import record_view
from services.referrals.tables import Case
from services.referrals.views import View
from shared.auth import Principal
from shared.fhir.outcome import FhirError
from shared.fhir.permitting import Permitting
from shared.gathering import Gathering, Wanted

_PLANNED: Mapping[str, Wanted] = {**case_views.PARTS, **plan_views.PARTS}
_KNOWN: Mapping[str, Wanted] = {**_PLANNED, **record_views.PARTS}

_OF_CASE = Gathering(**case_views.PARTS)
_WITH_PLAN = Gathering(**_PLANNED)
_WITH_RECORD = Gathering(**_KNOWN)


def page_of(desk: Desk, permitting: Permitting, principal: Principal, case_id: UUID) -> View:
    """The `case`, and the `request` and `patient` that were sent; the `record` and `plan` of it.

    Args:
        desk: what every use case works with.
        permitting: what the token reaches of what was sent.
        principal: who asks.
        case_id: of the case.

    Returns:
        What whoever asks may not see, or is not there, is null: what was sent where the store has
        no row for them, and what the team knows once the case has ended, and for everybody else.

    Raises:
        NoSuchCase: it is another team's or hub's, or there is none.
    """
    record: View | None = None
    plan: View | None = None
    with desk.look() as uow:
        session = uow.session
        case, is_open = case_where(session, principal, case_id)
        if not (is_open and cares(principal, case)):
            rows = _OF_CASE.read(session, case=case_id)
        elif case.person is None:
            rows = _WITH_PLAN.read(session, case=case_id)
            plan = plan_view(rows)
        else:
            rows = _WITH_RECORD.read(session, case=case_id, person=case.person)
            plan = plan_view(rows)
            record = record_view(rows, desk.settings.lawful_basis)
    return {
        "case": case_view(case, rows, principal, desk.clock()),
        **_sent(desk, permitting, principal, case),
        "record": record,
        "plan": plan,
    }


def _sent(desk: Desk, permitting: Permitting, principal: Principal, case: Case) -> View:
    """What came from the sender, as the store has it."""
    named = {"request": ("ServiceRequest", case.service_request)}
    if case.patient is not None:
        named["patient"] = ("Patient", case.patient)
    reached = {
        part: document
        for part, document in named.items()
        if _reaches(permitting, principal, document[0])
    }
    with reading(desk) as store:
        found = store.read_all(reached.values(), permitting.seeing(principal, "r"))
    return {"request": None, "patient": None} | {
        part: orjson.Fragment(found[document].body)
        for part, document in reached.items()
        if document in found
    }


def _reaches(permitting: Permitting, principal: Principal, type_name: str) -> bool:
    """Whether a token lets a type be read; that it does not is noted, as where it is read alone."""
    try:
        permitting.allow(principal, type_name, "read")
    except FhirError:
        return False
    return True
