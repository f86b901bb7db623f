"""JSON is read exactly, written exactly, and refused where two readers could differ."""

import json as stdlib
from decimal import Decimal

import pytest

from shared.fhir.json import MAX_NODES, dumps, parse, parse_json
from tests.fhir.validation.samples import unread


def said(error):
    return [(issue.code, *issue.expression) for issue in error.issues]


def test_a_decimal_keeps_every_digit_and_an_instant_its_zeros():
    text = (
        b'{"resourceType":"Observation","valueQuantity":{"value":1.10},"a":1.0E-7,"b":-0.00,"n":-0,'
        b'"c":12345678901234567890,"issued":"2026-03-01T09:30:00.120Z","z":"caf\xc3\xa9"}'
    )
    read = parse(text)
    assert read["valueQuantity"]["value"] == Decimal("1.10")
    assert str(read["valueQuantity"]["value"]) == "1.10"
    assert dumps(read) == text


def test_the_order_of_keys_stays():
    assert dumps(parse(b'{"resourceType":"X","b":1,"a":2}')) == b'{"resourceType":"X","b":1,"a":2}'


def test_a_byte_order_mark_is_passed_over():
    assert parse(b'\xef\xbb\xbf{"resourceType":"Patient"}') == {"resourceType": "Patient"}


def test_more_bytes_than_are_taken_are_413():
    error = unread(b'{"resourceType":"Patient"}', max_bytes=10)
    assert error.status == 413
    assert said(error) == [("too-long",)]


def test_depth_64_is_taken_and_65_refused():
    def nested(depth):
        return b'{"resourceType":"Basic","a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert parse(nested(64))["resourceType"] == "Basic"
    error = unread(nested(65))
    assert (error.status, said(error)) == (400, [("structure",)])
    assert "64" in error.issues[0].diagnostics


def test_depth_counts_nesting_not_brackets():
    brackets = stdlib.dumps({"resourceType": "Basic", "a": [{"b": '[[{"\\'}] * 90})
    assert len(parse(brackets.encode())["a"]) == 90


def test_deep_nesting_behind_broken_text_is_refused_too():
    assert unread(b'{"a":"' + b"\\" * 3 + b"[" * 100_000).status == 400
    assert unread(b"[" * 200_000).status == 400
    assert unread(b'"' + b'\\"' * 200_000 + b"[" * 100).status == 400


def test_a_crowd_of_objects_is_413():
    assert unread(b"[" + b"[]," * MAX_NODES + b"[]]").status == 413


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"resourceType":"Patient","active":true,"active":false}', "Patient.active"),
        (b'{"resourceType":"Task","for":{"reference":"a","reference":"b"}}', "Task.for.reference"),
        (b'{"resourceType":"Task","note":[{},{"text":"a","text":"a"}]}', "Task.note[1].text"),
    ],
)
def test_a_duplicate_key_is_named(text, expected):
    error = unread(text)
    assert (error.status, said(error)) == (400, [("value", expected)])


def test_every_duplicate_is_told():
    error = unread(b'{"resourceType":"Basic","a":1,"a":2,"b":{"c":1,"c":2}}')
    assert said(error) == [("value", "Basic.a"), ("value", "Basic.b.c")]


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e301", "1E-301", "9" * 65, "0." + "9" * 65, "1e9999999999"],
)
def test_a_number_that_cannot_be_kept_is_refused_where_it_stands(number):
    error = unread(f'{{"resourceType":"Observation","valueQuantity":{{"value":{number}}}}}')
    assert (error.status, said(error)) == (400, [("value", "Observation.valueQuantity.value")])


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\b", "\\f", "\\u001f", "é\\udc00"])
def test_a_character_that_cannot_be_stored_is_refused(escape):
    error = unread(f'{{"resourceType":"Patient","name":[{{"family":"A{escape}"}}]}}')
    assert (error.status, said(error)) == (400, [("value", "Patient.name[0].family")])


def test_such_a_character_in_a_key_is_refused_and_not_repeated():
    error = unread('{"resourceType":"Patient","a\\u0001":1}')
    assert said(error) == [("value", "Patient")]


@pytest.mark.parametrize(
    "escape", ["\\u00e9", "\\ud83d\\ude00", "\\n\\t\\r", "\\u0041", "\\\\u0000"]
)
def test_escapes_that_are_text_are_read(escape):
    read = parse(f'{{"resourceType":"Basic","a":"{escape}"}}'.encode())
    assert parse(dumps(read)) == read


@pytest.mark.parametrize(
    "broken",
    [b"{", b'{"a":}', b"nope", b'{"a":1}{}', b'{"a":"\n"}', b"{'a':1}", b'{"a":01}', b"\x00"],
)
def test_what_is_no_json_is_400_with_its_place(broken):
    error = unread(broken)
    assert error.status == 400
    assert "line" in error.issues[0].diagnostics


@pytest.mark.parametrize("raw", [b"", b" \n", b"\xef\xbb\xbf"])
def test_a_body_that_is_missing_is_not_called_bad_json(raw):
    assert "The body is missing: send" in unread(raw).issues[0].diagnostics


def test_text_that_is_not_utf8_is_400():
    assert unread(b'{"a":"\xff"}').status == 400
    assert unread('{"resourceType":"Patient"}'.encode("utf-16")).status == 400


@pytest.mark.parametrize("text", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_the_top_is_an_object(text):
    error = unread(text)
    assert (error.status, said(error)) == (400, [("structure",)])
    assert parse_json(text) == stdlib.loads(text)


@pytest.mark.parametrize("text", [b"{}", b'{"resourceType":1}', b'{"resourceType":""}'])
def test_it_says_what_it_is(text):
    error = unread(text)
    assert (error.status, said(error)) == (400, [("required", "resourceType")])


def test_what_is_refused_is_never_repeated():
    secret = "Ramona-Quimby-1971"
    for text in (
        f'{{"resourceType":"Patient","{secret} x":1,"{secret} x":2}}',
        f'{{"resourceType":"Patient","a":"{secret}\\u0000"}}',
        f'{{"resourceType":"{secret} x","a":1,"a":2}}',
        f'{{"a":"{secret}',
    ):
        assert secret not in str(unread(text).outcome())
