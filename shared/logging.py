"""Structured logs: JSON lines with trace ids, which refuse to carry personal data."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from pydantic import BeforeValidator
from structlog.stdlib import ProcessorFormatter, add_logger_name
from structlog.types import Processor

PERSONAL = frozenset(
    [
        "name", "given", "family", "birthdate", "birth_date", "dob", "nhs_number", "address",
        "postcode", "phone", "email", "telecom", "contact", "text", "note", "body", "payload",
        "token", "secret", "password", "authorization", "cookie",
    ]
)  # fmt: skip
"""Field names under which personal data or secrets would travel; their values never reach a log."""

Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    BeforeValidator(lambda said: str(said).upper()),
]
"""The least severity that is logged, as a setting names it."""

_REFUSED = "[refused]"
_LONGEST = 300
"""Characters of a library's message that are kept."""


def _refuse_personal_fields(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _REFUSED if key.lower() in PERSONAL else _refused_inside(value)
    return event


def _refused_inside(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _REFUSED if str(key).lower() in PERSONAL else _refused_inside(member)
            for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [_refused_inside(member) for member in value]
    return value


def _without_values(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep where an error happened and its class; its message may quote what somebody sent."""
    error = _error(event.pop("exc_info", None))
    if error is not None:
        frames = []
        trace = error.__traceback__
        while trace:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
            trace = trace.tb_next
        event["error"] = type(error).__name__
        event["at"] = frames[-8:]
    return event


def _error(said: Any) -> BaseException | None:
    """The error of a log call, in any of the forms that `exc_info` may have."""
    if isinstance(said, BaseException):
        return said
    if isinstance(said, tuple):
        found: BaseException | None = said[1]
        return found
    return sys.exception() if said else None


def _first_line(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Of what a library says: where it goes on, it quotes objects, and so what is in them.

    A trace as text, as the server writes of a start that failed, becomes its error's class.
    """
    first, _, rest = str(event["event"]).strip().partition("\n")
    if first.startswith("Traceback"):
        last = rest.rpartition("\n")[2]
        event["error"] = last.partition(":")[0]
        first = "failed"
    event["event"] = first[:_LONGEST]
    return event


def _plain(value: Any) -> str:
    """What JSON has no form for: identifiers and times as text, of anything else its class."""
    return str(value) if isinstance(value, UUID | date) else type(value).__name__


def configure(level: str = "INFO") -> None:
    """Send structured logs, and those of libraries, to standard error as JSON lines.

    Args:
        level: the least severity that is logged; of libraries, warnings and errors are.
    """
    known: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    safe: list[Processor] = [
        _without_values,
        _refuse_personal_fields,
        structlog.processors.JSONRenderer(default=_plain),
    ]
    structlog.configure(
        processors=[*known, *safe],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*known, add_logger_name, _first_line],
            processors=[ProcessorFormatter.remove_processors_meta, *safe],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[libraries], force=True)
