"""What a page offers to share with a service: no way to the person that is not safe (care 12)."""

from typing import Any

import pytest

from services.portal.cases.asking import shareable
from services.portal.cases.people import person_of

PERSON = person_of(
    {
        "resourceType": "Patient",
        "name": [{"text": "Kath Feather"}],
        "telecom": [
            {"system": "phone", "value": "07700 900222"},
            {"system": "email", "value": "kath@feather.example"},
        ],
        "address": [{"text": "3 Mill Row, Shipley BD18 3QX"}],
    }
)
WAYS = {"phone": "phone", "email": "email", "post": "address"}


def noted(channel: str, safe: str, value: str = "") -> dict[str, Any]:
    return {"contacts": [{"channel": channel, "safe": safe, "said": [{"value": value}]}]}


@pytest.mark.parametrize("channel", WAYS)
def test_a_way_that_is_not_safe_is_not_among_what_can_be_shared(channel: str):
    everything = set(shareable(PERSON, None))
    assert everything >= set(WAYS.values())
    assert set(shareable(PERSON, noted(channel, "no"))) == everything - {WAYS[channel]}


@pytest.mark.parametrize("channel", WAYS)
@pytest.mark.parametrize("safe", ["yes", "unknown"])
def test_what_was_noted_comes_before_what_was_sent(channel: str, safe: str):
    offered = shareable(PERSON, noted(channel, safe, "as they said"))
    assert offered[WAYS[channel]] == "as they said"
    assert shareable(PERSON, noted(channel, safe)) == shareable(PERSON, None)
