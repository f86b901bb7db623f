"""Once a week a hub is told whose sheet to print: asked on paper, and something waits for them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from services.notifications.hours import SheetDays
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER, House

DAYS = SheetDays(ZoneInfo("Europe/London"), of_hubs={"aire": 5})


@pytest.mark.parametrize(
    ("hub", "at", "struck"),
    [
        ("calder", "2026-11-30T07:00", "2026-11-30T07:00"),
        ("calder", "2026-11-30T06:59", "2026-11-23T07:00"),
        ("calder", "2026-12-06T23:59", "2026-11-30T07:00"),
        ("aire", "2026-11-30T12:00", "2026-11-27T07:00"),
        (None, "2026-07-06T06:30", "2026-07-06T06:00"),
    ],
)
def test_the_hour_strikes_once_a_week_on_a_hubs_day(hub: str | None, at: str, struck: str) -> None:
    last = DAYS.last(hub, datetime.fromisoformat(f"{at}+00:00"))
    assert last.astimezone(UTC) == datetime.fromisoformat(f"{struck}+00:00")


def listed(client: TestClient, who: dict[str, str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/notifications/sheets", headers=who).json()[
        "sheets"
    ]
    return found


def test_a_sheet_is_due_until_it_was_brought_and_only_where_something_waits(house: House) -> None:
    scopes = "notifications.read notifications.write"
    ours = house.verifier.add("ours", roles="coordinator", scopes=scopes, organisation=HUB)
    other = house.verifier.add("other", roles="coordinator", scopes=scopes, organisation=OTHER_HUB)
    client = TestClient(house.app)
    house.contact(means="paper", address="Canal House")
    assert listed(client, ours) == []
    house.ask()
    assert listed(client, ours) == [], "what came since then is for the next week"
    house.execute("update delivery set created = created - interval '8 days'")
    house.ask()
    for _ in range(2):
        (sheet,) = listed(client, ours)
        assert (sheet["party"], sheet["waiting"]) == (str(PROVIDER), 2)
    assert client.get("/notifications/waiting", headers=ours).json()["sheets"] == 1
    assert listed(client, other) == []
    for call in client.get("/notifications/calls", headers=ours).json()["calls"]:
        client.post(f"/notifications/calls/{call['id']}/done", headers=ours)
    assert listed(client, ours) == []


def test_who_is_rung_has_no_sheet(house: House) -> None:
    ours = house.verifier.add(
        "ours", roles="coordinator", scopes="notifications.read", organisation=HUB
    )
    house.contact(means="phone", address="01422 496 0123")
    house.ask()
    house.execute("update delivery set created = created - interval '8 days'")
    assert listed(TestClient(house.app), ours) == []
