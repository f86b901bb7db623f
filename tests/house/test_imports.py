"""Who imports whom, where the contracts of import-linter cannot say it."""

import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "services", "deploy")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(*PACKAGES, include_external_packages=True)


def domain_modules() -> list[str]:
    """Each service's `domain.py`, or the modules of its `domain/`."""
    paths = [*ROOT.glob("services/*/domain.py"), *ROOT.glob("services/*/domain/**/*.py")]
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
    )


@pytest.mark.parametrize("module", domain_modules())
def test_a_domain_knows_the_standard_library_and_the_events_only(graph, module):
    own = module.rpartition(".domain")[0] + ".domain"
    foreign = {
        imported
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.partition(".")[0] not in sys.stdlib_module_names
        and not imported.startswith(("shared.messaging.events", own))
    }
    assert foreign == set()


def test_the_environment_is_read_in_settings_alone():
    readers = [
        str(path.relative_to(ROOT))
        for package in ("shared", "services")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "settings.py"
        and any(word in path.read_text() for word in ("os.environ", "getenv("))
    ]
    assert readers == []
