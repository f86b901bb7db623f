"""fhir-kit-client, @medplum/core and fhirclient, each in a script that uses it as documented."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.clients.conftest import Registered
from tests.clients.scripts import Ran, run, steps

pytestmark = pytest.mark.timeout(400)  # whichever comes first starts Kersey

SCRIPTS = ("fhir_kit_client.mjs", "medplum.mjs", "fhirclient_js.mjs")


@pytest.fixture(scope="module")
def running_script(
    registering: Callable[[str], Registered], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Ran]:
    """`running_script(name)` runs it, the first time."""
    folder: Path = tmp_path_factory.mktemp("reports")

    @cache
    def ran(script: str) -> Ran:
        who = registering(script.removesuffix(".mjs"))
        return run(script, folder / f"{script}.xml", KERSEY_CLIENT=who.as_json())

    return ran


@pytest.mark.parametrize(
    ("script", "step"), [(script, step) for script in SCRIPTS for step in steps(script)]
)
def test_the_client(running_script: Callable[[str], Ran], script: str, step: str):
    running_script(script).check(step)
