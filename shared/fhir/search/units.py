"""Units of UCUM that measure the same: 5.4 mg is found as 0.0054 g (R4 search.html, quantity).

R4 leaves it to the server which units it turns into others. These are multiples of one unit each;
temperatures, which begin at different points, and units of no common measure are compared as they
are written. Factors are UCUM's own.
"""

from __future__ import annotations

from decimal import Decimal

UCUM = "http://unitsofmeasure.org"

_MULTIPLES: dict[str, dict[str, str]] = {
    "g": {"kg": "1e3", "g": "1", "mg": "1e-3", "ug": "1e-6", "ng": "1e-9",
          "[oz_av]": "28.349523125", "[lb_av]": "453.59237", "[stone_av]": "6350.29318"},
    "m": {"km": "1e3", "m": "1", "cm": "1e-2", "mm": "1e-3", "um": "1e-6", "[in_i]": "0.0254",
          "[ft_i]": "0.3048", "[yd_i]": "0.9144", "[mi_i]": "1609.344"},
    "L": {"L": "1", "l": "1", "dL": "1e-1", "cL": "1e-2", "mL": "1e-3", "uL": "1e-6"},
    "s": {"ms": "1e-3", "s": "1", "min": "60", "h": "3600", "d": "86400", "wk": "604800",
          "mo": "2629800", "a": "31557600"},
    "Pa": {"Pa": "1", "hPa": "1e2", "kPa": "1e3", "mm[Hg]": "133.322"},
    "J": {"J": "1", "kJ": "1e3", "cal": "4.184", "kcal": "4184"},
    "mol": {"mol": "1", "mmol": "1e-3", "umol": "1e-6"},
    "mol/L": {"mol/L": "1", "mmol/L": "1e-3", "umol/L": "1e-6", "nmol/L": "1e-9"},
    "g/L": {"g/L": "1", "g/dL": "10", "mg/dL": "1e-2", "mg/L": "1e-3", "mg/mL": "1",
            "ug/mL": "1e-3"},
    "1": {"1": "1", "%": "1e-2"},
}  # fmt: skip

_FACTORS = {
    code: (base, Decimal(factor))
    for base, multiples in _MULTIPLES.items()
    for code, factor in multiples.items()
}


def base_of(system: str | None, code: str | None) -> tuple[str, Decimal] | None:
    """The unit that a unit is a multiple of, and how many times; None for others."""
    return _FACTORS.get(code or "") if system == UCUM else None
