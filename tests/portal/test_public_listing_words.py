"""What a public listing says, told to a hub's coordinator as a person would tell it."""

from typing import Any

import pytest

from services.portal.hub import words


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"option": "A session", "currency": "GBP", "amount": 2}, "A session: £2.00"),
        ({"option": "A session", "currency": "GBP", "amount": 0}, "A session: Free"),
        ({"currency": "GBP", "amount": 3.5}, "£3.50"),
        ({"currency": "EUR", "amount": 3, "amount_description": "or less"}, "3.00 EUR, or less"),
        ({"option": "Bring what you can", "currency": "GBP"}, "Bring what you can"),
    ],
)
def test_what_a_service_costs_is_an_amount_of_money(option: dict[str, Any], told: str) -> None:
    assert words.brief([{"id": "7", "service_id": "8"} | option]) == told
