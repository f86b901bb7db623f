"""What each service's OpenAPI document says of its answers holds, for good input and for bad."""

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of its own imports
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.result import Ok
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

from tests.bad_input.door import all_services, token
from tests.infrastructure.postgres import NewDatabase

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ASKED_BY = {
    "/identity": None,
    "/directory": "coordinator",
    "/referrals": "link-worker",
    "/notifications": "coordinator",
}
"""Who asks, so that requests get beyond the token."""

EXAMPLES = 4
"""Of each operation; with about eighty operations that is some three hundred requests."""

PARTS = 4
"""Into which a service's operations are dealt, so that no one test takes long."""


@pytest.fixture(scope="module")
def url(module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory):
    """Services of its own: what is taken here would be in the way elsewhere."""
    with all_services(module_database, tmp_path_factory.mktemp("mail")) as (address, _):
        yield address


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("prefix", ASKED_BY)
def test_every_operation_answers_as_it_is_described(url: str, prefix: str, part: int):
    schema = schemathesis.openapi.from_url(f"{url}{prefix}/openapi.json")
    by = ASKED_BY[prefix]
    headers = {"Authorization": f"Bearer {token(by)}"} if by else {}
    asked = 0
    for found in list(schema.get_all_operations())[part::PARTS]:
        assert isinstance(found, Ok), "the document itself is faulty"
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(headers=headers, timeout=60)
            case.validate_response(answer, checks=CHECKS)

        ask()
    assert asked
