"""What the client sent comes back, unchanged but for id and meta (FHIR R4 json.html)."""

import json
import re
from typing import Any

import pytest

from shared.fhir.types import all_types
from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, entry, post
from tests.fhir.validation.test_examples import FILES

Json = dict[str, Any]
URL = "https://kersey.test/extension"
SENT = """
{"resourceType": "Observation", "id": "mine", "language": "cy",
 "meta": {"versionId": "9", "source": "urn:x", "profile": ["https://kersey.test/profile"],
          "tag": [{"system": "urn:t", "code": "a"}],
          "extension": [{"url": "URL", "valueCode": "m"}]},
 "contained": [{"resourceType": "Practitioner", "id": "p", "name": [{"family": "Ŵyn"}]}],
 "extension": [{"url": "URL", "extension": [{"url": "a", "valueDecimal": 1.10},
                                            {"url": "b", "valueDecimal": 0.000}]},
               {"url": "URL", "_valueString": {"extension": [{"url": "URL", "valueCode": "x"}]}}],
 "status": "final", "_status": {"id": "s1", "extension": [{"url": "URL", "valueBoolean": false}]},
 "code": {"text": "weight", "_text": {"extension": [{"url": "URL", "valueUri": "urn:y"}]}},
 "performer": [{"reference": "#p"}],
 "effectiveDateTime": "2026-02", "_effectiveDateTime": {"id": "e"},
 "issued": "2026-02-03T04:05:06.120+00:00",
 "valueQuantity": {"value": 72.500, "unit": "kg", "code": "kg",
                   "system": "http://unitsofmeasure.org"},
 "component": [{"code": {"text": "a"}, "valueQuantity": {"value": 1E-7}},
               {"code": {"text": "e"}, "valueQuantity": {"value": 0.00000010}},
               {"code": {"text": "f"}, "valueQuantity": {"value": 1.50e2}},
               {"code": {"text": "b"}, "valueQuantity": {"value": 100000000000000000.01}},
               {"code": {"text": "c"}, "valueInteger": 0},
               {"code": {"text": "g"}, "valueInteger": -0},
               {"code": {"text": "h"}, "valueQuantity": {"value": -0}},
               {"code": {"text": "d"}, "valueDateTime": "2026-02-03T04:05:06.000001Z"}],
 "note": [{"text": "a\\u00e9 & <b> \\"q\\" \\n \\ud83d\\ude00"}]}
""".replace("URL", URL)
DIGITS = (
    "1.10",
    "0.000",
    "72.500",
    "1E-7",
    "0.00000010",
    "1.50e2",
    "100000000000000000.01",
    "2026-02-03T04:05:06.120+00:00",
)


def exact(text: str) -> Json:
    """Parsed so that 1.10 is not 1.1, nor -0 0."""
    found: Json = json.loads(text, parse_float=str, parse_int=str)
    return found


def own(resource: Json) -> Json:
    """All that the server has no say in."""
    meta = {k: v for k, v in resource["meta"].items() if k not in ("versionId", "lastUpdated")}
    return {k: v for k, v in resource.items() if k != "id"} | {"meta": meta}


@pytest.fixture
def stored(server: Server) -> Json:
    headers = {"content-type": "application/fhir+json"}
    answer = server("POST", "/fhir/Observation", content=SENT.encode(), headers=headers)
    assert answer.status_code == 201, answer.text
    return exact(answer.text)


def test_by_every_way_of_reading(server: Server, stored: Json):
    at = f"Observation/{stored['id']}"
    assert own(stored) == own(exact(SENT))
    addresses = (at, f"{at}/_history/1", "Observation", f"{at}/_history", "_history")
    texts = [server("GET", f"/fhir/{address}").text for address in addresses]
    batch = bundle(entry("GET", at), kind="batch")
    texts.append(server("POST", "/fhir", body=batch).text)
    for text in texts:
        found = exact(text)
        found = found["entry"][0]["resource"] if found["resourceType"] == "Bundle" else found
        assert found == stored
        assert all(each in text for each in DIGITS)


def test_by_an_update_a_patch_and_a_transaction(server: Server, stored: Json):
    at = f"/fhir/Observation/{stored['id']}"
    headers = {"content-type": "application/fhir+json"}
    again = server("GET", at).content
    updated = server("PUT", at, content=again, headers=headers)
    assert updated.status_code == 200
    assert own(exact(updated.text)) == own(stored)
    merged = server(
        "PATCH", at, content=b"{}", headers={"content-type": "application/merge-patch+json"}
    )
    assert own(exact(merged.text)) == own(stored)
    path = {"name": "path", "valueString": "Observation.note.first()"}
    operation = {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}, path]}
    parameters = {"resourceType": "Parameters", "parameter": [operation]}
    patched = exact(server("PATCH", at, body=parameters).text)
    assert own(patched) == {k: v for k, v in own(stored).items() if k != "note"}
    text = json.dumps(bundle(post({"resourceType": "Observation", "PLACE": 1})))
    text = text.replace('{"resourceType": "Observation", "PLACE": 1}', SENT)
    made = server("POST", "/fhir", content=text.encode(), headers=headers)
    assert made.status_code == 200, made.text
    assert own(exact(made.text)["entry"][0]["resource"]) == own(exact(SENT))


@pytest.mark.skipif(not FILES, reason="no example resources")
def test_of_every_published_example(server: Server):
    tried = 0
    for file in FILES:
        text = file.read_text("utf-8")
        kind = json.loads(text)["resourceType"]
        if kind not in all_types():
            continue
        # What they refer to is not here, and a reference within this server would have to lead on.
        text = re.sub(r'("reference"\s*:\s*")(?=[A-Z]\w+/)', r"\1https://elsewhere.example/", text)
        headers = {"content-type": "application/fhir+json"}
        made = server("POST", f"/fhir/{kind}", content=text.encode(), headers=headers)
        assert made.status_code == 201, (file, made.text)
        read = exact(server("GET", f"/fhir/{kind}/{made.json()['id']}").text)
        sent = exact(text)
        assert own(read) == own(sent | {"meta": sent.get("meta", {})}), file
        tried += 1
    assert tried > 20
