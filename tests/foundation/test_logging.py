"""What reaches the log: where and what kind, never what somebody sent."""

import io
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog

from shared.logging import configure
from tests.infrastructure.printing import print_past_python

PLANTED = "Planted-Patient-7731"
KEY = UUID("5f0c2f63-7a51-4d0e-9d8e-0f7a4f0c9a11")

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """The lines that were logged, each of them JSON."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    configure("INFO")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    print_past_python()


def fail() -> None:
    raise ValueError(f"no such patient: {PLANTED}")


def test_a_line_says_what_when_and_how_grave(lines: Lines):
    structlog.get_logger("x").info("case.opened", case=KEY, due=datetime(2026, 1, 1, tzinfo=UTC))
    (line,) = lines()
    assert line["event"] == "case.opened"
    assert line["level"] == "info"
    assert line["case"] == str(KEY)
    assert line["due"].startswith("2026-01-01")
    assert datetime.fromisoformat(line["timestamp"]).tzinfo


def test_what_is_less_grave_than_asked_is_left_out(lines: Lines):
    structlog.get_logger("x").debug("detail")
    assert lines() == []


def test_the_requests_id_stands_in_every_line(lines: Lines):
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("x").info("one")
        logging.getLogger("library").warning("two")
    assert [line["request_id"] for line in lines()] == ["r-1", "r-1"]


@pytest.mark.parametrize(
    "field",
    ["name", "family", "birthDate", "nhs_number", "address", "phone", "email", "note", "body",
     "token", "password", "Authorization"],
)  # fmt: skip
def test_personal_fields_and_secrets_are_refused(lines: Lines, field: str):
    structlog.get_logger("x").warning("seen", **{field: PLANTED})
    assert lines()[0][field] == "[refused]"


def test_personal_fields_are_refused_wherever_they_stand(lines: Lines):
    person = {"id": 7, "name": PLANTED, "telecom": [PLANTED], "of": [{"family": PLANTED}]}
    structlog.get_logger("x").warning("seen", person=person)
    (line,) = lines()
    assert line["person"]["id"] == 7
    assert PLANTED not in json.dumps(line)


def test_an_object_is_named_by_its_class(lines: Lines):
    class Patient:
        def __repr__(self) -> str:
            return PLANTED

    structlog.get_logger("x").warning("seen", patient=Patient())
    assert lines()[0]["patient"] == "Patient"


@pytest.mark.parametrize("how", ["error", "true", "tuple", "exception"])
def test_an_error_is_logged_by_class_and_place_without_its_words(lines: Lines, how: str):
    log = structlog.get_logger("x")
    try:
        fail()
    except ValueError as error:
        match how:
            case "error":
                log.exception("failed", exc_info=error)
            case "true":
                log.error("failed", exc_info=True)  # noqa: G201 - as libraries do
            case "tuple":
                log.error("failed", exc_info=sys.exc_info())  # noqa: G201 - as libraries do
            case _:
                log.exception("failed")
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert line["at"][-1].endswith(":fail")
    assert PLANTED not in json.dumps(line)


def test_without_an_error_none_is_named(lines: Lines):
    structlog.get_logger("x").error("failed", exc_info=True)
    assert "error" not in lines()[0]


def test_a_librarys_error_is_a_line_without_values(lines: Lines):
    """As uvicorn tells of an app that failed."""
    try:
        fail()
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    (line,) = lines()
    assert line["event"] == "Exception in ASGI application"
    assert line["logger"] == "uvicorn.error"
    assert line["level"] == "error"
    assert line["error"] == "ValueError"
    assert PLANTED not in json.dumps(line)


def test_a_librarys_message_ends_where_it_starts_to_quote(lines: Lines):
    """As asyncio tells of a task that nobody waited for."""
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", PLANTED)
    assert lines()[0]["event"] == "Task exception was never retrieved"


def test_a_trace_as_text_becomes_the_errors_class(lines: Lines):
    """As uvicorn tells of a start that failed."""
    with pytest.raises(ValueError, match=PLANTED) as failed:
        fail()
    logging.getLogger("uvicorn.error").error("".join(traceback.format_exception(failed.value)))
    (line,) = lines()
    assert (line["event"], line["error"]) == ("failed", "ValueError")
    assert PLANTED not in json.dumps(line)


def test_of_libraries_only_warnings_and_errors_are_kept(lines: Lines):
    logging.getLogger("httpx").info("HTTP Request: GET https://x/?name=%s", PLANTED)
    assert lines() == []
