"""What is above and below a canonical URL (FHIR R4 search.html, uri and reference).

Without a version both follow the path of the URL, as of any uri, whichever versions are referred
to. With one they follow its parts: ``url|2`` has ``url|2.1`` below it, and that has ``url|2`` above
it. A reference without a version is to all of them, and so neither.
"""

from __future__ import annotations

from shared.fhir.search.parameters import SearchParam


def is_versioned(param: SearchParam) -> bool:
    """Whether its values are canonical URLs, which may have a version behind them."""
    return bool(param.paths) and all(path.datatype == "canonical" for path in param.paths)


def above(value: str) -> list[str]:
    """A canonical and those above it, nearest first."""
    url, bar, version = value.partition("|")
    if bar:
        parts = version.split(".")
        return [f"{url}|{'.'.join(parts[:n])}" for n in range(len(parts), 0, -1)]
    return [each for each in (url, *_paths(url)) if each]


def below(value: str) -> tuple[str, ...]:
    """With what those below a canonical begin; it is below itself too."""
    if "|" in value:
        return (f"{value}.",)
    return *below_path(value), f"{value}|"


def below_path(url: str) -> tuple[str, ...]:
    """With what those below a plain URL begin: whole segments of its path. ``/needs`` has
    ``/needs/short`` below it, and not ``/needs-of-carers``."""
    return (f"{url.rstrip('/')}/",)


def _paths(url: str) -> list[str]:
    cuts = [n for n, char in enumerate(url) if char == "/"]
    return [each for n in reversed(cuts) for each in (url[: n + 1], url[:n])]
