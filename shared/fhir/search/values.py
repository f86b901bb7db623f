"""Reading the value of a search condition: prefixes, tokens, references, implicit precision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.fhir.search import dates
from shared.fhir.search.folding import fold
from shared.fhir.search.parameters import PHONETIC, SearchParam
from shared.fhir.search.targets import target_of
from shared.fhir.search.units import base_of

_PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[-+0-9])")
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_UTC = ZoneInfo("UTC")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")

#: How far ``near`` looks where it is not said (R4 location.html: at the server's discretion).
NEAR_KM = 50
_KILOMETRES = {
    "km": 1.0,
    "m": 0.001,
    "[mi_i]": 1.609344,
    "[mi_us]": 1.609347219,
    "mi": 1.609344,
    "[ft_i]": 0.0003048,
    "[yd_i]": 0.0009144,
}


@dataclass(frozen=True, slots=True)
class TokenValue:
    """``code``, ``system|code``, ``|code`` or ``system|``; None is 'any', "" is 'none'."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class QuantityValue:
    """A number with prefix and implicit precision, and the unit asked for (None is any)."""

    prefix: str
    value: Decimal
    low: Decimal
    high: Decimal
    system: str | None = None
    code: str | None = None

    def in_base(self) -> QuantityValue | None:
        """The same in the unit that its unit is a multiple of; None where it is of none."""
        base = base_of(self.system, self.code)
        if base is None:
            return None
        code, factor = base
        value, low, high = (each * factor for each in (self.value, self.low, self.high))
        return QuantityValue(self.prefix, value, low, high, self.system, code)


@dataclass(frozen=True, slots=True)
class Near:
    """Within a distance of a place; degrees of WGS 84, and kilometres."""

    latitude: float
    longitude: float
    kilometres: float


def check(param: SearchParam, modifier: str | None, value: str) -> None:
    """Read one value for its errors alone.

    Raises:
        ValueError: saying what would be right.
    """
    kind = param.type
    if kind == "date":
        date_value(value, _UTC)
    elif kind in ("number", "quantity"):
        quantity_value(value, with_unit=kind == "quantity")
    elif kind == "token" and modifier == "of-type":
        of_type_value(value)
    elif kind == "string" or modifier == "text":
        if modifier != "exact" and param.code != PHONETIC and not fold(unescape(value)):
            raise ValueError("there is nothing in it to look for")
    elif kind == "token" or modifier == "identifier":
        token_value(value)
    elif kind == "reference" and not unescape(value):
        raise ValueError("a reference is Type/id, id or an absolute address")
    elif kind == "composite":
        for part, each in zip(param.of, composite_value(value), strict=True):
            check(part, None, each)
    elif kind == "special":
        near_value(value)
    if modifier in ("above", "below") and (kind == "uri" or param.is_canonical):
        _check_parts(modifier, unescape(value))


def _check_parts(modifier: str, value: str) -> None:
    if value[:4].lower() == "urn:" and "|" not in value:
        raise ValueError(f"a URN has no parts: what :{modifier} follows is the path of a URL")


def split_escaped(value: str, separator: str) -> list[str]:
    """Split at a separator that no backslash escapes; escapes stay for the next reader."""
    parts, current, escaped = [], "", False
    for char in value:
        if char == separator and not escaped:
            parts.append(current)
            current = ""
        else:
            current += char
        escaped = char == "\\" and not escaped
    return [*parts, current]


def escape(text: str) -> str:
    """A text as one part of a search value (R4 search.html, escaping)."""
    for character in "\\,|$":
        text = text.replace(character, f"\\{character}")
    return text


def unescape(value: str) -> str:
    r"""Undo R4's escapes: ``\,`` ``\|`` ``\$`` ``\\``."""
    return re.sub(r"\\([,|$\\])", r"\1", value)


def is_id(text: str) -> bool:
    """Whether it has the form of a logical id."""
    return _ID.fullmatch(text) is not None


def split_prefix(value: str) -> tuple[str, str]:
    """The comparison prefix (``eq`` where none is given) and the rest."""
    match = _PREFIX.match(value)
    return (match[1], value[2:]) if match else ("eq", value)


def date_value(value: str, zone: ZoneInfo) -> tuple[str, dates.Range]:
    """A prefix and the range of a date.

    Raises:
        ValueError: it is not a date.
    """
    prefix, text = split_prefix(value)
    # In a query a plus sign often arrives as the space that it stands for.
    text = re.sub(r" (?=\d\d:\d\d$)", "+", text)
    try:
        return prefix, dates.parse_range(text, zone)
    except ValueError as error:
        raise ValueError(
            "a date is written 2024, 2024-05, 2024-05-17 or 2024-05-17T09:30:00Z, after "
            "a prefix such as ge where wanted"
        ) from error


def token_value(value: str) -> TokenValue:
    """A token.

    Raises:
        ValueError: it has more than one bar, or nothing to look for.
    """
    parts = [unescape(part) for part in split_escaped(value, "|")]
    if len(parts) > 2:
        raise ValueError("a token is written code, system|code, |code or system|")
    if len(parts) == 1:
        if not parts[0]:
            raise ValueError("a token is written code, system|code, |code or system|")
        return TokenValue(None, parts[0])
    system, code = parts
    if not system and not code:
        raise ValueError("a token is written code, system|code, |code or system|")
    return TokenValue(system, code or None)


def of_type_value(value: str) -> tuple[str, str, str]:
    """The type's system, the type's code and the identifier's value.

    Raises:
        ValueError: it has not three parts.
    """
    parts = [unescape(part) for part in split_escaped(value, "|")]
    if len(parts) != 3 or not all(parts):
        raise ValueError("an :of-type value is written system|code|value")
    return parts[0], parts[1].casefold(), parts[2]


def reference_addresses(
    value: str,
    modifier: str | None,
    targets: tuple[str, ...],
    base_url: str,
    *,
    only: bool = False,
) -> list[str]:
    """The addresses that a reference value stands for: one, or one per type for a bare id.

    Args:
        value: ``id``, ``Type/id``, an absolute address, or a canonical.
        modifier: a type's name (``subject:Patient=23``) or None.
        targets: the served types that the parameter may refer to.
        base_url: the server's own address.
        only: whether the parameter counts references to these types alone.
    """
    text = unescape(value)
    if modifier is not None:
        targets = (modifier,)
    if is_id(text):
        # A canonical or a relative name may look like an id: both readings are looked for.
        return [f"{target}/{text}" for target in targets] + ([text] if modifier is None else [])
    target = target_of(text, base_url)
    if target is None or (modifier is not None and target.type != modifier):
        return []
    if only and target.type is not None and target.type not in targets:
        return []
    return [target.address]


def composite_value(value: str) -> tuple[str, str]:
    """The two values of a composite, whose own escapes stay.

    Raises:
        ValueError: they are not two.
    """
    parts = split_escaped(value, "$")
    if len(parts) != 2 or not all(parts):
        raise ValueError("two values that belong together are written first$second")
    return parts[0], parts[1]


def near_value(value: str) -> Near:
    """A place and how far around it (R4 location.html: latitude|longitude|distance|units).

    Raises:
        ValueError: it is not on the globe, or the unit is none of length.
    """
    parts = [unescape(part).strip() for part in split_escaped(value, "|")]
    parts += [""] * (4 - len(parts))
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in (*parts[:2], parts[2] or "0")):
        raise ValueError("a place is written latitude|longitude|distance|units: 53.7|-1.8|5|km")
    latitude, longitude, distance = (float(part or NEAR_KM) for part in parts[:3])
    unit = _KILOMETRES.get(parts[3] or "km")
    if unit is None:
        raise ValueError(f"a distance is in one of {', '.join(_KILOMETRES)}")
    if abs(latitude) > 90 or abs(longitude) > 180 or distance < 0:
        raise ValueError("latitude is -90 to 90, longitude -180 to 180, distance 0 or more")
    return Near(latitude, longitude, min(distance * unit, 1e9))


def quantity_value(value: str, *, with_unit: bool) -> QuantityValue:
    """A number or quantity with R4's implicit precision: 5.4 is [5.35, 5.45).

    Of a power of ten R4 gives [95, 105) for 1e2, a tenth of the last digit that is written.

    Raises:
        ValueError: it is not a number, or its unit has too many parts.
    """
    prefix, text = split_prefix(value)
    parts = [unescape(part) for part in split_escaped(text, "|")]
    if not _NUMBER.fullmatch(parts[0]):
        raise ValueError("a number is written 5.4, after a prefix such as ge where wanted")
    if len(parts) > 1 and not with_unit:
        raise ValueError("this is a plain number without unit")
    if len(parts) not in (1, 3):
        raise ValueError("a quantity is written number or number|system|code")
    number = Decimal(parts[0])
    exponent = int(number.as_tuple().exponent)
    half = Decimal(5).scaleb(exponent - (2 if exponent > 0 else 1))
    system, code = (parts[1] or None, parts[2] or None) if len(parts) == 3 else (None, None)
    return QuantityValue(prefix, number, number - half, number + half, system, code)
