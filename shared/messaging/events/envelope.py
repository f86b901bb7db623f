"""The envelope in which an event travels: CloudEvents 1.0, structured JSON.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and its JSON format; the
extensions `sequence` and `traceparent` are the documented ones, `replay` is Kersey's own.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, Self
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.messaging.events.base import Event
from shared.messaging.events.catalogue import CATALOGUE

MEDIA_TYPE = "application/cloudevents+json"

_SEQUENCE = re.compile(r"(\d{1,15})\.(\d{1,6})", re.ASCII)


class Sequence(NamedTuple):
    """Where an event stands among those of its subject: the version it belongs to, and its number
    among the events of that version.

    Sequences compare as tuples, and mean something only between events of one source and subject.
    Written down they have a fixed width, because CloudEvents wants a sequence to sort as text.
    A projection keeps the highest and passes over what is not higher.
    """

    version: int
    n: int = 0

    def __str__(self) -> str:
        """The text form, `<version>.<n>` with leading zeros."""
        return f"{self.version:015d}.{self.n:06d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises:
            ValueError: it is not `<version>.<n>`.
        """
        found = _SEQUENCE.fullmatch(text)
        if not found:
            raise ValueError("a sequence is <version>.<n>")
        return cls(int(found[1]), int(found[2]))


class Unparsable(ValueError):
    """What arrived is no event of the catalogue. Says what and where, never what it contained.

    Attributes:
        code: `json`, `envelope`, `type` or `data`.
    """

    def __init__(self, code: str, where: str) -> None:
        super().__init__(f"{code}: {where}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event with where, when and in which order it happened.

    Attributes:
        id: the outbox row's id, the broker's message id and the inbox key.
        source: who says so, `kersey/<service>`.
        time: when it was decided, UTC, to the millisecond.
        sequence: the order within the subject.
        data: the event itself; `type` and `subject` follow from it.
        replay: state that is told again. Projections take it; nothing is sent to anyone for it.
        traceparent: the W3C trace context of the request that caused it.
    """

    id: UUID
    source: str
    time: datetime
    sequence: Sequence
    data: Event
    replay: bool = False
    traceparent: str | None = None

    @property
    def type(self) -> str:
        """The event's versioned name."""
        return self.data.type

    @property
    def subject(self) -> str:
        """What the event is about, such as `case/<id>`."""
        return self.data.subject

    def to_json(self) -> str:
        """The structured JSON form, with absent attributes left out."""
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": _instant(self.time),
            "datacontenttype": "application/json",
            "sequence": str(self.sequence),
        }
        if self.replay:
            attributes["replay"] = True
        if self.traceparent:
            attributes["traceparent"] = self.traceparent
        attributes["data"] = self.data.model_dump(mode="json", by_alias=True, exclude_none=True)
        return orjson.dumps(attributes).decode()


class _Wire(BaseModel):
    """The attributes as they arrive; what is not listed is another's extension and is ignored."""

    model_config = ConfigDict(hide_input_in_errors=True)

    specversion: Literal["1.0"]
    id: UUID
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str
    replay: bool = False
    traceparent: str | None = None
    data: dict[str, Any]


def parse(raw: bytes | str) -> Envelope:
    """Read an envelope from its structured JSON form.

    Fields of `data` that this version of the class does not know are ignored (an added optional
    field stays v1).

    Raises:
        Unparsable: it is not JSON, not a CloudEvent, of a type that is not in the catalogue, or
            its data do not fit the type.
    """
    try:
        wire = _Wire.model_validate(orjson.loads(raw))
        sequence = Sequence.parse(wire.sequence)
        time = wire.time.astimezone(UTC)
    except orjson.JSONDecodeError as error:
        raise Unparsable("json", "not JSON") from error
    except ValidationError as error:
        raise Unparsable("envelope", _places(error)) from error
    except OverflowError as error:  # the first or last day that there is, in a zone beyond it
        raise Unparsable("envelope", "time") from error
    except ValueError as error:
        raise Unparsable("envelope", "sequence") from error
    kind = CATALOGUE.get(wire.type)
    if kind is None:
        raise Unparsable("type", "not in the catalogue")
    try:
        event = kind.model_validate(wire.data, extra="ignore")
    except ValidationError as error:
        raise Unparsable("data", _places(error)) from error
    if event.subject != wire.subject:
        raise Unparsable("envelope", "subject is not that of the data")
    return Envelope(
        id=wire.id,
        source=wire.source,
        time=time,
        sequence=sequence,
        data=event,
        replay=wire.replay,
        traceparent=wire.traceparent,
    )


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _places(error: ValidationError) -> str:
    """Where the faults are. Only names that we declared: an unknown key could be somebody's."""
    places = {str(fault["loc"][0]) if fault["loc"] else "." for fault in error.errors()}
    return ", ".join(sorted(places))
