"""What messages are taken and sent, as MessageDefinitions that a sender reads beforehand.

BaRS Core, Content negotiation: the receiver says which resources it needs and takes, under the
canonical that the national definition has, for the services and use cases that it serves.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from services.referrals import codes
from services.referrals.bars import terms
from services.referrals.served import CAPABILITY_DATE, SERVED
from shared.fhir.conformance import OF_THE_ANSWER
from shared.fhir.outcome import invalid

Json = dict[str, Any]
Pairs = Sequence[tuple[str, str]]

CARDINALITY: Mapping[str, tuple[int, int | None]] = MappingProxyType(
    {"ServiceRequest": (1, 1), "Patient": (1, 1), "Organization": (2, None)}
)
"""What every referral has: the request, whom it is about, who sends and who receives it."""

_ALSO = (
    "CarePlan",
    "CareTeam",
    "Communication",
    "Condition",
    "Consent",
    "DocumentReference",
    "Encounter",
    "Goal",
    "HealthcareService",
    "Location",
    "Observation",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "Task",
)
TAKEN = frozenset({*CARDINALITY, *_ALSO}) & frozenset(SERVED)
"""Types that a referral may have; a link worker who cares for its case can read each of them."""

SEARCHED = ("_id", "context", "event", "name", "status", "url", "version")
_NAMESPACE = UUID("0c2b6f0e-1d43-4a0c-9a55-4a0f35e7a3d1")
_LOCAL_USE_CASE = f"{codes.KERSEY}/CodeSystem/use-case"
_SERVICE = "dos-service-id"


def message_definitions(services: Iterable[str]) -> list[Json]:
    """All of them.

    Args:
        services: those that this deployment receives messages for, each `system|value`.
    """
    context = [_context(*each.rpartition("|")[::2]) for each in sorted(services)]
    context.append(_context(_LOCAL_USE_CASE, "social-prescribing", "Social prescribing"))
    answer = [{"message": terms.RESPONSE_DEFINITION}]
    least = _focus("ServiceRequest", 1, 1), _focus("Patient", 1, 1)
    return [
        _definition(
            terms.REFERRAL_DEFINITION, "Referral to social prescribing", terms.REQUEST, context,
            [_focus(kind, *CARDINALITY.get(kind, (0, None))) for kind in sorted(TAKEN)],
        ) | {"responseRequired": "always", "allowedResponse": answer},
        _definition(
            terms.CANCELLED_DEFINITION, "Cancellation of a referral", terms.REQUEST, context,
            [*least, _focus("Organization", 2, None)],
        ) | {"responseRequired": "always", "allowedResponse": answer},
        _definition(
            terms.RESPONSE_DEFINITION, "What became of a referral", terms.RESPONSE, context,
            [*least, _focus("Encounter", 1, 1), _focus("Organization", 2, None)],
        ),
    ]  # fmt: skip


def matching(definitions: Iterable[Json], pairs: Pairs, *, lenient: bool) -> list[Json]:
    """Those that a search asks for.

    Args:
        definitions: all.
        pairs: the parameters of the search; repeated ones must all match.
        lenient: whether a parameter that is not known is passed over.

    Raises:
        FhirError: 400 naming a parameter that is not known.
    """
    found = list(definitions)
    for name, value in pairs:
        if name in OF_THE_ANSWER:
            continue
        if name not in SEARCHED:
            if lenient:
                continue
            words = f"MessageDefinition is searched by {', '.join(SEARCHED)}."
            raise invalid(words, f"http.{name}", code="not-supported")
        wanted = value.split(",")
        found = [each for each in found if any(_matches(each, name, one) for one in wanted)]
    return found


def _matches(definition: Json, name: str, wanted: str) -> bool:
    if name == "context":
        return _in_context(definition, wanted)
    if name == "event":
        event = definition["eventCoding"]
        return _is_token(event["system"], event["code"], wanted)
    if name == "name":
        return str(definition["name"]).casefold().startswith(wanted.casefold())
    return str(definition["id" if name == "_id" else name]) == wanted


def _in_context(definition: Json, wanted: str) -> bool:
    """Whether a definition is for a service or a use case.

    A deployment that names no services is behind a proxy that knows them: any service matches. No
    use case is published for social prescribing, so that any but those of urgent care does.
    """
    system, _, code = wanted.rpartition("|")
    coded = [each["valueCodeableConcept"]["coding"][0] for each in definition["useContext"]]
    if system == terms.USE_CASES:
        return not terms.URGENT.fullmatch(code)
    named = [each for each in coded if each["system"] != _LOCAL_USE_CASE]
    if not named and _SERVICE in (system or _SERVICE):
        return True
    return any(_is_token(each["system"], each["code"], wanted) for each in coded)


def _is_token(system: str, code: str, wanted: str) -> bool:
    of, bar, value = wanted.rpartition("|")
    return (not value or value == code) and (not bar or of.casefold() == system.casefold())


def _context(system: str, code: str, display: str | None = None) -> Json:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {
        "code": {
            "system": "http://terminology.hl7.org/CodeSystem/usage-context-type",
            "code": "workflow",
        },
        "valueCodeableConcept": {"coding": [coding]},
    }


def _focus(kind: str, least: int, most: int | None) -> Json:
    return {"code": kind, "min": least, "max": "*" if most is None else str(most)}


def _definition(
    url: str, title: str, event: str, context: Sequence[Json], focus: Sequence[Json]
) -> Json:
    name = url.rpartition("/")[2].replace("-", "_")
    header = f"{terms.PROFILES}/BARSMessageHeader-{event}"
    bundle = f"{terms.PROFILES}/BARSBundleMessage"
    return {
        "resourceType": "MessageDefinition",
        "id": str(uuid5(_NAMESPACE, url)),
        "url": url,
        "version": terms.VERSION,
        "name": name,
        "title": title,
        "status": "active",
        "date": CAPABILITY_DATE,
        "publisher": "Kersey",
        "useContext": list(context),
        "eventCoding": {"system": terms.EVENTS, "code": event},
        "category": "consequence" if event == terms.REQUEST else "notification",
        "focus": [
            _focus("Bundle", 1, 1) | {"profile": bundle},
            _focus("MessageHeader", 1, 1) | {"profile": header},
            *focus,
        ],
    }
