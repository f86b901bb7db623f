"""The OpenAPI document of a service, which says of each operation what it answers."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, FastAPI

from shared import problems

_ADDED_BY_FASTAPI = "HTTPValidationError"
"""The schema of answers that no service gives: `problems.install` words them otherwise."""


class DescribedApp(FastAPI):
    """An app whose document names no answer that it does not give."""

    def openapi(self) -> dict[str, Any]:
        """The document, without the 422 that FastAPI adds to whatever has a parameter."""
        schema = super().openapi()
        for path in schema.get("paths", {}).values():
            for operation in path.values():
                answers = operation["responses"]
                if _ADDED_BY_FASTAPI in str(answers.get("422")):
                    del answers["422"]
        for name in (_ADDED_BY_FASTAPI, "ValidationError"):
            schema.get("components", {}).get("schemas", {}).pop(name, None)
        return schema


def also(answers: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """What an operation answers beside its usual status, for `responses` of its route.

    Args:
        answers: what each other status says.
    """
    body: dict[str, Any] = {"application/json": {"schema": {}}}
    return {status: {"description": said, "content": body} for status, said in answers.items()}


def described(router: APIRouter) -> dict[int | str, dict[str, Any]]:
    """What is said of the refusals of ``router``: problems, where its routes say nothing.

    Those of FHIR say of each operation how it fails, in another form.
    """
    itself = any(500 in getattr(route, "responses", {}) for route in router.routes)
    return {} if itself else problems.DESCRIBED
