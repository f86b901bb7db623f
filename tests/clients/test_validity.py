"""What is read is valid R4 for two validators of other makers, each run once over all of it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import pytest
from fastapi import Body, FastAPI

from deploy.demo_tokens import access_token
from tests.clients.conftest import Json, Registered
from tests.clients.fetch import HOME
from tests.clients.scripts import installed
from tests.infrastructure.running import Running
from tests.infrastructure.serving import serving

VALIDATORS = ("validate_fhir.mjs", "validate_medplum.mjs")
EXAMPLES = Path(__file__).parents[3] / "shared" / "data" / "fhir-examples"
NOT_FOR_CLIENTS = {"Bundle"}
"""Types of examples that are no documents here."""

pytestmark = [pytest.mark.timeout(400), pytest.mark.slow]

Said = list[tuple[str, Json]]
"""Resources, and how each was come by."""


def problems(validator: str, said: Said, folder: Path) -> list[str]:
    """What a validator finds wrong."""
    file = folder / "resources.json"
    wrong = ("wrong on purpose", {"resourceType": "Patient", "shoeSize": 7})
    said = [*said, wrong]
    file.write_text(json.dumps([resource for _, resource in said]))
    done = subprocess.run(
        [installed(), str(HOME / validator), str(file)],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[list[str]] = json.loads(done.stdout)
    assert len(found) == len(said)
    assert found.pop(), "it finds what is wrong"
    said.pop()
    return [f"{how}: {words}" for (how, _), each in zip(said, found, strict=True) for words in each]


def unfolded(how: str, resource: Json) -> Iterator[tuple[str, Json]]:
    """A resource, and those within it: validators look into Bundles by halves."""
    yield how, resource
    for entry in resource.get("entry", ()):
        inner = [entry.get("resource"), entry.get("response", {}).get("outcome")]
        for each in inner:
            if each is not None:
                yield from unfolded(f"{how} > {each['resourceType']}", each)


def gathered(asked: Iterator[tuple[str, httpx.Response]]) -> Said:
    """The resources in answers, each once."""
    seen: dict[str, tuple[str, Json]] = {}
    for how, answer in asked:
        assert answer.status_code < 500, f"{how}: {answer.text}"
        for name, resource in unfolded(how, answer.json()):
            seen.setdefault(json.dumps(resource), (name, resource))
    return list(seen.values())


@pytest.fixture(scope="module")
def types(running: Running) -> list[str]:
    statement = httpx.get(f"{running.url}/fhir/metadata", timeout=60).json()
    return [each["type"] for each in statement["rest"][0]["resource"]]


@pytest.fixture(scope="module")
def notifications(running: Running) -> Iterator[list[Json]]:
    """What the demo's EHR is told while a referral goes its way."""
    told: list[Json] = []
    app = FastAPI()

    @app.post("/kersey")
    def hear(body: Annotated[Json, Body()]) -> None:
        told.append(body)

    with serving(app) as address:
        subscription = _subscription(f"{address}/kersey")
        token = access_token(running.url, "ehr")
        headers = {"Authorization": f"Bearer {token}"}
        at = f"{running.url}/fhir/Subscription"
        made = httpx.post(at, json=subscription, headers=headers, timeout=60)
        assert made.status_code == 201, made.text
        assert running.kersey("demo", "journey").returncode == 0
        yield told
        token = access_token(running.url, "ehr")
        headers = {"Authorization": f"Bearer {token}"}
        httpx.delete(f"{at}/{made.json()['id']}", headers=headers, timeout=60)


def _subscription(endpoint: str) -> Json:
    backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
    content = {"url": f"{backport}/backport-payload-content", "valueCode": "full-resource"}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "To hear what became of our referrals",
        "criteria": "https://kersey.example/fhir/SubscriptionTopic/referral-task",
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [content]},
        },
    }


@pytest.fixture(scope="module")
def served(running: Running, types: list[str], notifications: list[Json]) -> Said:
    """What the demo's clients read of its referrals, in every state and of every type."""

    def asked() -> Iterator[tuple[str, httpx.Response]]:
        for name in ("ehr", "link-worker", "provider", "coordinator"):
            token = access_token(running.url, name)
            with httpx.Client(
                base_url=f"{running.url}/fhir/",
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            ) as http:
                for path in [*types, "_history", "Task/_history", "ServiceRequest/_history"]:
                    count = 100 if "istory" in path else 25
                    yield f"{name}: {path}", http.get(path, params={"_count": count})
                if name == "ehr":
                    yield from _operations(http)

    read = gathered(asked())
    assert notifications
    return read + [each for told in notifications for each in unfolded("notification", told)]


def _operations(http: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    patient = http.get("Task?_count=1").json()["entry"][0]["resource"]["for"]["reference"]
    yield "$everything", http.get(f"{patient}/$everything")
    yield "$status", http.get("Subscription/$status")
    for each in http.get("Subscription").json().get("entry", ()):
        address = f"Subscription/{each['resource']['id']}"
        yield "$status of one", http.get(f"{address}/$status")
        yield "$events", http.get(f"{address}/$events?content=full-resource")
    for path in (
        "metadata",
        "Nothing",
        "Patient/none",
        "Patient?shoe-size=7",
        "Task?_summary=true",
    ):
        yield path, http.get(path)
    yield "summaries", http.get("Task?_elements=status&_include=Task:focus")
    yield "lenient", http.get("Patient?shoe-size=7", headers={"Prefer": "handling=lenient"})
    yield "refused", http.post("Patient", json={"resourceType": "Patient", "gender": "femal"})
    yield (
        "no JSON",
        http.post("Patient", content=b"{", headers={"Content-Type": "application/json"}),
    )
    yield "no token", http.get("Patient", headers={"Authorization": ""})
    entry = [
        {"request": {"method": "GET", "url": "Task?_count=2"}},
        {"request": {"method": "GET", "url": "Patient/none"}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entry}
    yield "batch", http.post("", json=batch)
    whole = batch | {"type": "transaction", "entry": entry[2:]}
    for returns in ("representation", "minimal", "OperationOutcome"):
        prefer = {"Prefer": f"return={returns}"}
        yield f"transaction, {returns}", http.post("", json=whole, headers=prefer)


@pytest.mark.parametrize("validator", VALIDATORS)
def test_what_kersey_serves_is_valid(
    served: Said, tmp_path: Path, validator: str, figures: Callable[[str], None]
):
    found = problems(validator, served, tmp_path)
    kinds = {resource["resourceType"] for _, resource in served}
    figures(f"{validator}: {len(served)} resources of {len(kinds)} types, {len(found)} problems")
    assert found == []
    assert {"Task", "ServiceRequest", "Patient", "Bundle", "OperationOutcome"} <= kinds
    assert {"HealthcareService", "CapabilityStatement", "Parameters", "Subscription"} <= kinds


@pytest.fixture(scope="module")
def examples(registering: Callable[[str], Registered]) -> Said:
    """The examples of others, stored and read again."""
    if not EXAMPLES.is_dir():
        pytest.skip(f"{EXAMPLES} is not there: the examples are not part of the project")
    who = registering("examples")
    files = sorted(EXAMPLES.glob("*/*.json"))
    read = {file: json.loads(file.read_text("utf-8")) for file in files}
    sent = {f: each for f, each in read.items() if each["resourceType"] not in NOT_FOR_CLIENTS}
    addresses = {f"{each['resourceType']}/{each['id']}": uuid4().urn for each in sent.values()}
    entry = [
        {
            "fullUrl": addresses[f"{each['resourceType']}/{each['id']}"],
            "resource": _referring(each, addresses),
            "request": {"method": "POST", "url": each["resourceType"]},
        }
        for each in sent.values()
    ]
    with httpx.Client(
        base_url=f"{who.fhir}/",
        headers={"Authorization": f"Bearer {who.token()}"},
        timeout=60,
    ) as http:
        answer = http.post(
            "", json={"resourceType": "Bundle", "type": "transaction", "entry": entry}
        )
        assert answer.status_code == 200, answer.text
        places = [each["response"]["location"] for each in answer.json()["entry"]]
        assert len(places) == len(sent)
        return gathered(
            (file.name, http.get(place)) for file, place in zip(sent, places, strict=True)
        )


def _referring(part: Any, addresses: dict[str, str]) -> Any:
    """References within the examples kept, all others led elsewhere: nobody has their targets."""
    if isinstance(part, list):
        return [_referring(each, addresses) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _leading(value, addresses)
        if name == "reference" and isinstance(value, str)
        else _referring(value, addresses)
        for name, value in part.items()
    }


def _leading(reference: str, addresses: dict[str, str]) -> str:
    if reference.startswith(("#", "http", "urn:")):
        return reference
    return addresses.get(reference, f"https://elsewhere.example/fhir/{reference}")


@pytest.mark.parametrize("validator", VALIDATORS)
def test_examples_of_others_come_back_valid(
    examples: Said, tmp_path: Path, validator: str, figures: Callable[[str], None]
):
    found = problems(validator, examples, tmp_path)
    figures(f"{validator}: {len(examples)} examples, {len(found)} problems")
    assert found == []
