"""Refusals that are met outside any route, in the form of whoever reads them: FHIR, a page."""

from collections.abc import Callable, Mapping

from starlette.responses import Response

from shared.problems import Problem

Refuse = Callable[[Problem], Response]
"""Words a refusal for those who read it: FHIR, or a page."""


class Refusals:
    """Makes the answer of a refusal, by where it was met.

    Args:
        by_prefix: of the path, who words a refusal; a problem (RFC 9457) elsewhere.
    """

    def __init__(self, by_prefix: Mapping[str, Refuse] | None = None) -> None:
        self._by_prefix = dict(by_prefix or {})

    def answer(self, path: str, problem: Problem) -> Response:
        """The answer, in the form that is understood at this path."""
        for prefix, refuse in self._by_prefix.items():
            if path == prefix or path.startswith(f"{prefix.rstrip('/')}/"):
                return refuse(problem)
        return problem.response()
