"""Bodies that are no FHIR, whatever they are."""

import gzip
import json
from typing import Any

import pytest

from tests.bad_input.door import PLANTED, Door, outcome
from tests.referrals.house import a_bundle

PATIENT = {"resourceType": "Patient", "name": [{"family": PLANTED}]}
TEXT = json.dumps(PATIENT)


def within(value: str) -> bytes:
    """A Patient's JSON with the JSON text `value` as its active flag."""
    return (
        f'{{"resourceType":"Patient","active":{value},"name":[{{"family":"{PLANTED}"}}]}}'.encode()
    )


def nested(depth: int) -> bytes:
    inner = '{"extension":[' * (depth // 2) + "{}" + "]}" * (depth // 2)
    return f'{{"resourceType":"Patient","id":"{PLANTED}","extension":[{inner}]}}'.encode()


@pytest.mark.parametrize(
    "body",
    [
        TEXT[:-2].encode(),
        TEXT.encode() + b"}",
        TEXT.replace('"', "'").encode(),
        PLANTED.encode(),
        b"<Patient/>",
        b"",
        b" ",
        b"\x00",
        (TEXT + TEXT).encode(),
    ],
)
@pytest.mark.parametrize("path", ["", "/Patient", "/ServiceRequest"])
def test_broken_json(door: Door, path: str, body: bytes):
    assert outcome(door.fhir(path, body), 400)["code"] == "structure"


def test_broken_json_in_an_update_and_a_patch(door: Door):
    outcome(door.fhir("/Patient/1", TEXT[:-1].encode(), method="PUT"), 400)
    patch = {"Content-Type": "application/json-patch+json"}
    outcome(door.fhir("/Patient/1", b"[{", method="PATCH", headers=patch), 400)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"true", b'"Patient"', b"[{}]"])
def test_json_that_is_no_object(door: Door, body: bytes):
    outcome(door.fhir("/Patient", body), 400)
    outcome(door.fhir("", body), 400)


@pytest.mark.parametrize("body", [b"{}", b'{"resourceType":null}', b'{"resourceType":["Patient"]}'])
def test_an_object_that_does_not_say_what_it_is(door: Door, body: bytes):
    outcome(door.fhir("/Patient", body), 400, "resourceType")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_nan(door: Door, value: str):
    outcome(door.fhir("/Patient", within(value)), 400, "Patient.active")


@pytest.mark.parametrize("value", ["9" * 5000, "1e999999999", "1." + "0" * 200])
def test_numbers_that_nobody_could_keep(door: Door, value: str):
    outcome(door.fhir("/Patient", within(value)), 400, "Patient.active")


def test_duplicate_keys(door: Door):
    body = TEXT[:-1] + f',"name":[{{"family":"{PLANTED}"}}]}}'
    outcome(door.fhir("/Patient", body.encode()), 400, "Patient.name")


def test_duplicate_keys_deep_inside(door: Door):
    body = f'{{"resourceType":"Patient","name":[{{"family":"a","family":"{PLANTED}"}}]}}'
    outcome(door.fhir("/Patient", body.encode()), 400, "Patient.name[0].family")


@pytest.mark.parametrize("depth", [70, 1_000, 100_000])
def test_nesting_beyond_64(door: Door, depth: int):
    assert "64" in outcome(door.fhir("/Patient", nested(depth)), 400)["diagnostics"]


def test_nesting_that_never_closes(door: Door):
    outcome(door.fhir("/Patient", b"[" * 1_000_000), 400)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\x80"])
def test_invalid_utf_8(door: Door, text: bytes):
    body = b'{"resourceType":"Patient","name":[{"family":"' + PLANTED.encode() + text + b'"}]}'
    assert "UTF-8" in outcome(door.fhir("/Patient", body), 400)["diagnostics"]


@pytest.mark.parametrize("text", [r"\u0000", r"\ud800", r"\udc00x", r"\u0007", r"\b"])
def test_characters_that_are_no_text(door: Door, text: str):
    body = f'{{"resourceType":"Patient","name":[{{"family":"{PLANTED}{text}"}}]}}'
    outcome(door.fhir("/Patient", body.encode()), 400, "Patient.name[0].family")


def test_a_key_that_is_no_text(door: Door):
    body = f'{{"resourceType":"Patient","{PLANTED}\\u0000":1}}'
    outcome(door.fhir("/Patient", body.encode()), 400)


def test_a_body_of_10_mb(door: Door):
    patient = PATIENT | {"text": {"status": "generated", "div": PLANTED * 600_000}}
    for path in ("/Patient", ""):
        assert outcome(door.fhir(path, patient), 413)["code"] in ("too-long", "too-costly")


def test_a_body_of_10_mb_in_chunks(door: Door):
    def chunks() -> Any:
        for _ in range(160):
            yield b" " * 65_536

    answer = door.send(
        "POST", "/fhir/Patient", content=chunks(), headers={"Content-Type": "application/fhir+json"}
    )
    outcome(answer, 413)


def test_a_gzip_bomb(door: Door):
    bomb = gzip.compress(b" " * 500_000_000, 1)
    assert len(bomb) < 5_000_000
    outcome(door.fhir("/Patient", bomb, headers={"Content-Encoding": "gzip"}), 413)


@pytest.mark.parametrize(
    "body",
    [TEXT.encode(), b"", gzip.compress(TEXT.encode(), mtime=0)[:-9]],
    ids=["text", "", "cut"],
)
def test_gzip_that_is_none(door: Door, body: bytes):
    outcome(door.fhir("/Patient", body, headers={"Content-Encoding": "gzip"}), 400)


def test_a_million_objects(door: Door):
    body = b'{"resourceType":"Patient","extension":[' + b"{}," * 1_000_000 + b"{}]}"
    outcome(door.fhir("/Patient", body), 413)


# --- media types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/fhir+xml", "multipart/form-data", "", "x",
     "application/x-www-form-urlencoded", f"{PLANTED}/json", "application/json-patch+json"],
)  # fmt: skip
def test_a_wrong_media_type(door: Door, kind: str):
    for path in ("/Patient", ""):
        answer = door.fhir(path, TEXT.encode(), headers={"Content-Type": kind})
        assert outcome(answer, 415)["code"] == "not-supported"


def test_a_wrong_media_type_of_an_update_a_patch_and_a_search(door: Door):
    text = {"Content-Type": "text/plain"}
    outcome(door.fhir("/Patient/1", TEXT.encode(), method="PUT", headers=text), 415)
    outcome(door.fhir("/Patient/1", b"[]", method="PATCH"), 415)
    outcome(door.fhir("/Patient/_search", b"name=x", headers=text), 415)
    outcome(door.fhir("/Patient/$validate", TEXT.encode(), headers=text), 415)


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", PLANTED])
def test_a_coding_that_is_not_taken(door: Door, coding: str):
    outcome(door.fhir("/Patient", TEXT.encode(), headers={"Content-Encoding": coding}), 415)


@pytest.mark.parametrize(
    "accept",
    ["application/fhir+xml", "text/html", "image/*", "application/fhir+json;fhirVersion=3.0",
     "application/fhir+json;q=0", PLANTED],
)  # fmt: skip
def test_an_answer_that_we_cannot_write(door: Door, accept: str):
    headers = {"Accept": accept}
    outcome(door.fhir("/Patient", PATIENT, headers=headers), 406)
    outcome(door.fhir("", a_bundle(), headers=headers), 406)
    outcome(door.send("GET", "/fhir/Patient", headers=headers), 406)


@pytest.mark.parametrize("wanted", ["xml", "ttl", "text/html", PLANTED, "%00", "json%20x"])
def test_a_format_that_we_cannot_write(door: Door, wanted: str):
    answer = door.send("GET", f"/fhir/Patient?_format={wanted}")
    outcome(answer, 406)
