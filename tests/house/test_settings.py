"""Every setting is named where an operator looks for it."""

import re
from pathlib import Path

import pytest

from deploy.services import SERVICES
from deploy.settings import OperatorSettings

ROOT = Path(__file__).parents[2]
WHERE = (".env.example", "docs/guides/operator.md")


def settings() -> list[str]:
    """The environment variable of each field of the services' and the command's settings."""
    classes = [service.compose().settings for service in SERVICES] + [OperatorSettings]
    return sorted({f"KERSEY_{name.upper()}" for each in classes for name in each.model_fields})


@pytest.mark.parametrize("name", settings())
def test_a_setting_is_told_to_operators(name: str) -> None:
    told = "\n".join((ROOT / where).read_text("utf-8") for where in WHERE)

    assert re.search(rf"\b{name}(__|\b)", told), f"name it in one of {', '.join(WHERE)}"
