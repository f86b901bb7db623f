"""What a machine cannot offer, told with the reason."""

import os
from typing import NoReturn

import pytest


class Absent(Exception):
    """A part that the tests need is not to be had; the message names each way tried."""


def give_up(absent: Absent) -> NoReturn:
    """Skip with the reason; where CI is set, fail: a green run there has left nothing out."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"CI=true, and {absent}", pytrace=False)
    pytest.skip(str(absent))
