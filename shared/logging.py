"""Structured logs: JSON lines with trace ids, which refuse to carry personal data."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PERSONAL = frozenset(
    [
        "name", "given", "family", "birthdate", "birth_date", "dob", "nhs_number", "address",
        "postcode", "phone", "email", "telecom", "contact", "text", "note", "body", "payload",
        "token", "secret", "password", "authorization", "cookie",
    ]
)  # fmt: skip
"""Field names under which personal data or secrets would travel; their values never reach a log."""


def _refuse_personal_fields(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in PERSONAL.intersection(event):
        event[key] = "[refused]"
    return event


def _without_values(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep where an error happened and its class; its message may quote what somebody sent."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        frames = []
        trace = error.__traceback__
        while trace:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
            trace = trace.tb_next
        event["error"] = type(error).__name__
        event["at"] = frames[-8:]
    return event


def configure(level: str = "INFO") -> None:
    """Send structured logs, and those of libraries, to standard error as JSON lines.

    Args:
        level: the least severity that is logged.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _refuse_personal_fields,
            _without_values,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
