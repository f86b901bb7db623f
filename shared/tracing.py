"""Which trace the work at hand belongs to: W3C Trace Context, https://www.w3.org/TR/trace-context/.

A trace is kept as an id and a flag in the context of the log, under OpenTelemetry's names, so that
every line has them. Of what a caller sends nothing else is kept: no span, no `tracestate`, no
baggage. A few lines, because opentelemetry-api begins no trace without its SDK.
"""

import re
import secrets
from contextlib import AbstractContextManager

import structlog

LENGTH = 55
"""Characters of a `traceparent` of version 00, the only one that we write."""

_TRACEPARENT = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?=[0-9]*[a-f])[0-9a-f]{32})"
    r"-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?",
    re.ASCII,
)


def taken_up(traceparent: str | None) -> dict[str, str]:
    """What is bound to the log: the trace that a caller or an event names, or one that begins here.

    What is badly formed is passed over (section 3.2.2). So is an id of decimal digits alone: of
    random ids not one in a million is, and a number by which somebody is known would be.

    Args:
        traceparent: as it came; None where there was none.
    """
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None or (found["version"] == "00" and found["more"]):
        return {"trace_id": secrets.token_hex(16), "trace_flags": "00"}
    sampled = int(found["flags"], 16) & 1
    return {"trace_id": found["trace"], "trace_flags": f"{sampled:02x}"}


def traced(traceparent: str | None) -> AbstractContextManager[object]:
    """Within the block all work belongs to this trace, or to a new one. See `taken_up`."""
    return structlog.contextvars.bound_contextvars(**taken_up(traceparent))


def traceparent() -> str | None:
    """How the trace at hand is handed on, with a parent id of its own; None where there is none."""
    told = structlog.contextvars.get_contextvars()
    trace = told.get("trace_id")
    return f"00-{trace}-{secrets.token_hex(8)}-{told['trace_flags']}" if trace else None


def header() -> dict[str, str]:
    """The header of a request to somebody else; empty where there is no trace."""
    context = traceparent()
    return {"traceparent": context} if context else {}
