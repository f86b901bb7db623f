"""The catalogue and the envelope: what may travel, and what becomes of what may not."""

import json
import re
import typing
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, ValidationError

from shared.messaging.events import (
    CATALOGUE,
    CaseEvent,
    CaseMerged,
    ClientChanged,
    Envelope,
    Event,
    HubLimitsChanged,
    PersonEvent,
    ReferralCancelled,
    ReferralUrgent,
    Sequence,
    Unparsable,
    catalogue_markdown,
    parse,
)
from tests.messaging.samples import NOON, accepted, envelope, example

KINDS = list(CATALOGUE.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_every_event_survives_its_journey(kind: type[Event]) -> None:
    sent = envelope(example(kind), version=7, n=2)
    received = parse(sent.to_json().encode())
    assert received == sent
    assert received.data == sent.data
    assert type(received.data) is kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_every_name_is_versioned_and_says_what_happened(kind: type[Event]) -> None:
    assert re.fullmatch(r"kersey(\.[a-z]+(-[a-z]+)*){2,3}\.v1", kind.type)
    assert kind.__doc__
    if kind is ClientChanged:
        assert example(kind).subject == "some-code", "a client's id, which is its own choice"
        return
    if kind is HubLimitsChanged:
        assert example(kind).subject == "hub/some-code", "hubs go by their codes"
        return
    subject = r"(case|provider|service|listing|person)/[0-9a-f-]{36}"
    assert re.fullmatch(subject, example(kind).subject)
    assert example(kind).subject.split("/")[0] == kind.about.split("/")[0]


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if issubclass(k, CaseEvent | PersonEvent)], ids=lambda kind: kind.type
)
def test_events_about_people_carry_ids_and_codes_only(kind: type[Event]) -> None:
    harmless = {UUID, AwareDatetime, date, type(None), ...}
    for name, field in kind.model_fields.items():
        kinds = typing.get_args(field.annotation) or (field.annotation,)
        patterned = any(getattr(m, "pattern", None) for m in field.metadata)
        allowed = all(k in harmless or isinstance(k, str) for k in kinds) or patterned
        assert allowed, f"{kind.type}.{name} could carry free text"


def test_the_envelope_is_a_cloud_event_1_0() -> None:
    event = accepted()
    sent = envelope(event, version=3, n=1)
    attributes = json.loads(sent.to_json())
    data = attributes.pop("data")
    assert attributes == {
        "specversion": "1.0",
        "id": str(sent.id),
        "source": "kersey/tests",
        "type": "kersey.referral.accepted.v1",
        "subject": f"case/{event.case}",
        "time": "2026-03-02T12:00:00.123Z",
        "datacontenttype": "application/json",
        "sequence": "000000000000003.000001",
    }
    assert data == {
        "case": str(event.case),
        "priority": "routine",
        "task": str(event.task),
        "service": str(event.service),
        "provider": str(event.provider),
    }


def test_replay_and_trace_context_travel_when_they_are_there() -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    sent = Envelope(
        id=uuid4(),
        source="kersey/tests",
        time=NOON,
        sequence=Sequence(1),
        data=accepted(),
        replay=True,
        traceparent=trace,
    )
    received = parse(sent.to_json())
    assert received.replay is True
    assert received.traceparent == trace


@pytest.mark.parametrize(
    "code",
    [
        "The person is frightened of dogs",
        "Ann",
        "ann@example.org",
        "a_b",
        "",
        "x" * 65,
        "ok\n",
        "é",
    ],
)
def test_free_text_is_refused_where_a_code_belongs_and_not_quoted(code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ReferralCancelled(
            case=uuid4(), task=uuid4(), service=uuid4(), provider=uuid4(), reason=code
        )
    assert not code or code not in str(refused.value)


def test_an_undeclared_field_is_refused_when_an_event_is_made() -> None:
    with pytest.raises(ValidationError):
        ReferralUrgent(
            case=uuid4(),
            service_request=uuid4(),
            hub="calder",
            priority="stat",
            note="ring before noon",  # type: ignore[call-arg]
        )


def test_an_urgent_referral_says_how_urgent() -> None:
    with pytest.raises(ValidationError):
        ReferralUrgent(case=uuid4(), service_request=uuid4(), hub="calder", priority="routine")


def test_an_event_cannot_be_changed() -> None:
    event = accepted()
    with pytest.raises(ValidationError):
        event.case = uuid4()  # type: ignore[misc]


def test_a_merge_is_of_two_cases_and_about_one_of_them() -> None:
    one, other = uuid4(), uuid4()
    assert CaseMerged(case=other, from_case=one, to_case=other).subject == f"case/{other}"
    with pytest.raises(ValidationError):
        CaseMerged(case=uuid4(), from_case=one, to_case=other)
    with pytest.raises(ValidationError):
        CaseMerged(case=one, from_case=one, to_case=one)
    data = json.loads(envelope(CaseMerged(case=one, from_case=one, to_case=other)).to_json())
    assert data["data"] == {"case": str(one), "from": str(one), "to": str(other)}


def test_an_older_reader_lives_with_a_newer_writer() -> None:
    attributes = json.loads(envelope().to_json())
    attributes["data"]["added_later"] = "some-code"
    attributes["anotherextension"] = "7"
    assert "added_later" not in parse(json.dumps(attributes)).data.model_dump()


def _without(name: str) -> dict[str, object]:
    attributes: dict[str, object] = json.loads(envelope().to_json())
    del attributes[name]
    return attributes


def _with(**changed: object) -> dict[str, object]:
    attributes: dict[str, object] = json.loads(envelope().to_json())
    return attributes | changed


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "json"),
        (b"Dear Ann", "json"),
        (b"\xff\xfe", "json"),
        (b"[]", "envelope"),
        *[(_without(name), "envelope") for name in ("specversion", "id", "source", "type")],
        *[(_without(name), "envelope") for name in ("subject", "time", "sequence", "data")],
        (_with(specversion="0.3"), "envelope"),
        (_with(id="not-a-uuid"), "envelope"),
        (_with(time="2026-03-02T12:00:00"), "envelope"),
        (_with(time="0001-01-01T00:00:00+14:00"), "envelope"),
        (_with(time="9999-12-31T23:59:59-14:00"), "envelope"),
        (_with(sequence="seven"), "envelope"),
        (_with(subject=f"case/{uuid4()}"), "envelope"),
        (_with(datacontenttype="text/plain"), "envelope"),
        (_with(data=[]), "envelope"),
        (_with(type="kersey.referral.accepted.v9"), "type"),
        (_with(data={"case": "Ann Ackroyd"}), "data"),
    ],
)
def test_what_is_no_event_is_told_apart_without_quoting_it(
    raw: bytes | dict[str, object], code: str
) -> None:
    with pytest.raises(Unparsable) as refused:
        parse(raw if isinstance(raw, bytes) else json.dumps(raw))
    assert refused.value.code == code
    assert "Ann" not in str(refused.value)


numbers = st.integers(0, 10**15 - 1)
small = st.integers(0, 10**6 - 1)


@given(st.tuples(numbers, small), st.tuples(numbers, small))
def test_sequences_sort_as_numbers_and_as_text(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    first, second = Sequence(*one), Sequence(*other)
    assert (first < second) == (str(first) < str(second))
    assert Sequence.parse(str(first)) == first


def test_time_is_utc_whatever_zone_it_came_in() -> None:
    attributes = _with(time="2026-07-01T13:00:00+01:00")
    assert parse(json.dumps(attributes)).time == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_the_documentation_names_every_event_and_field() -> None:
    table = catalogue_markdown()
    rows = table.strip().splitlines()
    assert len(rows) == len(CATALOGUE) + 2
    for row, kind in zip(rows[2:], CATALOGUE.values(), strict=True):
        assert row.startswith(f"| `{kind.type}` | `{kind.about}` |")
        for name, field in kind.model_fields.items():
            assert f"`{field.alias or name}`" in row
    assert "`places`? number" in table
    assert "`priority` asap / stat" in table
    assert "`listing` listing" in table
