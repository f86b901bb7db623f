"""What has an order, compared with the rows that keep it: dates, numbers, places, text."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from shared.fhir.search import dates
from shared.fhir.search.canonicals import below, below_path, is_versioned
from shared.fhir.search.comparing import date_range, either, every, moment, near, number_range
from shared.fhir.search.entry import STRING_LIMIT
from shared.fhir.search.folding import fold
from shared.fhir.search.parameters import SearchParam
from shared.fhir.search.request import Filter
from shared.fhir.search.values import (
    QuantityValue,
    date_value,
    near_value,
    quantity_value,
    unescape,
)

_HIGHEST = "\U0010ffff"


class TypedRows:
    """Writes the comparisons of one statement.

    Args:
        bind: makes a bound parameter of a client's own text.
        zone: what a date without zone means.
    """

    def __init__(self, bind: Callable[[str], str], zone: ZoneInfo) -> None:
        self._bind = bind
        self._zone = zone

    def compared(self, param: SearchParam, modifier: str | None, value: str) -> str:
        """How one value compares with a row ``x`` of a parameter or pair."""
        match param.type:
            case "date":
                return date_range(date_value(value, self._zone), "x.low", "x.high")
            case "quantity" | "number":
                return self._quantity(quantity_value(value, with_unit=param.type == "quantity"))
            case "special":
                return near(near_value(value))
            case _:
                return self._string(param, modifier, value)

    def measured(self, param: SearchParam, value: str) -> str:
        """A row ``x`` of a quantity; in whichever unit, where its unit has multiples."""
        key = param.base_key if self.has_base(value) else param.key
        return every([f"x.param = {key}", self.compared(param, None, value)])

    def has_base(self, value: str) -> bool:
        """Whether a quantity is compared in the unit that its unit is a multiple of."""
        return quantity_value(value, with_unit=True).in_base() is not None

    def _string(self, param: SearchParam, modifier: str | None, value: str) -> str:
        text = unescape(value)
        if modifier == "below":
            same = f"x.value = {self._bind(text[:STRING_LIMIT])}"
            begun = below(text) if is_versioned(param) else below_path(text)
            return either([same, *(self.begins(each) for each in begun)])
        folded = text if param.type == "uri" else fold(text)
        if modifier == "contains":
            folded = folded[:STRING_LIMIT]
            pattern = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return f"x.value LIKE {self._bind(f'%{pattern}%')}"
        return self.begins(folded)

    def begins(self, folded: str) -> str:
        """A row ``x`` of folded text that begins with another."""
        begin = folded[:STRING_LIMIT]
        return f"x.value >= {self._bind(begin)} AND x.value < {self._bind(begin + _HIGHEST)}"

    def _quantity(self, asked: QuantityValue) -> str:
        wanted = asked.in_base() or asked
        found = [number_range(wanted)]
        if wanted.system is not None:
            found.append(f"x.system = {self._bind(wanted.system)}")
            if wanted.code is not None:
                found.append(f"x.code = {self._bind(wanted.code)}")
        elif wanted.code is not None:
            found.append(f"{self._bind(wanted.code)} IN (x.code, x.unit)")
        return every(found)

    def main_date(self, condition: Filter, alias: str) -> str:
        """The same for the type's main date, which stands in the search row itself."""
        low, high = f"{alias}.sorted_at", f"{alias}.sorted_until"
        values = [date_range(date_value(v, self._zone), low, high) for v in condition.values]
        return f"{either(values)} AND {high} > {moment(dates.BEGINNING)}"
