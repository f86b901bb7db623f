"""The FHIR form of a plan: an Observation for each measure of a review, a Goal for each goal.

The team reads them and nobody else: what a practice is told of them is for the person to say, and
goes with the message to the GP. No question's wording is in them.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import select as sql_select
from sqlalchemy import tuple_
from sqlmodel import Session, select

from services.referrals import codes
from services.referrals.plan.instruments import INSTRUMENTS, Instrument
from services.referrals.resources import Resource, concept, instant, reference
from services.referrals.tables import Case, Goal, Measure, Review
from shared.fhir import tables as fhir

MEASURE = f"{codes.KERSEY}/CodeSystem/measure"
BAND = f"{codes.KERSEY}/CodeSystem/measure-band"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"

LIFECYCLE = {
    "set": "active",
    "reached": "completed",
    "partly": "completed",
    "changed": "cancelled",
    "dropped": "cancelled",
}
"""By the state of a goal."""
ACHIEVED = {
    "set": "in-progress",
    "reached": "achieved",
    "partly": "improving",
    "changed": "not-achieved",
    "dropped": "not-achieved",
}


def observation_id(review: UUID, instrument: str) -> str:
    """The id of the Observation of a measure."""
    return str(uuid5(review, instrument))


def observation(review: Review, measure: Measure, case: Case) -> Resource:
    """One measure of a review; what was taken back is entered in error."""
    instrument = INSTRUMENTS[measure.instrument]
    body: Resource = {
        "resourceType": "Observation",
        "id": observation_id(review.id, measure.instrument),
        "basedOn": [reference("ServiceRequest", case.service_request)],
        "status": "entered-in-error" if review.struck else "final",
        "category": [concept(_CATEGORY, "survey", "Survey")],
        "code": concept(MEASURE, instrument.code),
        "subject": reference("Patient", case.patient),
        "effectiveDateTime": review.day.isoformat(),
        "issued": instant(review.recorded),
        "performer": [reference("Organization", case.team)],
    }
    if measure.not_asked:
        reason = concept(_ABSENT, "not-asked", "Not Asked")
        return body | {"dataAbsentReason": reason | {"text": measure.not_asked.replace("-", " ")}}
    return body | _values(instrument, measure)


def _values(instrument: Instrument, measure: Measure) -> Resource:
    """The answers as components; the sum as the value, where there is one."""
    values = instrument.values(measure.answers)
    told: Resource = {}
    if instrument.total:
        told = _valued(instrument, instrument.total.code, values)
    answers = {} if len(instrument.items) == 1 and instrument.total else measure.answers
    components = [
        {"code": concept(MEASURE, f"{instrument.code}-{code}")}
        | ({"valueInteger": answer} if instrument.total else _valued(instrument, code, values))
        for code, answer in sorted(answers.items())
    ]
    return told | ({"component": components} if components else {})


def _valued(instrument: Instrument, code: str, values: Mapping[str, Decimal]) -> Resource:
    scale = next(each for each in instrument.scales if each.code == code)
    value = values.get(code)
    if value is None:
        return {"dataAbsentReason": concept(_ABSENT, "unknown", "Unknown")}
    unit = {"unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}
    told: Resource = {"valueQuantity": {"value": value} | unit}
    band = scale.band(value)
    return told | ({"interpretation": [concept(BAND, band)]} if band else {})


def goal(row: Goal, case: Case) -> Resource:
    """A goal, in the person's own words."""
    body: Resource = {
        "resourceType": "Goal",
        "id": str(row.id),
        "lifecycleStatus": LIFECYCLE[row.state],
        "achievementStatus": concept(_ACHIEVEMENT, ACHIEVED[row.state]),
        "description": {"text": row.words},
        "subject": reference("Patient", case.patient),
        "startDate": row.recorded.date().isoformat(),
    }
    if row.by_when:
        body["target"] = [{"dueDate": row.by_when.isoformat()}]
    if row.settled:
        body["statusDate"] = row.settled.date().isoformat()
    if row.came:
        body["note"] = [{"text": row.came}]
    return body


def of_case(session: Session, case: UUID) -> Collection[tuple[str, str]]:
    """The documents of a case's plan, as (type, id)."""
    measures = session.exec(
        select(Measure.review, Measure.instrument).where(Measure.case == case)
    ).all()
    goals = session.exec(select(Goal.id).where(Goal.case == case)).all()
    keys = [("Observation", observation_id(review, code)) for review, code in measures]
    keys += [("Goal", str(key)) for key in goals]
    if not keys:
        return ()
    # A case whose sender named no Patient has none of them.
    document = fhir.document.c
    there = sql_select(document.type, document.id).where(
        tuple_(document.type, document.id).in_(keys)
    )
    return [(kind, key) for kind, key in session.connection().execute(there)]
