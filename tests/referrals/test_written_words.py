"""Whatever may be written about a person through the case API is gone after an erasure (care 9).

The fields that take words are read off the API's own description: a new one fails here until the
story below writes into it, and so has it looked for in every table afterwards.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.referrals.house import SERVICE, SERVICE_2, Caller, House, Json
from tests.referrals.test_erasure import found_in, wiped
from tests.referrals.test_front_door import FAMILY, said
from tests.referrals.test_practice import AT as PRACTICE
from tests.referrals.test_practice import of_a_patient
from tests.referrals.test_walk_ins import came

pytestmark = pytest.mark.slow

CASE, TASK = "/referrals/cases/{case}", "/referrals/requests/{task}"
DOOR, GLASS = "/referrals/front-door", "/referrals/break-glass"
NO_WORDS = {
    f"POST {CASE}/requests how": "verbal or written",
    f"POST {CASE}/requests may_stay[]": "words of the text beside it, compared and not kept",
    f"POST {TASK}/messages may_stay[]": "the same",
    f"POST {TASK}/renew-agreement how": "verbal or written",
    "PUT /referrals/limits why": "a hub's reason, about nobody",
    **{
        f"POST {at} person.nhs_number": "a number, by which an erasure finds the person"
        for at in (DOOR, f"{DOOR}/entries", PRACTICE)
    },
    f"POST {PRACTICE} relation": "a relative's, and refused of whoever works at a practice",
    **{
        f"POST {GLASS}/look-up {name}": "looked for and not kept; in no trail by its value"
        for name in ("number", "nhs_number", "family")
    },
}
"""Fields that take any text and hold none about a person, and why."""

UNKEPT = {
    f"POST {TASK}/answer note": "the last note of a request stands",
    f"POST {DOOR} needs[].system": "a need is kept by its code and its name",
    f"POST {DOOR}/entries needs[].system": "the same",
    f"POST {PRACTICE} needs[].system": "the same",
    **{
        f"POST {CASE}/close/preview for_practice.{name}": "what closing would do is shown, not kept"
        for name in (
            "next_step",
            *(f"measures[].{part}" for part in ("name", "before", "after", "not_asked")),
        )
    },
}
"""Fields whose words are not there any more before the erasure, and why."""


def free_fields(spec: Json) -> Iterator[str]:
    """Method, path and place of each field of a body in which words can be written."""
    for path, item in spec["paths"].items():
        if not path.startswith("/referrals/"):
            continue
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for place in _free(spec, body.get("schema", {}), ""):
                yield f"{method.upper()} {path} {place}"


def _free(spec: Json, schema: Json, place: str) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _free(spec, spec["components"]["schemas"][name], place)
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from _free(spec, each, place)
    for name, each in schema.get("properties", {}).items():
        yield from _free(spec, each, f"{place}.{name}".lstrip("."))
    if isinstance(more := schema.get("additionalProperties"), dict):
        yield from _free(spec, more, f"{place}.*")
    if "items" in schema:
        yield from _free(spec, schema["items"], f"{place}[]")
    if schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format"}:
        pattern = schema.get("pattern")
        if pattern is None or re.search(pattern, "urn:a.few.words"):  # codes have no colon
            yield place


@dataclass
class Story:
    """What was written where.

    Attributes:
        marks: by field, the words that stand there.
    """

    house: House
    marks: dict[str, str] = field(default_factory=dict)

    def write(
        self,
        who: Caller,
        method: str,
        path: str,
        body: Json,
        **ids: str,
    ) -> Any:
        """Send a body, in which each `§` becomes a mark of its own."""
        marked = self._marked(f"{method} {path}", body, "")
        return who.call(method, path.format(**ids), json=marked)

    def _marked(self, at: str, value: Any, place: str, name: str = "") -> Any:
        if isinstance(value, Mapping):
            any_name = place.endswith("share")
            return {
                key: self._marked(at, each, f"{place}.{'*' if any_name else key}".lstrip("."), key)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._marked(at, each, f"{place}[]", name) for each in value]
        if not isinstance(value, str) or "§" not in value:
            return value
        mark = f"zv{len(self.marks):03d}mark"
        self.marks[f"{at} {place}" + (f" {name}" if place.endswith("*") else "")] = mark
        return value.replace("§", mark)

    @property
    def fields(self) -> set[str]:
        """The fields that were written into."""
        return {re.sub(r"(?<=\*) .*", "", each) for each in self.marks}


NEED = {"code": "loneliness", "system": "urn:§", "display": "§"}
WAY = {"value": "§", "safe": "yes", "times": "§", "words": "§", "keep_from": "§"}
SHARE = {
    "name": "§", "phone": "§", "email": "§@example.org", "address": "§", "language": "§",
    "access-needs": "§", "carer": "§",
}  # fmt: skip


def the_case(story: Story, lead: Caller, duty: Caller) -> None:
    """A case from its first contact to its end, with words wherever they can be written."""
    house, worker = story.house, story.house.worker
    referral = house.refer()
    case = {"case": referral.case}

    def write(method: str, step: str, body: Json, **how: Any) -> Any:
        who = how.pop("who", worker)
        return story.write(who, method, f"{CASE}{step}", body, **case, **how)

    worker.post(f"{referral.at}/accept")
    write("POST", "/contacts", {"reached": True, "how": "phone", "next_step": "§"})
    worker.post(f"{referral.at}/person-accepts")
    write("PUT", "/person/contacts/{channel}", WAY, channel="phone")
    write("POST", "/person/access-needs", {"code": "bsl", "detail": "§"})
    around = {"name": "§", "relation": "friend", "authority": "deputy", "evidence": "§"}
    write("POST", "/person/around", around | {"may_hear": "§", "phone": "§"})
    decided = {"decision": "§", "able": False, "seen": "§", "decided_by": "deputy", "who": "§"}
    write("POST", "/person/decisions", decided)
    write("POST", "/person/consents", {"purpose": "stories", "given": True, "how": "§"})
    review = {"language": "§", "wanted": "§", "changed": "§", "harm": "§"}
    write("POST", "/reviews", review)
    goal = write("POST", "/goals", {"words": "§", "actions": [{"words": "§"}]})["id"]
    write("POST", "/goals/{goal}/actions", {"words": "§"}, goal=goal)
    write("POST", "/goals/{goal}/settle", {"state": "reached", "came": "§"}, goal=goal)
    write("PUT", "/complexity", {"level": "high", "because": "§"})
    write("PUT", "/visiting", {"at_home": False, "alone": False, "because": "§"})
    write("PUT", "/supervision", {"because": "§"})
    write("POST", "/supervision/talked", {"came": "§"}, who=lead)
    write("PUT", "/gp-sharing", {"items": ["needs", "next-step", "measures"], "how": "§"})
    worry = {"id": str(uuid4()), "concern": "§", "because": "§"}
    write("POST", "/gp-worries", worry)
    key = str(uuid4())
    write("POST", "/worries", {"key": key, "words": "§", "lead": "colleague"})
    (raised,) = worker.get(referral.at)["worries"]
    for step in ("decision", "outcome"):
        write("POST", f"/worries/{{worry}}/{step}", {"words": "§"}, worry=raised["id"])
    opening = {"case": referral.case, "reason": "life-at-risk", "words": "§"}
    opened = story.write(duty, "POST", GLASS, opening)["id"]
    look = {"found": "right", "came": "§"}
    story.write(lead, "POST", f"{GLASS}/{{opening}}/look", look, opening=opened)
    wish = {
        "service": str(SERVICE), "needs": [NEED], "text": "§", "when": "§", "where": "§",
        "access_needs": ["§"], "share": SHARE, "full_because": "§",
        "overrides": [{"criterion": "cost", "reason": "§"}],
    }  # fmt: skip
    task = write("POST", "/requests", wish)["task"]
    other = {"service": str(SERVICE_2), "needs": [NEED], "several_because": "§"}
    second = write("POST", "/requests", other)["task"]
    worker.post(f"/referrals/requests/{second}/cancel", {"reason": "other"})
    story.write(
        house.provider, "POST", f"{TASK}/answer", {"decision": "accept", "note": "§"}, task=task
    )
    starts = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    first = {"starts": starts, "company": {"who": "volunteer", "meet": "§"}}
    story.write(worker, "PUT", f"{TASK}/first-visit", first, task=task)
    for step, body in (
        ("progress", {"action": "start"}),
        ("messages", {"key": str(uuid4()), "text": "§"}),
        ("worries", {"key": str(uuid4()), "words": "§"}),
        ("progress", {"action": "complete", "note": "§"}),
    ):
        story.write(house.provider, "POST", f"{TASK}/{step}", body, task=task)
    for each in worker.get(referral.at)["worries"]:
        if not each["closed"]:
            worker.put(f"{referral.at}/worries/{each['id']}/lead", {"lead": "colleague"})
            for step in ("decision", "outcome"):
                worker.post(f"{referral.at}/worries/{each['id']}/{step}", {"words": "It was done."})
    write("PUT", "/person/stops/{stop}", {"stands": True, "told_by": "§"}, stop="do-not-contact")
    measure = {"name": "§", "before": "§", "after": "§"}
    measures = [measure, {"name": "§", "not_asked": "§"}]
    closed = {"outcome": "completed", "for_practice": {"next_step": "§", "measures": measures}}
    for step in ("/close/preview", "/close"):
        write("POST", step, closed)


def the_doors(story: Story) -> None:
    """Whoever came by a form, by phone, or to a provider."""
    house = story.house
    referrer = {"name": "§", "role": "§", "organisation": "§", "phone": "§", "email": "§@x.example"}
    handed = {
        "person": {"given": "§", "family": "§"}, "words": "§", "needs": [NEED],
        "contacts": [WAY | {"channel": "phone"}],
        "access_needs": [{"code": "large-print", "detail": "§"}],
        "relation": "§", "referrer": referrer,
    }  # fmt: skip
    by_form = said(**FAMILY) | handed | {"agreed_how": "zvagreedmark"}
    story.write(house.by("front-door"), "POST", DOOR, by_form)
    by_phone = said(**FAMILY) | handed | {"entered": "phone"}
    story.write(house.worker, "POST", f"{DOOR}/entries", by_phone)
    by_practice = of_a_patient() | handed | {"relation": ""}
    story.write(house.by("navigator"), "POST", PRACTICE, by_practice)
    walked_in = came() | {
        "given": "§", "family": "§", "words": "§", "needs": [NEED],
        "contacts": [WAY | {"channel": "phone"}],
        "access_needs": [{"code": "step-free", "detail": "§"}],
    }  # fmt: skip
    story.write(house.provider, "POST", "/referrals/walk-ins", walked_in)


def test_no_word_that_can_be_written_outlives_an_erasure(house: House):
    lead = house.by("link-worker", roles=("link-worker", "team-lead"), account=str(uuid4()))
    story = Story(house)
    the_case(story, lead, house.by("duty-lead"))
    the_doors(story)
    spec = house.app.openapi()
    assert set(free_fields(spec)) == story.fields | NO_WORDS.keys()
    marks = [*story.marks.values(), "zvagreedmark"]
    there = {mark for mark, _ in found_in(house, marks)}
    assert {name for name, mark in story.marks.items() if mark not in there} == UNKEPT.keys()

    for (person,) in house.rows("select id from person"):
        wiped(house, person, even_if_open=True)

    left = found_in(house, marks)
    places = {mark: name for name, mark in story.marks.items()}
    assert sorted((places.get(mark, mark), table) for mark, table in left) == []
