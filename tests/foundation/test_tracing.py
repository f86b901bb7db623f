"""Which trace work belongs to: taken up where it is well formed, begun elsewhere, handed on."""

import re

import pytest
import structlog

from shared.tracing import LENGTH, header, taken_up, traced, traceparent

TRACE = "4bf92f35" * 4
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("sent", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", "01"),
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f"00-{TRACE}-{SPAN}-ff", "01"),
        (f"cc-{TRACE}-{SPAN}-01-of-a-later-version", "01"),
    ],
)
def test_a_trace_is_taken_up_with_whether_it_is_sampled(sent: str, flags: str) -> None:
    assert taken_up(sent) == {"trace_id": TRACE, "trace_flags": flags}


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        "Planted-Patient-7731",
    ],
)
def test_of_anything_else_nothing_is_kept_and_a_trace_begins(sent: str | None) -> None:
    begun = taken_up(sent)
    assert re.fullmatch(r"[0-9a-f]{32}", begun["trace_id"])
    assert begun["trace_id"] not in (sent or "").lower()
    assert begun != taken_up(sent), "each time another"


def test_a_number_by_which_a_person_is_known_is_no_trace() -> None:
    assert taken_up(f"00-{'9434765919':0>32}-{SPAN}-01")["trace_id"].lstrip("0") != "9434765919"


def test_what_is_handed_on_is_the_same_trace_from_another_parent() -> None:
    with traced(f"00-{TRACE}-{SPAN}-01"):
        first, second = traceparent(), traceparent()
    assert first is not None
    assert len(first) == LENGTH
    assert first.startswith(f"00-{TRACE}-")
    assert first.endswith("-01")
    assert SPAN not in first
    assert first != second
    assert taken_up(first)["trace_id"] == TRACE


def test_outside_a_trace_none_is_handed_on() -> None:
    with traced(None):
        assert header()
    assert header() == {}
    assert "trace_id" not in structlog.contextvars.get_contextvars()
