"""All that a curious client can ask, and a referral of which every word can be recognised."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.referrals.served import SERVED
from shared.fhir.compartments import definitions
from tests.referrals.house import SERVICE, URL, Caller, House, Json, a_bundle

CODED = frozenset(
    "resourceType fullUrl url method ifNoneExist reference status intent priority use gender"
    " system type profile contentType docStatus".split()
)
"""Members whose values are codes, addresses or references: no word of a person fits in them."""


@dataclass
class Marked:
    """A Bundle whose every free string, date and number is one that nothing else holds."""

    bundle: Json
    markers: dict[str, str] = field(default_factory=dict)
    """By marker, where it stands."""

    def at(self, ending: str) -> str:
        """The marker at the element whose path ends so."""
        (found,) = [mark for mark, path in self.markers.items() if path.endswith(ending)]
        return found


def marked_bundle() -> Marked:
    """The example referral with more about the person, every word of it marked."""
    bundle = a_bundle(str(uuid4()))
    by_type = {each["resource"]["resourceType"]: each for each in bundle["entry"]}
    patient, request = by_type["Patient"], by_type["ServiceRequest"]["resource"]
    who = {"reference": patient["fullUrl"]}
    condition, document, observation = (f"urn:uuid:{uuid4()}" for _ in range(3))
    patient["resource"] |= {
        "contact": [{"name": {"text": "?"}, "telecom": [{"system": "phone", "value": "?"}]}],
        "communication": [{"language": {"text": "?"}}],
        "generalPractitioner": [{"display": "?"}],
    }
    # Of a list that is not known here, so that its code may be a mark too.
    (ethnicity,) = patient["resource"]["extension"][0]["valueCodeableConcept"]["coding"]
    ethnicity["system"] = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryWales"
    by_type["Practitioner"]["resource"]["qualification"] = [{"code": {"text": "?"}}]
    request |= {
        "supportingInfo": [{"reference": condition}, {"reference": document}],
        "patientInstruction": "?",
        "performerType": {"text": "?"},
        "reasonReference": [{"reference": condition}],
        "orderDetail": [{"text": "?"}],
        "occurrenceDateTime": "2026-07-03",
    }
    request["subject"]["display"] = "?"
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">?</div>'}
    bundle["entry"] += [
        _entry(condition, {
            "resourceType": "Condition", "subject": who, "code": {"text": "?"},
            "note": [{"text": "?"}], "recordedDate": "2026-03-09", "text": text,
        }),
        _entry(document, {
            "resourceType": "DocumentReference", "status": "current", "subject": who,
            "description": "?",
            "content": [{"attachment": {"contentType": "text/plain", "title": "?", "data": "?"}}],
        }),
        _entry(observation, {
            "resourceType": "Observation", "status": "final", "subject": who,
            "code": {"text": "?"}, "valueString": "?",
        }),
    ]  # fmt: skip
    marked = Marked(bundle)
    for entry in bundle["entry"]:
        entry["resource"] = _marked(entry["resource"], entry["resource"]["resourceType"], marked)
    return marked


def _entry(full_url: str, resource: Json) -> Json:
    request = {"method": "POST", "url": resource["resourceType"]}
    return {"fullUrl": full_url, "resource": resource, "request": request}


def _marked(value: Any, path: str, marked: Marked, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _marked(each, f"{path}.{key}", marked, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_marked(each, f"{path}[{n}]", marked, name) for n, each in enumerate(value)]
    if name in CODED or not isinstance(value, str) or _is_national(value, path):
        return value
    mark = f"zq{len(marked.markers):06d}{name}"  # six digits, so that it may be a phone number
    if name == "data":
        mark = base64.b64encode(mark.encode()).decode()
    elif "Date" in name or name == "authoredOn" or path == "Patient.identifier[0].value":
        mark = value  # its shape is checked; nothing else here has the same value
    marked.markers[mark] = path
    return value.replace("?", mark) if name == "div" else mark


def _is_national(value: str, path: str) -> bool:
    """What must stay for the referral to find its way, and says nothing of the person."""
    return "Organization.identifier" in path or value in {"01", "02", "871731000000106"}


def documents(house: House) -> list[tuple[str, str]]:
    """Every document that the service holds, as (type, id)."""
    return [(kind, key) for kind, key in house.rows("select type, id from document order by pk")]


def pry(house: House, who: Caller, case: str, task: str) -> Iterator[str]:
    """The texts of all answers to a client that asks for everything in every way."""
    for kind in SERVED:
        for query in (
            "",
            "_total=accurate",
            "_summary=count",
            "_sort=-_lastUpdated",
            "_elements=id",
        ):
            yield who.send("GET", f"/fhir/{kind}?{query}").text
        yield who.send("GET", f"/fhir/{kind}/_history").text
        yield who.send("POST", f"/fhir/{kind}/_search").text
    yield who.send("GET", "/fhir/_history").text
    for query in INCLUDING:
        yield who.send("GET", f"/fhir/{query}").text
    for kind, key in documents(house):
        at = f"/fhir/{kind}/{key}"
        for path in (at, f"{at}/_history", f"{at}/_history/1", f"{at}/_history/2"):
            yield who.send("GET", path).text
        for media_type, patch in PATCHES:
            headers = {"Content-Type": media_type}
            yield who.send("PATCH", at, json=patch, headers=headers).text
        for inner in definitions().get(kind, ()):
            yield who.send("GET", f"{at}/{inner}?_total=accurate").text
            yield who.send("POST", f"{at}/{inner}/_search").text
        for name in ("*", "$everything"):
            yield from pages(who, f"{at}/{name}?_count=3")
        yield who.send("PUT", at, json={"resourceType": kind, "id": key}).text
    yield from every_page(house, who, case, task)
    yield who.send("GET", "/referrals/cases", params={"open": False}).text
    for method, step in (("GET", ""), ("POST", "/choose"), ("POST", "/withdraw-agreement")):
        yield who.send(method, f"/referrals/requests/{task}{step}").text
    batch: Json = {"resourceType": "Bundle", "type": "batch"}
    batch["entry"] = [
        {"request": {"method": "GET", "url": f"{kind}/{key}{more}"}}
        for kind, key in documents(house)
        for more in ("", "/*", "/$everything", "/Task", "/ServiceRequest", "/Observation")
    ]
    batch["entry"] += [
        {"request": {"method": "PATCH", "url": f"{kind}/{key}"}, "resource": PATCHES[1][1]}
        for kind, key in documents(house)
    ]
    yield who.send("POST", "/fhir", json=batch).text


def every_page(house: House, who: Caller, case: str, task: str) -> Iterator[str]:
    """The texts of all that the case API shows, taken from its own description."""
    asked = known(case, task)
    described = house.app.openapi()["paths"]
    for path, how in described.items():
        if "get" not in how or not path.startswith("/referrals/"):
            continue
        if asked.keys() >= set(_IN_PATH.findall(path)):
            yield who.send("GET", path.format(**asked)).text
        else:
            assert path in BY_OTHER_IDS, f"{path}: nobody asks for it here"
    for folder in ("asked", "going", "ended"):
        yield who.send("GET", "/referrals/requests", params={"folder": folder}).text
    for (key,) in house.rows("select id::text from gp_message"):
        yield who.send("GET", f"/referrals/cases/{case}/gp-messages/{key}/letter.html").text
    for (key,) in house.rows("select id::text from break_glass"):
        yield who.send("GET", f"/referrals/break-glass/{key}").text
        yield who.send("GET", f"/referrals/break-glass/{key}/about").text
    for (key,) in house.rows("select id from subscription_state"):
        for operation in ("$status", "$events", "$events?content=full-resource"):
            yield who.send("GET", f"/fhir/Subscription/{key}/{operation}").text


def every_step(house: House, who: Caller, case: str, task: str) -> Iterator[str]:
    """The texts of the answers to every step that the case API has, taken with nothing said."""
    described = house.app.openapi()["paths"]
    for path, how in described.items():
        for method in how.keys() - {"get"} if path.startswith("/referrals/") else ():
            names = {name: str(uuid4()) for name in _IN_PATH.findall(path)}
            at = path.format(**names | known(case, task))
            yield who.send(method.upper(), at, json={}).text


def known(case: str, task: str) -> dict[str, str]:
    """What stands for the parameters of a path."""
    return {
        "case": case,
        "task": task,
        "service": str(SERVICE),
        "day": f"{datetime.now(UTC):%F}",
        "hub": "bradford",
        "practice": "ZZK01",
    }


_IN_PATH = re.compile(r"{(\w+)}")

BY_OTHER_IDS = frozenset(
    {
        "/referrals/break-glass/{opening}",
        "/referrals/break-glass/{opening}/about",
        "/referrals/cases/{case}/gp-messages/{message}/letter.{form}",
    }
)
"""Pages whose id is taken from the table: a page that is in neither list is asked for by nobody."""


def pages(who: Caller, address: str) -> Iterator[str]:
    """The texts of an answer and of all that its next links lead to."""
    following: str | None = address
    while following is not None:
        answer = who.send("GET", following)
        yield answer.text
        links = answer.json().get("link", ())
        following = next((each["url"] for each in links if each["relation"] == "next"), None)
        following = following and following.removeprefix(URL)


PATCHES: tuple[tuple[str, Any], ...] = (
    ("application/json-patch+json", [{"op": "test", "path": "/id", "value": "x"}]),
    (
        "application/fhir+json",
        {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "operation",
                    "part": [
                        {"name": "type", "valueCode": "replace"},
                        {"name": "path", "valueString": "name.where(family.exists()).given[9]"},
                        {"name": "value", "valueString": "x"},
                    ],
                }
            ],
        },
    ),
    ("application/merge-patch+json", {"id": "x"}),
)
"""By media type, patches that apply to nothing."""
SEARCHING = ("", "_total=accurate", "_summary=count", "_sort=-_lastUpdated", "_elements=id")
INCLUDING = (
    "Task?_include=*&_include:iterate=*",
    "Task?_include=Task:focus&_include:iterate=ServiceRequest:based-on",
    (
        "Task?_include=Task:based-on&_include:iterate=ServiceRequest:based-on"
        "&_include:iterate=ServiceRequest:subject&_include:iterate=ServiceRequest:requester"
    ),
    "Task?_include=Task:patient&_revinclude:iterate=Condition:patient",
    "Task?_include=Task:part-of&_include:iterate=Task:focus",
    "ServiceRequest?_include=ServiceRequest:subject&_include=ServiceRequest:based-on",
    "ServiceRequest?_revinclude=Task:focus&_revinclude=Task:based-on",
    (
        "Patient?_revinclude=Condition:patient&_revinclude=ServiceRequest:subject"
        "&_revinclude=Observation:patient&_revinclude=Task:patient"
    ),
    "Organization?_revinclude=PractitionerRole:organization&_revinclude=ServiceRequest:requester",
)
